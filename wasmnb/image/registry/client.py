"""One registry: requests with credentials, retries and errors in words.

Over the ``oras`` library: its addresses, its forms of a URL and of credentials, its session rules. Its ``Registry``
class is not used: importing it takes more than a second in a Jupyter environment (it imports ``jsonschema`` with every
format checker that is installed); it reads blobs from files below the working folder and writes them unverified; it
sends a manifest re-encoded, so under another digest; it tries every error five times over minutes, also those that
stay; and it prints.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import requests
from urllib3 import exceptions as urllib3_exceptions

from wasmnb.errors import RegistryError
from wasmnb.image.registry import credentials
from wasmnb.image.registry.access import Access, server
from wasmnb.image.registry.auth import TokenAuth
from wasmnb.image.registry.credential import Secrets
from wasmnb.image.registry.http_session import Session, same_server
from wasmnb.image.registry.responses import Operation, Reply, refusal, unreachable
from wasmnb.image.registry.retry import PATIENT, Retry, asked_pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from wasmnb.image.registry.credential import Credential

__all__ = ["PARALLEL", "Client", "Outcome", "client", "drop"]

#: Requests that one command has under way at most.
PARALLEL = 8

Item = TypeVar("Item")
Result = TypeVar("Result")

_UNAUTHORIZED = 401
_ROUNDS = 3  # as nobody, with a token, with a fresh token
_SMALL = 1 << 20
_PIECE = 1 << 16
_BROKEN = (requests.RequestException, urllib3_exceptions.HTTPError, OSError)


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    scopes: Sequence[str] = ()
    headers: Mapping[str, str] | None = None
    body: Callable[[], Any] | bytes | None = None  # a callable makes it anew every time


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What came of sending a request once.

    Parameters
    ----------
    result
        None when there is an error.
    error : RegistryError or None
    again : bool
        Whether the next time may go better.
    asked : float or None
        The seconds that the registry asked to wait.
    """

    result: Result | None
    error: RegistryError | None = None
    again: bool = False
    asked: float | None = None


_clients: dict[tuple[str, Access], Client] = {}
_lock = threading.Lock()


