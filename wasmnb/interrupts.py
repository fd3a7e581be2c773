"""Ctrl-C at a moment when it would leave something behind, or when nobody would hear it."""

from __future__ import annotations

import getpass
import os
import select
import signal
import socket
import sys
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["await_line", "hidden_line", "uninterrupted"]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off Ctrl-C until the end of the block, so that what is being made is never made and yet unknown.

    So are the other signals that a program has for an end of its own: where a shell's command is ended by one, it ends
    as at Ctrl-C.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    if threading.current_thread() is not threading.main_thread() or handlers[signal.SIGINT] is None:
        yield
        return
    put_off: list[int] = []
    own = {number: handler for number, handler in handlers.items() if number is signal.SIGINT or callable(handler)}
    for number in own:
        signal.signal(number, lambda number, _: put_off.append(number))
    try:
        yield
    finally:
        for number, handler in own.items():
            signal.signal(number, handler)
        if put_off:
            # Also where the block failed: what goes on after an error does not go on after Ctrl-C.
            signal.raise_signal(put_off[0])


def await_line(terminal: TextIO) -> None:
    """Wait until a terminal has a line to be read, or a signal has come.

    A signal only sets a mark, which is looked at between two instructions. One that comes after the last of them and
    before the system is asked to read ends nothing: that read waits for Enter. What a signal writes to a socket is
    there also when it came first.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are for the main thread.
        return
    woken, wakes = socket.socketpair()
    both: list[TextIO | socket.socket] = [terminal, woken]
    with woken, wakes:
        wakes.setblocking(False)
        former = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        try:
            # A handler that ends the wait raises; after another one it goes on.
            while woken in (ready := select.select(both, [], [])[0]) and terminal not in ready:
                woken.recv(4096)
        finally:
            signal.set_wakeup_fd(former)


def hidden_line(prompt: str) -> str:
    """Ask for a line in the terminal that is not shown while it is typed; `getpass` reads it once it is there.

    Raises
    ------
    EOFError, KeyboardInterrupt
    """
    with _controlling() as terminal:
        asking = _Asking(terminal)
        try:
            return getpass.getpass(prompt, cast("TextIO", asking))
        except KeyboardInterrupt:
            # What is said of it begins a line, as nothing that was typed has ended this one.
            asking.write("\n")
            asking.flush()
            raise


class _Asking:
    """Where `getpass` writes what it asks, its echo being off: when that stands there, the line is awaited."""

    def __init__(self, terminal: TextIO | None) -> None:
        self._to = terminal or sys.stderr
        self._awaited = terminal or sys.stdin
        self._waits = True

    def write(self, text: str) -> int:
        return self._to.write(text)

    def flush(self) -> None:
        self._to.flush()
        if self._waits:
            # `getpass` flushes once more when it is interrupted.
            self._waits = False
            await_line(self._awaited)


def _controlling() -> AbstractContextManager[TextIO | None]:
    """Open the terminal from which `getpass` reads; None where the process has none but its standard input."""
    try:
        return os.fdopen(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY), "w")
    except OSError:
        return nullcontext()
