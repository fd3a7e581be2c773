"""The compiler, ended after the run; and one proxy with the filter that does as it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.go.behaviours import CONFIGURATION
from tests.sdk import harness
from tests.sdk.upstream import Upstream
from wasmnb.build import Filter
from wasmnb.build.assemblyscript.toolchain import AssemblyScriptToolchain
from wasmnb.build.toolchain import toolchain
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.module import Module

HERE = Path(__file__).parent
TEMPLATE = HERE.parents[1] / "wasmnb" / "build" / "templates" / "assemblyscript" / "add_header.ts"


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


@pytest.fixture(scope="module")
def obedient(compiler: AssemblyScriptToolchain) -> Module:
    return as_filter((HERE / "obedient.ts").read_text(encoding="utf-8"), first_line=2).build()


@pytest.fixture(scope="module")
def proxy(obedient: Module, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[harness.Proxy]:
    plugin = harness.Plugin(obedient, config=CONFIGURATION)
    with harness.Proxy(tmp_path_factory.mktemp("as"), upstream, http=[plugin]) as running:
        yield running
