"""Many pieces of work side by side: the caller's thread and some others take one after the other."""

from __future__ import annotations

import threading
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["side_by_side"]

_Piece = TypeVar("_Piece")


class _Pieces(Generic[_Piece]):
    """What is still to be done; nothing more once one has failed."""

    def __init__(self, pieces: Iterable[_Piece]) -> None:
        self._left = deque(pieces)
        self._failed: list[BaseException] = []

    def work(self, do: Callable[[_Piece], None]) -> None:
        while True:
            try:
                piece = self._left.popleft()
            except IndexError:
                return
            do(piece)

    def guarded(self, do: Callable[[_Piece], None]) -> None:
        """Work in a thread, whose failure the caller is told of."""
        try:
            self.work(do)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            self._failed.append(error)
            self.end()

    def end(self) -> None:
        self._left.clear()

    def check(self) -> None:
        for error in self._failed:
            raise error


def side_by_side(
    pieces: Iterable[_Piece],
    mine: Callable[[_Piece], None],
    others: Sequence[Callable[[_Piece], None]],
    stop: Callable[[], None],
) -> None:
    """Do pieces of work; what one thread raises ends the others after their present piece.

    Parameters
    ----------
    pieces : iterable
    mine : callable
        Does a piece in the caller's thread, so that an interrupt ends it at once.
    others : sequence of callable
        Each does pieces in a thread of its own.
    stop : callable
        Cuts the others' present pieces short, when the caller's thread is interrupted or fails.
    """
    waiting = _Pieces(pieces)
    threads = [
        # A copy of the context: it has the front end whose words texts are made in.
        threading.Thread(target=copy_context().run, args=(waiting.guarded, do), name="wasmnb-lane", daemon=True)
        for do in others
    ]
    for thread in threads:
        thread.start()
    try:
        waiting.work(mine)
        for thread in threads:
            thread.join()
    except BaseException:
        waiting.end()
        stop()
        for thread in threads:
            thread.join()
        raise
    waiting.check()
