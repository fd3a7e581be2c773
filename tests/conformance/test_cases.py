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
    # Each case has a VM of its own, and Envoy compiles a Go module for seconds.
    suite = in_a_row(SUITE) if (language, runner.host) == ("go", cases.HostName.ENVOY) else SUITE
    results = runner.run(suite, obedient)
    assert len(results) == len(suite.cases)
    assert sum(len(one.streams) for one in suite.cases) == sum(len(one.streams) for one in SUITE.cases)
    assert [(one.name, one.why) for one in results if one.mark is not Mark.PASSED] == []
    assert {one.host for one in results} == {runner.host.value}


def in_a_row(suite: cases.Suite) -> cases.Suite:
    """Have one VM do what several cases ask for, but for the one that counts requests."""
    counts = next(one for one in suite.cases if one.outcome and one.outcome.metrics)
    others = [one for one in suite.cases if one is not counts]
    called = next(one for one in others if one.outcome and one.outcome.calls)
    streams = tuple(stream for one in others for stream in one.streams)
    answers = tuple(answer for one in others for answer in one.callouts.get("http", ()))
    one = replace(called, name="in a row", streams=streams, callouts={"http": answers})
    return replace(suite, cases=(one, counts))
