"""The language servers of a session: what can stand at a cursor, and what a name means, said at once or not at all."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from wasmnb.check import Check
from wasmnb.compile.language_server.answers import Completions, about, completions, signatures
from wasmnb.compile.language_server.connection import NoAnswerError
from wasmnb.compile.language_server.server import LanguageServer
from wasmnb.compile.languages import LANGUAGES, at_hand
from wasmnb.errors import Explained, ToolchainError
from wasmnb.registered import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.compile.filter import Filter
    from wasmnb.compile.language_server.adapter import Adapter
    from wasmnb.compile.languages import Language

__all__ = ["LOOK", "LanguageServers"]

#: Seconds that Tab may take; JupyterLab waits for one, and shows nothing of what comes later.
_TAB = 0.8
#: Seconds that a look at a name may take.
LOOK = 2.0
#: Seconds that it may take for so many seconds after a look was in vain: some front ends look at each parenthesis that
#: is typed, and the kernel does nothing else meanwhile.
_AGAIN, _REMEMBERED = 0.5, 10.0
#: Seconds in which a question that nobody waits for any more comes to its end.
_LEAVES = 5.0


class LanguageServers:
    """One server per language, each started when it is first of use."""

    def __init__(self) -> None:
        self._servers: dict[str, LanguageServer] = {}
        self._lock, self._closed = threading.Lock(), False
        self._asking: set[threading.Thread] = set()
        # Until when a look is not worth waiting for as long, by language.
        self._late: dict[str, float] = {}

    def prepare(self, filter: Filter) -> None:  # noqa: A002
        """Start the server of a filter's language in another thread, where there is one, and show it the filter."""
        server = self._server(filter.language)
        with suppress(NoAnswerError, Explained):
            if server is not None and at_hand(filter):
                server.prepare(filter)

    def complete(self, filter: Filter, line: int, column: int, *, within: float = _TAB) -> Completions:  # noqa: A002
        """Say what can stand at a place of a filter's source; nothing where nobody knows it in time.

        Parameters
        ----------
        filter : Filter
        line, column : int
            From 0, in characters.
        within : float
            Seconds.
        """
        before = _line(filter, line)[:column]
        try:
            answer = self._ask(filter, "textDocument/completion", line, column, time.monotonic() + within)
        except (NoAnswerError, Explained):
            return Completions()
        return completions(answer, before)

    def inspect(self, filter: Filter, line: int, column: int, *, within: float = LOOK) -> str | None:  # noqa: A002
        """Say what stands at a place of a filter's source, as Markdown: a name's declaration, or how a call is made.

        Parameters
        ----------
        filter : Filter
        line, column : int
            From 0, in characters.
        within : float
            Seconds.

        Returns
        -------
        str or None
            Empty where there is nothing to say; why there is no answer, where there is none in time. None where the
            language has no server, or it is not installed.
        """
        begun = time.monotonic()
        server = self._server(filter.language)
        if server is None:
            return None
        late = begun < self._late.get(filter.language, 0.0)
        deadline = begun + (min(within, _AGAIN) if late else within)
        around = _line(filter, line)[max(0, column - 1) : column + 1]
        try:
            if any(letter.isalnum() or letter == "_" for letter in around):
                found = about(self._ask(filter, "textDocument/hover", line, column, deadline))
                if found:
                    return found
            answer = self._ask(filter, "textDocument/signatureHelp", line, column, deadline)
        except NoAnswerError as error:
            if not late and time.monotonic() >= deadline:
                self._late[filter.language] = deadline + _REMEMBERED
            return f"{error}."
        except ToolchainError:
            return None
        except Explained:
            return ""
        return signatures(answer, server.adapter.language_id)

    def checks(self) -> list[Check]:
        """Say of each language which server it has; none is started."""
        return [_check(one.name, server) for one, server in self._every()]

    def close(self) -> None:
        """End the processes; none is started any more."""
        with self._lock:
            self._closed = True
            servers, self._servers = self._servers, {}
        for server in servers.values():
            server.close()
        # What lays a filter out has folders of its own, which it takes away.
        for thread in tuple(self._asking):
            thread.join(_LEAVES)

    def _ask(self, filter: Filter, method: str, line: int, column: int, deadline: float) -> Any:  # noqa: A002
        """Ask in another thread, since to lay a filter out takes time as well; wait no longer than until a moment.

        Raises
        ------
        NoAnswerError
        UsageError, CompileError, ToolchainError
        """
        server = self._server(filter.language)
        if server is None:
            raise NoAnswerError(f"there is no language server for {filter.language}")
        made: Future[Any] = Future()

        def ask() -> None:
            try:
                # A server has others' build scripts and macros run, as a compiler has.
                if not at_hand(filter):
                    raise NoAnswerError("run the cell once: it needs what is not on this machine yet")  # noqa: TRY301
                made.set_result(server.ask(filter, method, line, column, deadline))
            except (NoAnswerError, Explained) as error:
                made.set_exception(error)
            except Exception as error:  # noqa: BLE001 - such as a disk that is full: Tab is no place to say more of it
                made.set_exception(NoAnswerError(f"{server.adapter.name} cannot be asked: {type(error).__name__}"))
            finally:
                self._asking.discard(threading.current_thread())

        thread = threading.Thread(target=ask, name="wasmnb-ask", daemon=True)
        self._asking.add(thread)
        thread.start()
        try:
            return made.result(max(0.0, deadline - time.monotonic()))
        except (FutureTimeoutError, TimeoutError):
            raise NoAnswerError(f"{server.adapter.name} has not answered yet") from None

    def _every(self) -> Iterator[tuple[Language, LanguageServer]]:
        for word, one in LANGUAGES.loaded().items():
            server = self._server(word)
            if server is not None:
                yield one, server

    def _server(self, language: str) -> LanguageServer | None:
        found = LANGUAGES.get(language)
        if found is None or not found.server:
            return None
        known = self._servers.get(language)
        if known is not None:
            return known
        made = LanguageServer(cast("Adapter", load(found.server)()))
        # Who types and who presses Tab are two threads, and there is to be one process, and none after the end.
        with self._lock:
            return None if self._closed else self._servers.setdefault(language, made)


def _line(filter: Filter, line: int) -> str:  # noqa: A002
    lines = filter.source.split("\n")
    return lines[line] if line < len(lines) else ""


def _check(language: str, server: LanguageServer) -> Check:
    name, adapter = f"{language} language server", server.adapter
    try:
        version = adapter.program().version
    except ToolchainError as error:
        return Check(name, ok=False, detail=" ".join([error.what, *error.why]), hint=error.hint, needed=False)
    running = f", running (process {server.pid})" if server.pid else ""
    again = f", started {server.starts} times" if server.starts > 1 else ""
    return Check(name, ok=True, detail=f"{adapter.name} {version}{running}{again}", needed=False)
