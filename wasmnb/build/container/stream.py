"""A container's output, as lines, while it comes."""

from __future__ import annotations

import contextlib
import queue
import re
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Splitter", "lines_of"]

_WIDEST = 8192  # bytes of a line; what has more is no line of a log
_AHEAD = 1000  # lines that may wait for whoever shows them; then the container waits
_LOOK = 0.2  # seconds after which a reader looks whether anybody still listens

# ECMA-48 control sequences (colours, cursor) and operating system commands (titles, links).
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]|[\x00-\x08\x0b-\x1f]")


def lines_of(stream: Iterable[tuple[bytes | None, bytes | None]], deadline: float) -> Iterator[str]:
    """Give the lines of both streams as they come.

    A thread reads, so that neither Ctrl-C nor the deadline waits for the next piece; it ends with the stream.

    Parameters
    ----------
    stream : iterable of pairs of bytes
        Pieces of standard output and of standard error. When it breaks, that is its end: how the container fares is
        asked for next.
    deadline : float
        By the monotonic clock.

    Yields
    ------
    str
        Without line end and colours.

    Raises
    ------
    TimeoutError
        The deadline has passed.
    """
    lines: queue.Queue[str | None] = queue.Queue(_AHEAD)
    unheard = threading.Event()
    threading.Thread(target=_read, args=(stream, lines, unheard), name="wasmnb-container-log", daemon=True).start()
    try:
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError from None
            if line is None:
                return
            yield line
    finally:
        unheard.set()


def _read(
    stream: Iterable[tuple[bytes | None, bytes | None]], lines: queue.Queue[str | None], unheard: threading.Event
) -> None:
    splitters = (Splitter(), Splitter())
    # A closed socket shows in many ways in the layers of an HTTP client; all of them mean the end.
    with contextlib.suppress(Exception):
        for pieces in stream:
            for piece, splitter in zip(pieces, splitters, strict=True):
                _hand_on(splitter.feed(piece or b""), lines, unheard)
    for splitter in splitters:
        _hand_on(splitter.end(), lines, unheard)
    _hand_on([None], lines, unheard)


def _hand_on(some: Iterable[str | None], lines: queue.Queue[str | None], unheard: threading.Event) -> None:
    for line in some:
        while not unheard.is_set():
            with contextlib.suppress(queue.Full):
                lines.put(line, timeout=_LOOK)
                break


class Splitter:
    """Makes lines of text from pieces of bytes.

    A line end may be missing at the end, and a character may be cut in two. Of a line that a tool writes over itself
    (a progress bar) the last state is the line. Colours are dropped.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[str]:
        """Give the lines that end in this piece."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        while len(self._rest) > _WIDEST:
            whole.append(self._rest[:_WIDEST])
            self._rest = self._rest[_WIDEST:]
        return [_text(line) for line in whole]

    def end(self) -> list[str]:
        """Give the line that has no end."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    shown = line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
    return _CONTROLS.sub("", shown).rstrip()
