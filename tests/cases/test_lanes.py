"""A long suite runs in several Envoys side by side: in its order, and ended at once by what goes wrong."""

from __future__ import annotations

import os
import threading
import time

import psutil
import pytest

from tests.cases.filters import faulty
from wasmnb import cases
from wasmnb.cases import Mark
from wasmnb.cases.lanes import side_by_side

LONG = "test:\n" + "".join(
    f"- {{name: 'case {n}', request: GET /{n}, request_headers: {{result: {{log: [{{exact: asked for /{n}}}]}}}}}}\n"
    for n in range(16)
)


def envoys() -> int:
    return sum("envoy" in one.name() for one in psutil.Process().children(recursive=True))


@pytest.mark.compiler
@pytest.mark.envoy
def test_a_long_suite_runs_in_two_envoys_and_its_results_keep_their_order(monkeypatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    before = envoys()
    with cases.Runner("envoy") as runner:
        results = runner.run(cases.read(LONG), faulty())
        assert envoys() - before == 2
    assert envoys() == before
    assert [(one.name, one.mark, one.why) for one in results] == [(f"case {n}", Mark.PASSED, "") for n in range(16)]


def test_what_one_thread_raises_ends_the_others_and_reaches_the_caller() -> None:
    done = []

    def bad(piece: int) -> None:
        raise ValueError(piece)

    def good(piece: int) -> None:
        time.sleep(0.01)
        done.append(piece)

    with pytest.raises(ValueError, match=r"\d"):
        side_by_side(range(1000), good, [bad], lambda: None)
    assert len(done) < 1000


def test_an_interrupt_cuts_the_others_short() -> None:
    begun, stopped = threading.Event(), threading.Event()

    def interrupted(_: int) -> None:
        begun.wait(10)
        raise KeyboardInterrupt

    def other(_: int) -> None:
        begun.set()
        assert stopped.wait(10)

    with pytest.raises(KeyboardInterrupt):
        side_by_side(range(100), interrupted, [other], stopped.set)
