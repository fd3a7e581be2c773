"""A cache for the whole run, with what Go compiles once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sdk import harness
from tests.sdk.upstream import Upstream
from wasmnb.compile import Filter
from wasmnb.compile.go import compiler
from wasmnb.compile.go.toolchain import GoToolchain
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator


def go_filter(source: str, **options: object) -> Filter:
    return Filter("tested", source, language="go", **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def go() -> compiler.Go:
    """Give the compiler, with SDK and runtime ready; they stay in the user's cache, because the network is slow."""
    try:
        found = compiler.find()
        GoToolchain().prepare()
    except ToolchainError as error:
        pytest.skip(str(error))
    return found


@pytest.fixture(autouse=True)
def _go(go: compiler.Go) -> None:
    """Skip what needs a compiler where there is none."""


@pytest.fixture(scope="module")
def patient() -> Iterator[None]:
    """Let Envoy take the seconds that it needs for the code of a Go module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness, "DEADLINE", 60.0)
        yield


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running
