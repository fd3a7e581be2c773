"""Quick exchanges with several Envoys at the same time, and with one whose service is played from here."""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmnb.envoy.sockets import unblocked
from wasmnb.errors import TrafficError
from wasmnb.traffic.exchange import Headers, Request
from wasmnb.traffic.http_client import encode
from wasmnb.traffic.http_parser import Reader, decode, read_response

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from wasmnb.traffic.exchange import Response

__all__ = ["PLAIN", "Echo", "Probe", "exchange_all"]

_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\nserver: echo\r\nx-powered-by: echo\r\n"
    b'cache-control: no-store\r\netag: "echo"\r\nset-cookie: echo=1\r\nconnection: close\r\n\r\nok\n'
)
"""With headers that services like to send, so that a filter that takes them away is seen to."""

_LOOK = 0.05  # seconds until it is asked whether somebody still waits

_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Probe:
    """A request that is sent to see what a filter does to it."""

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    @property
    def changes(self) -> bool:
        """Whether it may change something: it is sent once before a filter comes and once after, never again."""
        return self.method not in _READING

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Its headers; whoever reads an access log sees who sent it."""
        named = "user-agent" in {name.lower() for name, _ in self.headers}
        return self.headers if named else (("user-agent", "wasmnb-probe"), *self.headers)

    def encoded(self, authority: str) -> bytes:
        """Write it down; the connection ends with it."""
        lines = Headers((("connection", "close"), *self.lines))
        return encode(Request(self.method, authority, self.path, lines, self.body))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


PLAIN = Probe()
"""The request that every filter is tried with."""


class Echo:
    """The service behind an Envoy, played by whoever waits for the answer: it notes what arrives, and says "ok".

    Parameters
    ----------
    path : pathlib.Path
        The Unix socket where the Envoy finds it.
    """

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.socket.setblocking(False)
        self.arrived: list[tuple[str, tuple[tuple[str, str], ...], bytes]] = []

    def close(self) -> None:
        """Let go of the socket."""
        self.socket.close()

    def take(self, data: bytes) -> bool:
        """Take a request, once it is whole."""
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *rest = decode(head).split("\r\n")
        lines = tuple((name, value) for name, _, value in (line.partition(": ") for line in rest))
        fields = {name.lower(): value for name, value in lines}
        if "chunked" in fields.get("transfer-encoding", ""):
            if not body.endswith(b"0\r\n\r\n"):
                return False
        elif len(body) < int(fields.get("content-length") or 0):
            return False
        self.arrived.append((first, lines, body))
        return True


class _MoreError(Exception):
    """The response has not come to its end."""


class _Wire:
    """One connection of an exchange: what is still to be sent, and what came."""

    def __init__(self, wire: socket.socket, rest: bytes = b"") -> None:
        self.socket, self.rest, self.came = wire, rest, bytearray()
        self.method = rest.partition(b" ")[0].decode()
        self.response: Response | None = None

    def ask(self) -> bool:
        """Go on as the one who asks; say whether more may come."""
        more = self._step()
        return not self._answered(more=more) and more

    def serve(self, echo: Echo) -> bool:
        """Go on as the service; say whether more may come."""
        more = self._step()
        if not echo.take(bytes(self.came)):
            return more
        self.socket.sendall(_ANSWER)
        return False

    def _step(self) -> bool:
        try:
            if self.rest:
                self.rest = self.rest[self.socket.send(self.rest) :]
                return True
            data = self.socket.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.came += data
        return bool(data)

    def _answered(self, *, more: bool) -> bool:
        """Read the response; say whether it is whole. An Envoy closes some connections a second later only."""
        reader = Reader(_wait if more else bytes, "the proxy")
        reader.feed(bytes(self.came))
        with suppress(_MoreError, TrafficError):
            self.response = read_response(reader, self.method)
        return self.response is not None


def exchange_all(
    requests: Sequence[tuple[str | tuple[str, int], bytes]],
    *,
    timeout: float,
    echo: Echo | None = None,
    go_on: Callable[[], None] | None = None,
) -> list[Response | None]:
    """Send requests, each to an address of its own (a Unix socket's path, or host and port), at the same time.

    Parameters
    ----------
    requests : sequence of (address, bytes)
        Each closes its connection.
    timeout : float
        Seconds for all of them together.
    echo : Echo, optional
        The service that is played meanwhile.
    go_on : callable, optional
        Asked now and then; raises when nobody waits any more.

    Returns
    -------
    list of Response or None
        None where no whole answer came in time.
    """
    wires = [_Wire(unblocked(address), data) for address, data in requests]
    waiting = set(wires)
    deadline = time.monotonic() + timeout
    played: list[_Wire] = []
    with selectors.DefaultSelector() as selector:
        try:
            for wire, (address, _) in zip(wires, requests, strict=True):
                wire.socket.connect_ex(address)
                selector.register(wire.socket, selectors.EVENT_WRITE, wire)
            if echo is not None:
                selector.register(echo.socket, selectors.EVENT_READ, None)
            while waiting and (left := deadline - time.monotonic()) > 0:
                if go_on is not None:
                    go_on()
                for key, _ in selector.select(left if go_on is None else min(left, _LOOK)):
                    wire = key.data
                    if wire is None and echo is not None:
                        played.append(_accept(echo, selector))
                    elif not (wire.ask() if wire in waiting else wire.serve(echo)):
                        selector.unregister(wire.socket)
                        wire.socket.close()
                        waiting.discard(wire)
                    elif not wire.rest:
                        selector.modify(wire.socket, selectors.EVENT_READ, wire)
        finally:
            for wire in [*wires, *played]:
                wire.socket.close()
    return [wire.response for wire in wires]


def _accept(echo: Echo, selector: selectors.BaseSelector) -> _Wire:
    accepted, _ = echo.socket.accept()
    accepted.setblocking(False)
    wire = _Wire(accepted)
    selector.register(accepted, selectors.EVENT_READ, wire)
    return wire


def _wait() -> bytes:
    raise _MoreError
