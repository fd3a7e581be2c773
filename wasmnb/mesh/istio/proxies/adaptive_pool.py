"""Threads that wait for others, as many of them at a time as keep the interpreter busy."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["AdaptivePool"]

_FEW = 4
"""Threads that begin, where there is work for more than there are threads."""
_BUSY = 0.5
"""A share of a processor, of the one that an interpreter uses: above, more threads hardly do more."""
_PERIOD = 0.03  # seconds over which that is taken, at least

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class AdaptivePool:
    """Does the same for many things, several at a time.

    Threads that all have something to do take the interpreter from each other at each call of the system: 32 of them
    spend a third of the time on that. Where they mostly wait, all of them are needed. So few begin, and there are twice
    as many as long as they leave the processor idle.

    Parameters
    ----------
    most : int
        Threads.
    name : str
        What they are called.
    clock : callable
        Gives seconds.
    spent : callable
        Gives the processor time that the calling thread has taken.
    """

    def __init__(
        self,
        most: int,
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._most = most
        self._clock = clock
        self._spent = spent
        self._lock = threading.Lock()
        self._closed = False
        self._threads = ThreadPoolExecutor(most, thread_name_prefix=name)

    def close(self) -> None:
        """End the threads; what has not been begun is not done."""
        with self._lock:
            self._closed = True
            self._threads.shutdown(wait=False, cancel_futures=True)

    def map(self, work: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
        """Give what comes of each, in their order; what one raises ends all.

        Raises
        ------
        concurrent.futures.CancelledError
            The pool was closed meanwhile.
        """
        todo = deque(enumerate(items))
        found: dict[int, _Out] = {}
        since, busy = self._clock(), 0.0
        crew: list[Future[None]] = []

        def add(count: int) -> None:
            if not self._closed:
                crew.extend(self._threads.submit(run) for _ in range(min(count, self._most - len(crew), len(todo))))

        def did(seconds: float) -> None:
            nonlocal since, busy
            with self._lock:
                busy += seconds
                now = self._clock()
                if now - since >= _PERIOD and busy < _BUSY * (now - since):
                    add(len(crew))
                    since, busy = now, 0.0

        def run() -> None:
            while not self._closed and (one := _next(todo)) is not None:
                before = self._spent()
                try:
                    found[one[0]] = work(one[1])
                except BaseException:
                    todo.clear()
                    raise
                did(self._spent() - before)

        try:
            with self._lock:
                add(len(todo) if len(todo) <= self._most else _FEW)
            # One that adds others is here itself until it has.
            for each in crew:
                each.result()
        finally:
            todo.clear()
        if len(found) < len(items):
            raise CancelledError
        return [found[at] for at in range(len(items))]


def _next(todo: deque[_In]) -> _In | None:
    try:
        return todo.popleft()
    except IndexError:
        return None
