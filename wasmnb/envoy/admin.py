"""Asking Envoys: their admin interface over a Unix socket, and many quick questions at once."""

from __future__ import annotations

import contextlib
import re
import selectors
import threading
import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from wasmnb.envoy.sockets import plugged, unblocked
from wasmnb.errors import TrafficError
from wasmnb.plugin.rendering.envoy import AHEAD_NAME, CHAIN_NAME
from wasmnb.traffic.http_parser import Reader, read_response

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Admin", "Discovery", "Question", "answers", "ask_all", "discoveries"]

_PREFIX = f"extension_config_discovery.http_filter.{CHAIN_NAME}"
_BOTH = rf"extension_config_discovery\.(?:http|network)_filter\.{CHAIN_NAME}"
_VERSION = re.compile(rf'^{_BOTH}\.version_text: "(.*)"$', re.MULTILINE)
_REFUSED = re.compile(rf"^{_BOTH}\.update_(?:rejected|failure): (\d+)$", re.MULTILINE)

_ACCEPTED = r"/stats?usedonly&filter=^extension_config_discovery\."
_AHEAD = rf"extension_config_discovery\.http_filter\.{AHEAD_NAME}"
_LOADED = re.compile(rf'^{_AHEAD}\.(?:version_text: "(.*)"|update_(?:rejected|failure): (\d+))$', re.MULTILINE)
# The opening of an HTTP/2 connection, and a frame of settings that sets nothing (RFC 9113, sections 3.4 and 6.5).
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_NO_SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_SETTINGS = 4
_FRAME = 9
_PART = 65536
_BROKEN = re.compile(r"^cluster\..+\.upstream_cx_protocol_error: (\d+)$", re.MULTILINE)
_RELOADS = re.compile(r"^wasm\.(.+)\.vm_reload_success: (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Discovery:
    """What an Envoy says of what it discovered.

    Parameters
    ----------
    version, rejected : str, int
        Of its chain, which was accepted last, and how many were refused.
    ahead, ahead_rejected : str, int
        The same of what it loads and does not run.
    """

    version: str
    rejected: int
    ahead: str = ""
    ahead_rejected: int = 0

    @property
    def line(self) -> str:
        """The statistic that proves the version, as Envoy prints it."""
        return f'{_PREFIX}.version_text: "{self.version}"'


class Admin:
    """One Envoy's admin interface, over one connection that is kept.

    Parameters
    ----------
    path : pathlib.Path
        The Unix socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._wire: socket.socket | None = None

    def get(self, target: str, *, timeout: float = 1.0) -> str:
        """Ask for a page.

        Raises
        ------
        OSError
            The Envoy is not there, or does not answer within ``timeout`` seconds.
        """
        with self._lock:
            return self._get(target, timeout)

    def post(self, target: str, *, timeout: float = 1.0) -> str:
        """Have something changed; as `get` otherwise."""
        with self._lock:
            return self._get(target, timeout, "POST")

    @contextlib.contextmanager
    def asked(self, target: str, *, timeout: float = 1.0) -> Iterator[Callable[[float], str]]:
        """Ask for a page, and give what reads it within some seconds; until then nobody else asks.

        What it gives raises OSError as `get` does.
        """
        with self._lock:
            try:
                try:
                    self._send(target, timeout)
                except OSError:
                    self._drop()
                yield partial(self._answer, target)
            except BaseException:
                self._drop()
                raise

    def discovery(self, *, timeout: float = 1.0) -> Discovery:
        """Ask which chain is accepted (statistics of ``extension_config_discovery``, Envoy 1.40)."""
        return _discovery(self.get(_ACCEPTED, timeout=timeout))

    def level(self, logger: str) -> str:
        """Give the level at which one of its loggers writes; empty when there is no such logger."""
        found = re.search(rf"^\s*{re.escape(logger)}: (\w+)$", self.post("/logging"), re.MULTILINE)
        return found[1] if found else ""

    def reloads(self) -> dict[str, int]:
        """Ask how often each plugin's VM was loaded again since the Envoy started (policy ``FAIL_RELOAD``)."""
        return {name: int(count) for name, count in _RELOADS.findall(self.get("/stats?filter=vm_reload_success$"))}

    def protocol_errors(self) -> int:
        """Ask how many answers of services did not keep to HTTP, such as one with bytes behind its end."""
        return sum(
            int(count) for count in _BROKEN.findall(self.get("/stats?usedonly&filter=upstream_cx_protocol_error$"))
        )

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._drop()

    def _get(self, target: str, timeout: float, method: str = "GET") -> str:
        if self._wire is not None:
            # A connection that was kept may have been to an Envoy that is gone.
            with contextlib.suppress(ConnectionError):
                return self._ask(target, timeout, method)
        return self._ask(target, timeout, method)

    def _answer(self, target: str, timeout: float) -> str:
        try:
            return self._receive(timeout)
        except ConnectionError:
            # The connection was to an Envoy that is gone.
            self._drop()
            return self._get(target, timeout)
        except OSError:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = None

    def _ask(self, target: str, timeout: float, method: str) -> str:
        try:
            self._send(target, timeout, method)
            return self._receive(timeout)
        except BaseException:
            # What was not read to its end must not be taken for the next answer; an interrupt is such a case.
            self._drop()
            raise

    def _send(self, target: str, timeout: float, method: str = "GET") -> None:
        if self._wire is None:
            self._wire = plugged(self.path, timeout=timeout)
        self._wire.settimeout(timeout)
        self._wire.sendall(f"{method} {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n".encode())

    def _receive(self, timeout: float) -> str:
        """Read an answer; `http.client` takes four times as long, and this is asked ten times for each deployment."""
        wire = self._wire
        if wire is None:
            raise ConnectionError("the request could not be sent")
        wire.settimeout(timeout)
        try:
            answer = read_response(Reader(lambda: wire.recv(_PART), "the admin interface"), "GET")
        except TrafficError as error:
            raise ConnectionError(error.what) from error
        if "close" in (answer.headers.get("connection") or ""):
            self._drop()
        if answer.status != HTTPStatus.OK:
            raise ConnectionError(f"the admin interface answered {answer.status}")
        return answer.body.decode("utf-8", "replace")


@contextlib.contextmanager
def _asked(admins: Sequence[Admin], target: str, timeout: float) -> Iterator[Callable[[], list[str | OSError]]]:
    """Ask several Envoys for the same page at the same time, and give what waits for it."""
    deadline = time.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        # In the same order everywhere: two threads would wait for each other, each with what the other one wants.
        waiting = {
            admin: stack.enter_context(admin.asked(target, timeout=timeout))
            for admin in sorted(admins, key=lambda admin: admin.path)
        }
        yield lambda: [_page(waiting[admin], max(0.01, deadline - time.monotonic())) for admin in admins]


@contextlib.contextmanager
def discoveries(admins: Sequence[Admin], *, timeout: float) -> Iterator[Callable[[], list[Discovery | OSError]]]:
    """Ask several Envoys at the same time which chain they accepted, and give what waits for their answers.

    Parameters
    ----------
    admins : sequence of Admin
    timeout : float
        Seconds for all of them together.

    Yields
    ------
    callable
        Gives a list: per Envoy its answer, or why there is none.
    """
    with _asked(admins, _ACCEPTED, timeout) as pages:
        yield lambda: [page if isinstance(page, OSError) else _discovery(page) for page in pages()]


def answers(admins: Sequence[Admin], target: str, *, timeout: float) -> list[str | OSError]:
    """Ask several Envoys for the same page at the same time.

    Parameters
    ----------
    admins : sequence of Admin
    target : str
    timeout : float
        Seconds for all of them together.

    Returns
    -------
    list
        Per Envoy the page, or why there is none.
    """
    with _asked(admins, target, timeout) as pages:
        return pages()


def _page(answer: Callable[[float], str], timeout: float) -> str | OSError:
    try:
        return answer(timeout)
    except OSError as error:
        return error


def _discovery(text: str) -> Discovery:
    # Filters of requests and of connections are discovered for themselves: both are there once the later one is.
    version = min(_VERSION.findall(text), key=_number, default="")
    loaded = _LOADED.findall(text)
    ahead = next((accepted for accepted, _ in loaded if accepted), "")
    refused = sum(int(count) for _, count in loaded if count)
    return Discovery(version, sum(map(int, _REFUSED.findall(text))), ahead, refused)


def _number(version: str) -> int:
    return int(version.partition(" ")[0])


_OTHER = (
    "it speaks HTTP/2, not HTTP/1.1: stop the mesh and start it again, which finds that out of a service that runs, or "
    "write HOST:PORT/h2c"
)


@dataclass(frozen=True)
class Question:
    """One HTTP request to somewhere: a Unix socket's path, or host and port.

    With ``http2`` it is only the opening of an HTTP/2 connection without TLS (RFC 9113, section 3.4).
    """

    address: str | tuple[str, int]
    method: str = "GET"
    path: str = "/"
    http2: bool = False

    @property
    def opening(self) -> bytes:
        """What is sent."""
        if self.http2:
            return _PREFACE + _NO_SETTINGS
        host = "localhost" if isinstance(self.address, str) else self.address[0]
        return f"{self.method} {self.path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode()

    def meaning(self, answer: bytes) -> str | None:
        """Say what the first bytes of an answer mean; None while there are too few."""
        if len(answer) >= _FRAME and answer[3] == _SETTINGS and not answer.startswith(b"HTTP/"):
            return "" if self.http2 else _OTHER
        if self.http2:
            return None if len(answer) < _FRAME else "the answer is not HTTP/2"
        if b"\r\n" not in answer:
            return None
        return "" if answer.startswith(b"HTTP/") else "the answer is not HTTP"


class _Asked:
    """One question under way."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.request = question.opening
        self.answer = b""
        self.socket = unblocked(question.address)
        self.error: OSError | None = None
        try:
            self.socket.connect_ex(question.address)
        except OSError as error:
            # A host without an address: it is told when its turn comes.
            self.error = error

    def step(self) -> str | None:
        """Send or receive what can be; None while the first line of the answer is not there, else what it means."""
        try:
            if self.error is not None:
                raise self.error
            if self.request:
                self.request = self.request[self.socket.send(self.request) :]
                return None
            part = self.socket.recv(4096)
        except BlockingIOError:
            return None
        except OSError as error:
            return (error.strerror or str(error)).lower()
        if not part:
            return "closed without an answer"
        self.answer += part
        return self.question.meaning(self.answer)


def ask_all(questions: Sequence[Question], *, timeout: float) -> list[str]:
    """Ask all at the same time.

    Parameters
    ----------
    questions : sequence of Question
    timeout : float
        Seconds for all of them together.

    Returns
    -------
    list of str
        Per question: empty when an HTTP answer came (of whatever status), else why not, in a few words.
    """
    reasons = ["no answer in time"] * len(questions)
    open_ones = [_Asked(question) for question in questions]
    with selectors.DefaultSelector() as selector:
        for index, asked in enumerate(open_ones):
            selector.register(asked.socket, selectors.EVENT_WRITE, index)
        deadline = time.monotonic() + timeout
        try:
            while selector.get_map() and (left := deadline - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    asked = open_ones[key.data]
                    reason = asked.step()
                    if reason is not None:
                        reasons[key.data] = reason
                        selector.unregister(asked.socket)
                    elif not asked.request:
                        selector.modify(asked.socket, selectors.EVENT_READ, key.data)
        finally:
            for asked in open_ones:
                asked.socket.close()
    return reasons
