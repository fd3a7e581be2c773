"""Ctrl-C while a command asks is heard, at whatever moment it comes."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from wasmnb.interrupts import uninterrupted

# The signal comes within the call that waits, with no instruction of Python's between it and the wait.
LATE = """
import builtins, ctypes, functools, signal, sys
from wasmnb.commands.ask import ask
from wasmnb.wording import Front, words_for

class Terminal:
    isatty = staticmethod(lambda: True)
    fileno = staticmethod(functools.partial(ctypes.CDLL(None)["raise"], int(signal.{name})))

# What a shell starts in the background ignores Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGUSR1, lambda *_: None)
builtins.input = lambda _: sys.__stdin__.readline()
sys.stdin = Terminal()
with words_for(Front.SHELL):
    try:
        print("answered", ask("Is that meant?"))
    except KeyboardInterrupt:
        print("interrupted")
"""


@contextmanager
def _asked(name):
    """Ask in a pseudo terminal; gives what reads and types there."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop("WASMNB_NONINTERACTIVE", None)
    handle, end = pty.openpty()
    command = [sys.executable, "-c", LATE.format(name=name)]
    process = subprocess.Popen(command, env=environment, stdin=end, stdout=end, stderr=subprocess.DEVNULL)
    try:
        yield handle
    finally:
        process.kill()
        process.wait()
        os.close(handle)
        os.close(end)


def _said(terminal):
    said = b""
    while not said.endswith(b"\n"):
        assert select.select([terminal], [], [], 60)[0], f"it waits, and has heard nothing; it said {said}"
        said += os.read(terminal, 1)
    return said


def test_ctrl_c_between_the_question_and_the_wait_for_its_answer_is_heard():
    with _asked("SIGINT") as terminal:
        # Nothing is typed.
        assert _said(terminal) == b"interrupted\r\n"


def test_a_signal_that_ends_nothing_leaves_the_question_open():
    with _asked("SIGUSR1") as terminal:
        os.write(terminal, b"y\n")
        assert _said(terminal) == b"y\r\n"
        assert _said(terminal) == b"answered True\r\n"


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def number(request):
    """A signal that ends what is done as Ctrl-C does."""
    before = signal.getsignal(request.param)
    signal.signal(request.param, signal.default_int_handler)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_is_not_lost_where_what_it_waited_for_failed(number):
    made = []

    def fail():
        signal.raise_signal(number)
        made.append("whole")
        raise ValueError

    with pytest.raises(KeyboardInterrupt), uninterrupted():
        fail()
    assert made == ["whole"]
    assert signal.getsignal(number) is signal.default_int_handler
