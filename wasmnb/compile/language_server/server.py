"""The server of one language in a session: started when it is first of use, asked, and started again when it ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.language_server.answers import position
from wasmnb.compile.language_server.connection import Connection, NoAnswerError

if TYPE_CHECKING:
    from wasmnb.compile.filter import Filter
    from wasmnb.compile.language_server.adapter import Adapter, Program, Workspace

__all__ = ["LanguageServer"]

_MOST_STARTS = 4
_BEGINS = 60.0  # seconds
_LEAVES = 5.0  # seconds
# What a server keeps of each is some ten megabytes.
_MOST_SHOWN = 3
_MADE, _CHANGED, _GONE = 1, 2, 3  # FileChangeType of the protocol
_ABLE = {
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": False, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "signatureHelp": {"signatureInformation": {"documentationFormat": ["markdown", "plaintext"]}},
    }
}


class LanguageServer:
    """One process at most, which sees filters as their compiler gets them.

    Parameters
    ----------
    adapter : Adapter
    """

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.starts = 0
        self._lock, self._asking = threading.Lock(), threading.Lock()
        self._running: Future[_Running] | None = None
        # Also one that has not said yet what it can.
        self._process: _Running | None = None
        self._starter: threading.Thread | None = None
        self._closed = False

    @property
    def pid(self) -> int:
        """The process; 0 while there is none."""
        running = self._running
        if running is None or not running.done() or running.exception() is not None:
            return 0
        return 0 if running.result().connection.ended else running.result().connection.pid

    def start(self) -> Future[_Running]:
        """Start the process in another thread, unless there is one.

        Raises
        ------
        NoAnswerError
            It has ended too often, or it was closed.
        """
        with self._lock:
            if self._closed:
                raise self._unwanted()
            running = self._running
            if running is not None and not (running.done() and _over(running)):
                return running
            if self.starts >= _MOST_STARTS:
                raise NoAnswerError(f"{self.adapter.name} ended {self.starts} times, and is not started again")
            if self._process is not None:
                self._process.close()
                self._process = None
            made: Future[_Running] = Future()
            self._running = made
            self._starter = threading.Thread(target=self._start, args=(made,), daemon=True)
            self._starter.start()
            return made

    def prepare(self, filter: Filter) -> None:  # noqa: A002
        """Start the process where there was none yet, and show it a filter, which it reads before anybody asks.

        Raises
        ------
        NoAnswerError
        """
        if self._running is not None:
            return

        def show(made: Future[_Running]) -> None:
            # Whoever asks later meets what is wrong again.
            with contextlib.suppress(Exception), self._asking:
                made.result().show(filter)

        self.start().add_done_callback(show)

    def ask(self, filter: Filter, method: str, line: int, column: int, deadline: float) -> Any:  # noqa: A002
        """Ask about a place of a filter's source, and wait until a moment of the monotonic clock.

        Parameters
        ----------
        filter : Filter
        method : str
            Of the protocol.
        line, column : int
            Of its source, from 0, in characters.
        deadline : float

        Raises
        ------
        NoAnswerError
        UsageError, CompileError, ToolchainError
        """
        made = self.start()
        try:
            running = made.result(max(0.0, deadline - time.monotonic()))
        except (FutureTimeoutError, TimeoutError):
            raise NoAnswerError(f"{self.adapter.name} is starting") from None
        if not self._asking.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise NoAnswerError(f"{self.adapter.name} has not answered yet")
        try:
            uri, text = running.show(filter)
        finally:
            self._asking.release()
        at = {"textDocument": {"uri": uri}, "position": position(text, filter.first_line - 1 + line, column)}
        return running.connection.request(method, at, deadline)

    def close(self) -> None:
        """End the process, if there is one; whoever asks later has no answer."""
        with self._lock:
            self._closed = True
            process, self._process, self._running = self._process, None, None
            if process is not None:
                process.close()
        # To lay the first filter out, it may have made a folder that it takes away.
        if self._starter is not None:
            self._starter.join(_LEAVES)

    def _start(self, made: Future[_Running]) -> None:
        try:
            program = self.adapter.program()
            with self._lock:
                if self._running is not made:
                    raise self._unwanted()  # noqa: TRY301
                self.starts += 1
                self._process = running = _Running.begin(self.adapter, program)
            running.initialize(program)
            made.set_result(running)
        except BaseException as error:  # noqa: BLE001 - whoever asks meets it
            made.set_exception(error)

    def _unwanted(self) -> NoAnswerError:
        return NoAnswerError(f"{self.adapter.name} is not wanted any more")


def _over(running: Future[_Running]) -> bool:
    return running.exception() is not None or running.result().connection.ended


class _Running:
    """A process, and what it has been shown.

    Parameters
    ----------
    adapter : Adapter
    connection : Connection
    folder : pathlib.Path
        Where the filters lie that it sees.
    """

    def __init__(self, adapter: Adapter, connection: Connection, folder: Path) -> None:
        self.adapter, self.connection, self.folder = adapter, connection, folder
        self._shown: dict[str, Workspace] = {}
        self._version = 0
        self._filing, self._closed = threading.Lock(), False

    @classmethod
    def begin(cls, adapter: Adapter, program: Program) -> _Running:
        """Start a process.

        Raises
        ------
        ToolchainError, OSError
        """
        folder = Path(tempfile.mkdtemp(prefix="wasmnb-language-server-")).resolve()
        try:
            return cls(adapter, Connection(adapter.name, program.command, folder, program.environment), folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def initialize(self, program: Program) -> None:
        """Have it say what it can, and end it where it does not.

        Raises
        ------
        NoAnswerError
        """
        begin = {
            "processId": None,
            "rootUri": self.folder.as_uri(),
            "workspaceFolders": [{"uri": self.folder.as_uri(), "name": "filters"}],
            "capabilities": _ABLE,
            "initializationOptions": dict(program.options),
        }
        try:
            self.connection.request("initialize", begin, time.monotonic() + _BEGINS)
            self.connection.notify("initialized", {})
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process, and take its folder away; both of a parent are the parent's."""
        with self._filing:
            self._closed = True
        self.connection.close()
        if self.connection.ours:
            shutil.rmtree(self.folder, ignore_errors=True)

    def show(self, filter: Filter) -> tuple[str, str]:  # noqa: A002
        """Have the server see a filter as it is now; give the document's URI and its text.

        Raises
        ------
        NoAnswerError
            It was closed meanwhile.
        UsageError, CompileError, ToolchainError
        """
        folder = self.folder / filter.name
        now, before = self.adapter.workspace(filter, folder), self._shown.get(filter.name)
        uri = (folder / now.main).as_uri()
        if now == before:
            return uri, now.text
        if before is not None and before.main != now.main:
            self._hide(filter.name)
            before = None
        for name in [*self._shown][: 1 - _MOST_SHOWN] if before is None else ():
            self._hide(name)
        with self._filing:
            if self._closed:
                raise NoAnswerError(f"{self.adapter.name} ended")
            _write(folder, now, before)
        if now.settings and (before is None or now.settings != before.settings):
            self.connection.notify("workspace/didChangeConfiguration", {"settings": dict(now.settings)})
        self._version += 1
        beside = self._changed(folder, now, before)
        if before is not None:
            # The last two are clangd's own: whether what a source includes is looked at anew, and that nobody asked
            # what is wrong with it.
            self.connection.notify(
                "textDocument/didChange",
                {
                    "textDocument": {"uri": uri, "version": self._version},
                    "contentChanges": [{"text": now.text}],
                    "forceRebuild": beside,
                    "wantDiagnostics": False,
                },
            )
        else:
            document = {"uri": uri, "languageId": self.adapter.language_id, "version": self._version, "text": now.text}
            self.connection.notify("textDocument/didOpen", {"textDocument": document})
        self._shown.pop(filter.name, None)
        self._shown[filter.name] = now
        return uri, now.text

    def _changed(self, folder: Path, now: Workspace, before: Workspace | None) -> bool:
        """Tell the server which files changed on the disk; give whether any did."""
        were = before.files if before is not None else now.files
        kinds = {path: _CHANGED for path in now.files.keys() & were.keys() if now.files[path] != were[path]}
        kinds |= dict.fromkeys(now.files.keys() - were.keys(), _MADE)
        kinds |= dict.fromkeys(were.keys() - now.files.keys(), _GONE)
        changes = [{"uri": (folder / path).as_uri(), "type": kind} for path, kind in sorted(kinds.items())]
        if changes:
            self.connection.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        return bool(changes)

    def _hide(self, name: str) -> None:
        """Have the server forget a filter."""
        uri = (self.folder / name / self._shown.pop(name).main).as_uri()
        self.connection.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        shutil.rmtree(self.folder / name, ignore_errors=True)


def _write(folder: Path, now: Workspace, before: Workspace | None) -> None:
    """Put on the disk what a server looks for there."""
    were = before.files if before is not None else {}
    for path in were.keys() - now.files.keys():
        with contextlib.suppress(OSError):
            (folder / path).unlink()
    for path, text in {**now.files, now.main: now.text}.items():
        if were.get(path) != text:
            place = folder / path
            if not os.path.normpath(place).startswith(f"{folder}{os.sep}"):
                raise NoAnswerError(f"{path} leads out of the filter")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode(errors="surrogateescape"))
