"""A language server that is not as it should be: nobody waits for it, and none is left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.mesh.conftest import until
from wasmnb.compile import Filter
from wasmnb.compile.cpp.clangd import Clangd
from wasmnb.compile.language_server import LanguageServers, Program, Workspace
from wasmnb.compile.language_server.connection import NoAnswerError
from wasmnb.compile.language_server.server import LanguageServer, _Running

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
    # Nor does one begin that nobody would end: a question may come late.
    with pytest.raises(NoAnswerError, match="broken is not wanted any more"):
        server.start()
    # The question what it can has its answer, too.
    server = LanguageServer(Broken("sleep", "600"))
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


def test_what_is_shown_late_leaves_no_folder():
    class Slow(Broken):
        def workspace(self, filter: Filter, folder: object) -> Workspace:  # noqa: A002
            running.close()
            return super().workspace(filter, folder)

    slow = Slow("sleep", "600")
    running = _Running.begin(slow, slow.program())
    with pytest.raises(NoAnswerError, match="broken ended"):
        running.show(FILTER)
    assert not running.folder.exists()


def test_nothing_is_written_beside_what_a_server_sees(tmp_path):
    class Leading(Broken):
        def workspace(self, filter: Filter, folder: object) -> Workspace:  # noqa: A002
            return Workspace(filter.file, filter.source)

    leading = Leading("sleep", "600")
    running = _Running.begin(leading, leading.program())
    for path in (str(tmp_path / "own.h"), f"../../{tmp_path.name}.h", ".."):
        with pytest.raises(NoAnswerError, match="leads out of the filter"):
            running.show(Filter("any", "int x;\n", file=path))
    running.close()
    assert not [*tmp_path.iterdir()]


def test_a_fork_of_a_kernel_leaves_its_server_alone(monkeypatch):
    broken = Broken("sleep", "600")
    running = _Running.begin(broken, broken.program())
    with monkeypatch.context() as patch:
        patch.setattr("os.getpid", lambda: 0)
        running.close()
    assert running.folder.exists()
    assert lives(running.connection.pid)
    running.close()
    assert not running.folder.exists()


def test_who_types_and_who_presses_tab_ask_one_server(monkeypatch):
    both = threading.Barrier(2)

    class Found(Broken):
        def __init__(self) -> None:
            both.wait(10)
            super().__init__("sleep", "600")

    monkeypatch.setattr("wasmnb.compile.language_server.servers.load", lambda _: Found)
    servers = LanguageServers()
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(servers._server, ("cpp", "cpp"))
    assert first is second


def test_who_waited_in_vain_does_not_wait_as_long_again(monkeypatch):
    hanging = Broken("sleep", "600")
    monkeypatch.setattr("wasmnb.compile.language_server.servers.load", lambda _: lambda: hanging)
    servers = LanguageServers()
    waits = []
    monkeypatch.setattr(servers, "_ask", lambda *asked: (waits.append(asked[-1] - time.monotonic()), ask(*asked))[1])
    ask = LanguageServers._ask.__get__(servers)
    filter_ = Filter("any", "call(\n", "cpp")
    for _ in range(2):
        assert servers.inspect(filter_, 0, 5, within=1.5) in ("broken has not answered yet.", "broken is starting.")
    servers.close()
    assert waits[0] > 0.5 >= waits[1]


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


@pytest.mark.compiler
def test_clangd_sees_messages_in_folders_that_are_named(tmp_path):
    (tmp_path / "one.proto").write_text('syntax = "proto3";\nmessage One { string word = 1; }\n')
    filter_ = Filter("any", '#include "one.pb.h"\n', "cpp", flags=(f"-I{tmp_path}",))
    assert "one.pb.h" in Clangd().workspace(filter_, tmp_path / "laid out").files
