"""Requests of our own, which an Envoy counts with those of others: how many of its counts they are."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

__all__ = ["OwnRequests", "between_own"]

_T = TypeVar("_T")

_PATIENCE, _STEP = 2.0, 0.02  # seconds that a moment is waited for in which none is under way, and between looks


class OwnRequests:
    """How many answers of an Envoy were to requests of our own, by its process and by status class.

    Several threads send them.
    """

    def __init__(self) -> None:
        self._counts: dict[Hashable, Counter[str]] = {}
        self._under_way = self._ended = 0
        self._lock = threading.Lock()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Take in that requests are under way in the block, in which the answers are counted, too."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._ended += 1

    def add(self, process: Hashable, status: int) -> None:
        """Count an answer of a process."""
        with self._lock:
            self._counts.setdefault(process, Counter())[str(status)[0]] += 1

    def of(self, process: Hashable) -> Mapping[str, int]:
        """Give the counts of a process."""
        with self._lock:
            return dict(self._counts.get(process, {}))

    @property
    def moment(self) -> int | None:
        """Another number whenever some have ended; None while some are under way."""
        with self._lock:
            return None if self._under_way else self._ended


def between_own(owns: Sequence[OwnRequests], read: Callable[[Sequence[int]], Sequence[_T]]) -> list[_T]:
    """Read what Envoys count, each while no request of our own is under way: it may be counted there and not here yet.

    Of an Envoy that is asked all the time, it is what was read last.

    Parameters
    ----------
    owns : sequence of OwnRequests
        Of each Envoy.
    read : callable
        Given places in that sequence, gives what is read there, the own counts with it.
    """
    found: dict[int, _T] = {}
    deadline = time.monotonic() + _PATIENCE
    while len(found) < len(owns):
        late = time.monotonic() >= deadline
        moments = {at: own.moment for at, own in enumerate(owns) if at not in found}
        ready = [at for at, moment in moments.items() if late or moment is not None]
        pages = zip(ready, read(ready) if ready else (), strict=True)
        found |= {at: page for at, page in pages if late or owns[at].moment == moments[at]}
        if len(found) < len(owns):
            time.sleep(_STEP)
    return [found[at] for at in range(len(owns))]
