"""One proxy per language, with the filter that does as it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance import languages
from tests.conformance.behaviours import CONFIGURATION
from tests.sdk import harness
from tests.sdk.upstream import Upstream
from wasmnb.compile.languages import toolchain
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.module import Module


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="package")
def _patient() -> Iterator[None]:
    """Let Envoy take the seconds that it needs for the code of a Go module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness, "DEADLINE", 60.0)
        yield


@pytest.fixture(scope="package", params=languages.SUFFIXES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give each language in turn, with its toolchain; what needs it is skipped where it cannot be had."""
    try:
        languages.prepare(request.param)
    except ToolchainError as error:
        pytest.skip(str(error))
    yield request.param
    if request.param == "assemblyscript":
        toolchain(request.param).close()  # type: ignore[attr-defined]


@pytest.fixture(scope="package")
def obedient(language: str) -> Module:
    return languages.obedient(language).build()


@pytest.fixture(scope="package")
def proxy(
    obedient: Module, upstream: Upstream, _patient: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[harness.Proxy]:
    plugin = harness.Plugin(obedient, config=CONFIGURATION)
    with harness.Proxy(tmp_path_factory.mktemp("conformance"), upstream, http=[plugin]) as running:
        yield running
