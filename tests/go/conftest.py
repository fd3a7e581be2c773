"""A cache for the whole run, with what Go compiles once; and one proxy with the filter that does as it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.go.behaviours import CONFIGURATION
from tests.sdk import harness
from tests.sdk.upstream import Upstream
from wasmnb.build import Filter
from wasmnb.build.go import compiler
from wasmnb.build.go.toolchain import GoToolchain
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.module import Module

HERE = Path(__file__).parent
TEMPLATE = HERE.parents[1] / "wasmnb" / "build" / "templates" / "go" / "add_header.go"


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


@pytest.fixture(scope="module")
def obedient(go: compiler.Go) -> Module:
    return go_filter((HERE / "obedient.go").read_text(encoding="utf-8"), first_line=2).build()


@pytest.fixture(scope="module")
def proxy(
    obedient: Module, upstream: Upstream, patient: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[harness.Proxy]:
    plugin = harness.Plugin(obedient, config=CONFIGURATION)
    with harness.Proxy(tmp_path_factory.mktemp("go"), upstream, http=[plugin]) as running:
        yield running
