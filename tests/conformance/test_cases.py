"""The twelve behaviours written as cases: every language passes them on every host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wasmnb import cases
from wasmnb.cases import Mark
from wasmnb.cases.hosts import envoy

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = cases.load(Path(__file__).with_name("obedient.wasmtest.yaml"))


@pytest.fixture(scope="package", params=["envoy"])
def runner(request: pytest.FixtureRequest) -> Iterator[cases.Runner]:
    with cases.Runner(request.param) as running, pytest.MonkeyPatch.context() as patch:
        # Envoy needs seconds for the code of a Go module, on a busy machine.
        patch.setattr(envoy, "PATIENCE", 90.0)
        yield running


def test_the_twelve_behaviours(runner: cases.Runner, language: str, obedient) -> None:
    results = runner.run(SUITE, obedient)
    assert len(results) == 13
    assert [(one.name, one.why) for one in results if one.mark is not Mark.PASSED] == []
    assert {one.host for one in results} == {runner.host.value}
