"""A running language server, which is told and asked in JSON-RPC; a question to it never blocks for long."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from itertools import count
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from wasmnb.compile.process import end
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Connection", "NoAnswerError"]

_NICE = 5
# Reads a pipe whose other end this process has: however it goes, the server ends then at once, and its folder goes. By
# itself a server takes seconds to see that nobody asks it any more.
_WATCH = 'read -r line; kill -s KILL -- "-$1"; rm -rf -- "$2"'
# It logs what it cannot read, and that is somebody's source.
_LOGGER = logging.getLogger("pylsp_jsonrpc")


class NoAnswerError(Exception):
    """There is no answer, and the text says why."""


class _Unheard(dict[str, Any]):
    """What a server tells and asks of its own accord: none of it is needed, and each question is answered by null."""

    def __missing__(self, method: str) -> Any:
        return lambda _: None


class Connection:
    """One process, with a thread that reads what it says and one that writes what it is told.

    Parameters
    ----------
    name : str
        What people call the server.
    command : sequence of str
    folder : pathlib.Path
        Where it runs.
    environment : mapping of str to str

    Raises
    ------
    ToolchainError
        The program cannot be started.
    """

    def __init__(self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        from pylsp_jsonrpc.endpoint import Endpoint  # noqa: PLC0415 - for those who ask
        from pylsp_jsonrpc.streams import JsonRpcStreamReader, JsonRpcStreamWriter  # noqa: PLC0415

        _LOGGER.propagate = False
        _LOGGER.addHandler(logging.NullHandler())
        self._name, self._owner = name, os.getpid()
        self._process, self._watch = _start(name, command, folder, environment)
        self._reader, self._writer = JsonRpcStreamReader(self._process.stdout), JsonRpcStreamWriter(self._process.stdin)
        # A server that hangs reads nothing, and who writes to it would wait.
        self._outgoing: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._numbers, self._asking = count(1), threading.Lock()
        self._number = 0
        self._endpoint = Endpoint(_Unheard(), self._outgoing.put, self._numbered)
        self._waiting: set[Future[Any]] = set()
        self._ended = threading.Event()
        for work in (self._read, self._write):
            threading.Thread(target=work, name=f"wasmnb-{name}", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._ended.is_set()

    @property
    def ours(self) -> bool:
        """Whether this process started it, not one that this was forked from."""
        return self._owner == os.getpid()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Tell the server something."""
        self._endpoint.notify(method, params)

    def request(self, method: str, params: Mapping[str, Any], deadline: float) -> Any:
        """Ask the server, and wait for its answer until a moment of the monotonic clock.

        Raises
        ------
        NoAnswerError
        """
        with self._asking:
            future: Future[Any] = self._endpoint.request(method, params)
            number = self._number
        self._waiting.add(future)
        if self.ended:
            self._refuse(future)
        try:
            return future.result(max(0.0, deadline - time.monotonic()))
        except (FutureTimeoutError, TimeoutError):
            self.notify("$/cancelRequest", {"id": number})
            raise NoAnswerError(f"{self._name} has not answered yet") from None
        except NoAnswerError:
            raise
        except Exception as error:
            # The library has a class of its own for what a server says of a question.
            raise NoAnswerError(f"{self._name} has no answer: {type(error).__name__}") from error
        finally:
            self._waiting.discard(future)

    def close(self) -> None:
        """End the process; that of a parent, which this process was forked from, is the parent's."""
        self._outgoing.put(None)
        if self.ours:
            end(self._watch)
            end(self._process)
        self._ended.set()

    def _numbered(self) -> int:
        self._number = next(self._numbers)
        return self._number

    def _read(self) -> None:
        # What is read after the end, or is no message, ends the reading.
        with contextlib.suppress(OSError, ValueError):
            self._reader.listen(self._endpoint.consume)
        self._ended.set()
        for future in tuple(self._waiting):
            self._refuse(future)
        self._outgoing.put(None)

    def _write(self) -> None:
        while (message := self._outgoing.get()) is not None:
            self._writer.write(message)

    def _refuse(self, future: Future[Any]) -> None:
        with contextlib.suppress(Exception):
            # One that has its answer keeps it.
            future.set_exception(NoAnswerError(f"{self._name} ended"))


def _start(
    name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    """Start a server, and what ends it should this process be killed."""
    made: list[subprocess.Popen[bytes]] = []
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8", "PATH": os.defpath, "TMPDIR": str(folder), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # It says there what it works at, and quotes the source.
            stderr=subprocess.DEVNULL,
            # Ctrl-C in a terminal is for what runs in a cell.
            start_new_session=True,
        )
        made.append(process)
        watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "sh", str(process.pid), str(folder)],
            env={"PATH": os.defpath},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        for one in made:
            end(one)
        raise ToolchainError(f"{name} cannot be started.", why=[str(error)], code="WNB2003") from error
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    return process, watch
