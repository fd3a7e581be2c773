"""The log of a proxy as it grows: what is new at each look."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from wasmnb.display.text import visible
from wasmnb.notebook import noninteractive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["PAUSE", "LogTail", "grown"]

PAUSE = 1.0  # seconds between looks
_WINDOW = 1000  # lines that a look takes; more of them in one pause are not all seen


def grown(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Say how many of the first old lines are gone, and how many behind them the new ones begin with.

    The last old lines may read otherwise in the new ones: names of functions are added behind a trap once all of it is
    written.
    """
    best = (len(old), 0)
    for gone, line in enumerate(old):
        if not new or line != new[0]:
            continue
        pairs = zip(old[gone:], new, strict=False)
        kept = next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(old) - gone, len(new)))
        if kept > best[1]:
            best = (gone, kept)
    return best


class LogTail:
    """The lines of a log, oldest first, and those that come: an iterator that waits for them.

    Parameters
    ----------
    read : callable
        Gives the last lines, so many at most.
    tail : int
        How many of those that are there already.
    seconds : float, optional
        When it ends; without it, at an interrupt, or at once where nobody looks (``WASMNB_NONINTERACTIVE``).
    """

    def __init__(self, read: Callable[[int], Sequence[str]], *, tail: int = 20, seconds: float | None = None) -> None:
        self._read, self._tail = read, tail
        self._seconds = 0.0 if seconds is None and noninteractive() else seconds
        self._known = list(read(max(tail, _WINDOW)))

    def __iter__(self) -> Iterator[str]:
        """Give each line once."""
        end = None if self._seconds is None else time.monotonic() + self._seconds
        yield from self._known[max(0, len(self._known) - self._tail) :]
        while end is None or time.monotonic() < end:
            time.sleep(PAUSE if end is None else max(0.0, min(PAUSE, end - time.monotonic())))
            lines = list(self._read(max(self._tail, _WINDOW)))
            _, kept = grown(self._known, lines)
            self._known = lines
            yield from lines[kept:]

    def _ipython_display_(self) -> None:
        """Write the lines as they come, in a terminal; an interrupt ends it."""
        try:
            for line in self:
                sys.stdout.write(f"{visible(line, keep=chr(9))}\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            sys.stdout.write("Following was stopped.\n")
