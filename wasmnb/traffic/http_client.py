"""One HTTP/1.1 exchange over a socket of its own, with every header line as it is on the wire."""

from __future__ import annotations

import re
import selectors
import socket
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import TrafficError
from wasmnb.traffic.http_parser import Reader, read_response
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.traffic.exchange import Request, Response
    from wasmnb.wording import Text

__all__ = ["NotReadyError", "encode", "roundtrip"]

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[^\x00-\x20\x7f]+")
_NAME = re.compile(r"[^\x00-\x20:\x7f]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_WITH_BODY = {"POST", "PUT", "PATCH"}


class NotReadyError(TrafficError):
    """Nobody took the connection, or it was closed before the first byte of a response.

    ``sent`` says whether the request may have reached somebody.
    """

    code = "WNB4051"

    def __init__(self, what: Text, *, sent: bool = False, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.sent = sent


def roundtrip(address: tuple[str, int], request: Request, *, timeout: float) -> Response:
    """Send one request on a new connection and read its response.

    Parameters
    ----------
    address : (str, int)
        Host and port to connect to; ``request.authority`` only becomes the ``host`` header.
    request : Request
        Sent as it is. ``host`` and ``content-length`` are added where they are missing; with
        ``transfer-encoding: chunked`` the body is sent as one chunk.
    timeout : float
        Seconds for everything: connecting, sending, and reading to the last byte.

    Returns
    -------
    Response
        Header lines in wire order, with case and duplicates; 1xx responses are passed over.

    Raises
    ------
    NotReadyError
        Nobody listens, or the connection was closed before the response began.
    TrafficError
        The request cannot be written, time is up, the response is cut short, too large, or not HTTP.
    """
    data = encode(request)
    with closing(_Wire(address, request.authority, timeout)) as wire:
        wire.send(data)
        response = read_response(wire.reader, request.method)
        return replace(response, surplus=wire.surplus())


def encode(request: Request) -> bytes:
    """Write a request down; whatever could smuggle in a second line is refused.

    Raises
    ------
    TrafficError
        It cannot be written.
    """
    _require(_METHOD, "method", request.method)
    _require(_TARGET, "path", request.path, "write a space as %20, and leave out line breaks and control characters")
    _require(_TARGET, "host", request.authority)
    lines = list(request.headers)
    for name, value in lines:
        _require(_NAME, "header name", name, "leave out colons, line breaks, control characters and spaces")
        _require(_VALUE, f"value of the header {name!r}", value, "leave out line breaks and control characters")
    body = request.body
    chunked = [value.lower() for value in request.headers.all("transfer-encoding")]
    if chunked and chunked != ["chunked"]:
        raise TrafficError(
            f"A request body cannot be sent as {', '.join(chunked)}.", hint="leave transfer-encoding out"
        )
    lengths = request.headers.all("content-length")
    if lengths and (chunked or lengths != [str(len(body))]):
        raise TrafficError(
            f"The header content-length says {', '.join(lengths)}, but the body has {len(body)} bytes.",
            hint="leave content-length out: it is added",
        )
    if "host" not in request.headers:
        lines.insert(0, ("host", request.authority))
    if chunked:
        body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    elif not lengths and (body or request.method in _WITH_BODY):
        lines.append(("content-length", str(len(body))))
    head = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines), "", ""]
    return "\r\n".join(head).encode() + body


def _require(
    pattern: re.Pattern[str],
    what: str,
    text: str,
    hint: str = "leave out line breaks, control characters and spaces",
) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        hint = "write it in Unicode: a part of it is half of a character"
    else:
        if pattern.fullmatch(text):
            return
    raise TrafficError(f"{text!r} cannot be sent as the {what} of a request.", hint=hint if text else f"give a {what}")


class _Wire:
    """A connection with a deadline, whose every failure is a sentence."""

    def __init__(self, address: tuple[str, int], authority: str, timeout: float) -> None:
        where = f"{address[0]}:{address[1]}"
        self._peer = where if authority == where else f"{authority} (at {where})"
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self.reader = Reader(self._receive, self._peer)
        self.reader.stage = "connecting"
        try:
            self._socket = socket.create_connection(address, timeout=self._left())
        except TimeoutError:
            raise self._late() from None
        except OSError as error:
            raise self._unreachable(error) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send everything, and take in what the peer says meanwhile, so that neither waits for the other."""
        self.reader.stage = "sending the request"
        self._socket.setblocking(False)
        rest = memoryview(data)
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while rest:
                for _, events in selector.select(self._left()):
                    if events & selectors.EVENT_READ and not self._receive_early():
                        return
                    if events & selectors.EVENT_WRITE:
                        try:
                            rest = rest[self._socket.send(rest) :]
                        except BlockingIOError:
                            continue
                        except (BrokenPipeError, ConnectionResetError):
                            # The peer may have answered (413, 400) before it closed: read that.
                            return
        self.reader.stage = "waiting for the first byte of the response"

    def surplus(self) -> int:
        """Say how many bytes there are behind the end of the response."""
        self._socket.setblocking(False)
        self._receive_early()
        return self.reader.left

    def _receive_early(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.reader.feed(data)
        return bool(data)

    def _receive(self) -> bytes:
        try:
            self._socket.settimeout(self._left())
            data = self._socket.recv(65536)
        except TimeoutError:
            raise self._late() from None
        except OSError as error:
            if self.reader.received:
                raise TrafficError(
                    f"{self._peer} broke the connection while {self.reader.stage}.",
                    why=[*self.reader.seen[:6], str(error.strerror or error)],
                    hint="the service or a proxy before it ended the response early: look at its log",
                ) from None
            raise self._silent(str(error.strerror or error)) from None
        if not data and not self.reader.received:
            raise self._silent("end of stream before the first byte")
        return data

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> TrafficError:
        return TrafficError(
            f"{self._peer} did not answer within {self._timeout:.3g} s: time was up while {self.reader.stage}.",
            why=self.reader.seen[:6],
            hint=Wording(
                "look at the log of the service and of its proxy, or allow more time ({})", Option("timeout", "SECONDS")
            ),
            code="WNB4053",
        )

    def _silent(self, reason: str) -> NotReadyError:
        return NotReadyError(
            f"{self._peer} closed the connection without an answer.",
            why=[reason],
            hint="the proxy may be starting or stopping: look at the pods, then send again",
            sent=True,
        )

    def _unreachable(self, error: OSError) -> TrafficError:
        reason = str(error.strerror or error)
        if isinstance(error, socket.gaierror):
            return TrafficError(f"{self._peer} has no address.", why=[reason], hint="check the name of the host")
        kind = NotReadyError if isinstance(error, (ConnectionRefusedError, ConnectionResetError)) else TrafficError
        return kind(
            f"{self._peer} does not take connections.",
            why=[reason],
            hint="check that the service runs and the port is right: look at the pods",
        )
