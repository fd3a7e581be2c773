"""A language server that is not as it should be: nobody waits for it, and none is left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.mesh.conftest import until
from wasmnb.compile import Filter
from wasmnb.compile.language_server import Program, Workspace
from wasmnb.compile.language_server.connection import NoAnswerError
from wasmnb.compile.language_server.server import LanguageServer

ROOT = Path(__file__).parents[2]
FILTER = Filter("any", "int x;\n")


class Broken:
    """Says nothing, or ends at once."""

    name = "broken"
    language_id = "cpp"

    def __init__(self, *command: str) -> None:
        self.command = command

    def program(self) -> Program:
        return Program((shutil.which(self.command[0]), *self.command[1:]), "1")

    def workspace(self, filter: Filter, folder: object) -> Workspace:  # noqa: A002
        return Workspace("cell.cc", filter.source)


def test_one_that_hangs_is_waited_for_no_longer_than_was_said_and_ends_with_the_session():
    server = LanguageServer(Broken("sleep", "600"))
    with pytest.raises(NoAnswerError, match="broken is starting"):
        server.ask(FILTER, "textDocument/hover", 0, 0, time.monotonic() + 0.1)
    (process,) = until(lambda: [one for one in psutil.Process().children() if one.name() == "sleep"], bool)
    server.close()
    assert not process.is_running()
    # The question what it can has its answer, too.
    server.start()
    server.close()


def test_none_outlives_a_kernel_that_is_killed():
    program = """
import os, signal, time
from tests.compile.test_language_server import Broken, LanguageServer
server = LanguageServer(Broken("sleep", "600"))
server.start()
while server._process is None:
    time.sleep(0.01)
print(server._process.connection.pid, server._process.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT).stdout.split()
    until(lambda: lives(int(told[0])), lambda there: not there)
    until(Path(told[1]).exists, lambda there: not there)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_one_that_ends_is_started_a_few_times():
    server = LanguageServer(Broken("true"))

    def ask():
        with pytest.raises(NoAnswerError) as caught:
            server.ask(FILTER, "textDocument/hover", 0, 0, time.monotonic() + 10)
        return str(caught.value)

    until(ask, "broken ended 4 times, and is not started again".__eq__)
    assert server.starts == 4
    assert server.pid == 0
    server.close()