class Client:
    """The way to one registry; made once per process and kept, with its connections and tokens.

    Parameters
    ----------
    host : str
    access : Access
    retry : Retry
    credential : Credential, optional
        In place of those that are configured.
    """

    def __init__(
        self, host: str, access: Access, *, retry: Retry = PATIENT, credential: Credential | None = None
    ) -> None:
        self.host, self.retry = host, retry
        self.server = server(host, access)
        self.secrets = Secrets()
        self._session = Session(access.verify)
        self._given, self._note = credential, ""
        self._auth = TokenAuth(self.server, self._credential, self.secrets, self._session.ask)
        self._threads = ThreadPoolExecutor(PARALLEL, thread_name_prefix="wasmnb-registry")
        #: Where a blob has been seen on this registry: digest to repository, for a mount in place of an upload.
        self.seen: dict[str, str] = {}
        #: Repository and tag of what was pushed from here, until somebody has looked again.
        self.moved: set[tuple[str, str]] = set()

    def __repr__(self) -> str:
        return f"Client({self.host!r})"

    @property
    def knows_us(self) -> bool:
        """Whether the registry asked who we are, and got an answer."""
        return self._auth.shown is not None

    # -- requests ---------------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        url: str,
        operation: Operation,
        *,
        scopes: Sequence[str] = (),
        expect: Sequence[int] = (200,),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = _SMALL,
    ) -> Reply:
        """Send a request, several times when it must be, and read the answer.

        Parameters
        ----------
        method, url : str
        operation : Operation
            For messages.
        scopes : sequence of str
            What a token must allow.
        expect : sequence of int
            The answers that are given back; any other is an error.
        headers : mapping, optional
        body : bytes, optional
        limit : int
            The most bytes to read.

        Raises
        ------
        RegistryError
            There is no answer, or another one than expected.
        """

        def read(response: requests.Response) -> Reply:
            return Reply(response.status_code, response.headers, _read(response, limit), str(response.url))

        return self._until(lambda: self._attempt(_Request(method, url, scopes, headers, body), operation, expect, read))

    def attempt(
        self,
        method: str,
        url: str,
        operation: Operation,
        *,
        scopes: Sequence[str],
        expect: Sequence[int],
        headers: Mapping[str, str] | None = None,
        body: Callable[[], Any] | None = None,
    ) -> Outcome[Reply]:
        """Send a request once, and say what came of it; for what cannot be repeated as it is."""

        def read(response: requests.Response) -> Reply:
            return Reply(response.status_code, response.headers, _read(response, _SMALL), str(response.url))

        return self._attempt(_Request(method, url, scopes, headers, body), operation, expect, read)

    def stream(
        self,
        url: str,
        operation: Operation,
        *,
        scopes: Sequence[str],
        headers: Mapping[str, str],
        expect: Sequence[int],
    ) -> requests.Response:
        """Ask for a body that is read piece by piece; the caller closes it.

        Raises
        ------
        RegistryError
            There is no answer, or another one than expected.
        """
        return self._until(
            lambda: self._attempt(_Request("GET", url, scopes, headers), operation, expect, lambda found: found)
        )

    def side_by_side(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Begin work on several items, at most `PARALLEL` at once, and give the results in order.

        What has not begun is not begun any more when one fails, or when the user stops the command.
        """
        waiting = [self._threads.submit(work, item) for item in items]

        def results() -> Iterator[Result]:
            try:
                for future in waiting:
                    yield future.result()
            finally:
                for future in waiting:
                    future.cancel()

        return results()

    def _until(self, attempt: Callable[[], Outcome[Result]]) -> Result:
        for number in count(1):
            outcome = attempt()
            if outcome.error is None:
                return cast("Result", outcome.result)
            if not outcome.again or not self.retry.wait(number, outcome.asked):
                raise outcome.error
        raise AssertionError  # ``count`` has no end

    def _attempt(
        self,
        request: _Request,
        operation: Operation,
        expect: Sequence[int],
        read: Callable[[requests.Response], Result],
    ) -> Outcome[Result]:
        try:
            response = self._admitted(request)
            if response.status_code in expect:
                return Outcome(read(response))
            reply = Reply(response.status_code, response.headers, _read(response, _SMALL), str(response.url))
        except _BROKEN as trouble:
            error, again = unreachable(trouble, self._shown(operation), self.secrets)
        else:
            error, again = refusal(reply, self._shown(operation), self.secrets), self.retry.again(reply.status)
            return Outcome(None, error, again, asked_pause(reply.headers.get("Retry-After")))
        return Outcome(None, error, again)

    def _admitted(self, request: _Request) -> requests.Response:
        """Send a request with whatever the registry wants for it; a 401 that stays is given back."""
        home = same_server(request.url, self.server)
        for last in (False,) * (_ROUNDS - 1) + (True,):
            key = self._auth.header(request.scopes) if home else {}
            body = request.body() if callable(request.body) else request.body
            headers = {**_HEADERS, **(request.headers or {}), **key}
            response = self._session.ask(request.method, request.url, headers=headers, body=body)
            if response.status_code != _UNAUTHORIZED or not home or last:
                break
            challenges = response.headers.get("WWW-Authenticate", "")
            if not self._auth.answer(challenges, request.scopes, key.get("Authorization", "")):
                break
            _read(response, _SMALL)
        return response

    def _credential(self) -> Credential | None:
        """Find who we are, when a registry asks for the first time: helpers are slow, and many never ask."""
        found, self._note = (self._given, "") if self._given else credentials.find(self.host)
        if found is not None:
            self.secrets.hold(found)
        return found

    def _shown(self, operation: Operation) -> Operation:
        who = self._auth.shown
        return Operation(operation.verb, operation.what, self.host, who.source if who else "", self._note)

    def close(self) -> None:
        """Close every connection."""
        self._session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


# Bytes as they are: a body that is decompressed on its way has another digest, and may be a bomb.
_HEADERS = {"User-Agent": "wasmnb", "Accept-Encoding": "identity"}


def client(host: str, access: Access | None = None) -> Client:
    """Give the client of a registry, the same one every time."""
    key = (host, access or Access())
    with _lock:
        found = _clients.get(key)
        if found is None:
            found = _clients[key] = Client(*key, retry=PATIENT)
    return found


def drop(host: str | None = None) -> None:
    """Forget what is known of a registry, or of all: connections, tokens, credentials."""
    with _lock:
        for key in [key for key in _clients if host in (None, key[0])]:
            _clients.pop(key).close()


def _read(response: requests.Response, limit: int) -> bytes:
    """Read a body of at most so many bytes, undecoded, and give the connection back to be used again."""
    parts, size = [], 0
    try:
        while piece := response.raw.read(_PIECE, decode_content=False):
            size += len(piece)
            if size > limit:
                break
            parts.append(piece)
    except BaseException:
        response.close()
        raise
    if size > limit:
        response.close()
        raise RegistryError(
            f"A registry sent more than {limit:,} bytes, the most that is accepted here.",
            hint="check the registry's address: what answers there is broken, or is no registry",
        )
    response.raw.release_conn()
    return b"".join(parts)


def _forget_in_child() -> None:
    """Sockets, threads and a lock that somebody else holds are not for a forked process."""
    global _lock  # noqa: PLW0603 - the one there is
    _lock = threading.Lock()
    _clients.clear()


os.register_at_fork(after_in_child=_forget_in_child)
