"""A container's output, as lines, while it comes."""

from __future__ import annotations

import contextlib
import queue
import re
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Reader", "Splitter"]

_WIDEST = 8192  # bytes of a line; what has more is no line of a log
_AHEAD = 1000  # lines that may wait for whoever shows them; then the container waits
_LOOK = 0.2  # seconds after which a reader looks whether anybody still listens
_LEAVE = 2.0  # seconds that it is given to notice

# ECMA-48 control sequences (colours, cursor) and operating system commands (titles, links).
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]|[\x00-\x08\x0b-\x1f]")


class Reader:
    """Reads a container's output in a thread, so that neither Ctrl-C nor a deadline waits for the next piece.

    Parameters
    ----------
    socket : socket-like
        What ``attach_socket`` gave; the thread closes it. Its end is that of the container, or of the way there: how
        the container fares is asked for next.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._lines: queue.Queue[str | None] = queue.Queue(_AHEAD)
        self._unheard = threading.Event()
        self._thread = threading.Thread(target=self._read, name="wasmnb-container-log", daemon=True)
        self._thread.start()

    def lines(self, deadline: float) -> Iterator[str]:
        """Give the lines as they come, without line ends and colours.

        Parameters
        ----------
        deadline : float
            By the monotonic clock, in seconds.

        Raises
        ------
        TimeoutError
            The deadline has passed.
        """
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError from None
            if line is None:
                return
            yield line

    def close(self) -> None:
        """Hear no more; to be called when the container is gone, which is what ends the stream."""
        self._unheard.set()
        self._thread.join(_LEAVE)

    def _read(self) -> None:
        from docker.utils.socket import STDOUT, frames_iter  # noqa: PLC0415

        out, err = Splitter(), Splitter()
        # The library lends the file around a socket; closing that alone leaves the socket open.
        inner = getattr(self._socket, "_sock", None) or self._socket
        # A broken connection shows in many ways in the layers of an HTTP client; all of them mean the end.
        with contextlib.suppress(Exception), contextlib.closing(inner), contextlib.closing(self._socket):
            for number, piece in frames_iter(self._socket, tty=False):
                self._hand_on((out if number == STDOUT else err).feed(piece))
        self._hand_on([*out.end(), *err.end(), None])

    def _hand_on(self, some: Iterable[str | None]) -> None:
        for line in some:
            while not self._unheard.is_set():
                with contextlib.suppress(queue.Full):
                    self._lines.put(line, timeout=_LOOK)
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
