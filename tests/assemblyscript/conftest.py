"""The compiler, ended after the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sdk.upstream import Upstream
from wasmnb.compile import Filter
from wasmnb.compile.assemblyscript.toolchain import AssemblyScriptToolchain
from wasmnb.compile.languages import toolchain
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator


def as_filter(source: str, **options: object) -> Filter:
    return Filter("tested", source, language="assemblyscript", **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def compiler() -> Iterator[AssemblyScriptToolchain]:
    """Give the toolchain, with its packages; they stay in the user's cache, because the network is slow."""
    found = toolchain("assemblyscript")
    assert isinstance(found, AssemblyScriptToolchain)
    try:
        found.prepare()
    except ToolchainError as error:
        pytest.skip(str(error))
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _compiler(compiler: AssemblyScriptToolchain) -> None:
    """Skip what needs the compiler where there is none."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running
