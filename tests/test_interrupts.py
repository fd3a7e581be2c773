"""Ctrl-C while a command asks is heard, at whatever moment it comes."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mesh.conftest import until
from wasmnb.interrupts import uninterrupted

# The signal comes within the call that waits, with no instruction of Python's between it and the wait.
LATE = """
import builtins, contextlib, ctypes, functools, signal, sys

class Terminal:
    isatty = staticmethod(lambda: True)
    fileno = staticmethod(functools.partial(ctypes.CDLL(None)["raise"], int(signal.{name})))
    write = staticmethod(lambda text: len(text))
    flush = staticmethod(lambda: None)

# What a shell starts in the background ignores Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGUSR1, lambda *_: None)
"""

QUESTION = """
from wasmnb.commands.ask import ask
from wasmnb.wording import Front, words_for

builtins.input = lambda _: sys.__stdin__.readline()
sys.stdin = Terminal()
with words_for(Front.SHELL):
    try:
        print("answered", ask("Is that meant?"))
    except KeyboardInterrupt:
        print("interrupted")
"""

PASSWORD = """
from wasmnb import interrupts
from wasmnb.errors import Interrupted
from wasmnb.session.secrets import asked

interrupts._controlling = lambda: contextlib.nullcontext(Terminal())
try:
    print("answered", asked("Password: ", "type it"))
except Interrupted:
    print("interrupted")
"""


@contextmanager
def _asked(program, name):
    """Ask in a pseudo terminal that is of no session; gives what reads and types there."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    environment.pop("WASMNB_NONINTERACTIVE", None)
    handle, end = pty.openpty()
    command = [sys.executable, "-c", LATE.format(name=name) + program]
    process = subprocess.Popen(
        command, env=environment, stdin=end, stdout=end, stderr=subprocess.DEVNULL, start_new_session=True
    )
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


@pytest.mark.parametrize("program", [QUESTION, PASSWORD], ids=["question", "password"])
def test_ctrl_c_between_the_question_and_the_wait_for_its_answer_is_heard(program):
    with _asked(program, "SIGINT") as terminal:
        # Nothing is typed.
        assert _said(terminal) == b"interrupted\r\n"


def test_a_signal_that_ends_nothing_leaves_the_question_open():
    with _asked(QUESTION, "SIGUSR1") as terminal:
        os.write(terminal, b"y\n")
        assert _said(terminal) == b"y\r\n"
        assert _said(terminal) == b"answered True\r\n"


def test_a_password_is_read_and_not_shown_when_a_signal_comes_that_ends_nothing():
    with _asked(PASSWORD, "SIGUSR1") as terminal:
        # Nothing that is typed is shown from when the echo is off.
        until(lambda: termios.tcgetattr(terminal)[3], lambda flags: not flags & termios.ECHO)
        os.write(terminal, b"open sesame\n")
        assert _said(terminal) == b"answered open sesame\r\n"


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
