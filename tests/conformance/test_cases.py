"""The twelve behaviours written as cases: every language passes them on every host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wasmnb import cases
from wasmnb.cases import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = cases.load(Path(__file__).with_name("obedient.wasmtest.yaml"))


@pytest.fixture(scope="package", params=["envoy", "emulator"])
def runner(request: pytest.FixtureRequest) -> Iterator[cases.Runner]:
    with cases.Runner(request.param) as running:
        yield running


def test_the_twelve_behaviours(runner: cases.Runner, language: str, obedient) -> None:
    suite = SUITE
    if (language, runner.host) == ("go", cases.HostName.ENVOY):
        # Each case has a VM of its own, and Envoy compiles a Go module for seconds: the other suite has them all.
        suite = replace(SUITE, cases=SUITE.cases[:3])
    results = runner.run(suite, obedient)
    assert len(results) == len(suite.cases)
    assert [(one.name, one.why) for one in results if one.mark is not Mark.PASSED] == []
    assert {one.host for one in results} == {runner.host.value}
