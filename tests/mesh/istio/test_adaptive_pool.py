"""How many threads look at many proxies: few while they are busy, all of them while they wait."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest

from wasmnb.mesh.istio.proxies.adaptive_pool import AdaptivePool

MOST, MANY = 16, 200


@pytest.fixture
def pool():
    made = []

    def pool(**options) -> AdaptivePool:
        made.append(AdaptivePool(MOST, "test", **options))
        return made[-1]

    yield pool
    for one in made:
        one.close()


def test_what_comes_of_each_is_given_in_order(pool):
    assert pool().map(lambda item: -item, range(MANY)) == [-item for item in range(MANY)]
    assert pool().map(lambda item: -item, ()) == []


def test_as_much_as_there_are_threads_is_done_at_once(pool):
    meeting = threading.Barrier(MOST, timeout=60)
    pool().map(lambda _: meeting.wait(), range(MOST))


def test_threads_that_wait_become_more_until_all_work(pool):
    ticks = iter(range(10**6))
    meeting = threading.Barrier(MOST, timeout=60)
    done = []

    def work(item: int) -> None:
        done.append(item)
        if len(done) > MANY - MOST:
            meeting.wait()

    pool(clock=lambda: float(next(ticks)), spent=lambda: 0.0).map(work, range(MANY))


def test_threads_that_leave_no_processor_idle_stay_few(pool):
    ticks, there = iter(range(10**6)), set()
    spent = threading.local()

    def busy() -> float:
        spent.seconds = getattr(spent, "seconds", 0) + 10**6
        return spent.seconds

    def work(_: int) -> None:
        there.add(threading.get_ident())

    pool(clock=lambda: float(next(ticks)), spent=busy).map(work, range(MANY))
    assert len(there) < MOST / 2


def test_what_one_raises_ends_all(pool):
    begun = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 20:
            raise KeyError(item)

    few = pool(spent=lambda: 0.0, clock=lambda: 0.0)
    with pytest.raises(KeyError, match="20"):
        few.map(work, range(10**5))
    assert len(begun) < 10**5
    assert few.map(lambda item: item, range(3)) == [0, 1, 2]


def test_what_was_not_begun_when_it_is_closed_is_not_done(pool):
    begun, ended = [], pool()

    def work(item: int) -> None:
        begun.append(item)
        ended.close()

    with pytest.raises(CancelledError):
        ended.map(work, range(MANY))
    assert len(begun) < MANY
