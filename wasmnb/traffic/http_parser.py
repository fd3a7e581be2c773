"""HTTP/1.1 messages read byte for byte (RFC 9112), with nothing normalised and no header name refused.

The usual libraries lower-case names, reorder lines, or stop at a name such as ``你好``; what a filter did to a
response can only be judged on what was on the wire.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.errors import TrafficError
from wasmnb.traffic.exchange import Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BODY_LIMIT", "HEAD_LIMIT", "OTHER", "Reader", "decode", "read_request", "read_response"]

HEAD_LIMIT = 256 * 1024
"""Bytes of one header block, trailers included (four times Envoy's own default of 60 KiB)."""

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of a body."""

_STATUS_LINE = re.compile(r"(HTTP/1\.[01]) ([1-9][0-9]{2})(?: (.*))?", re.DOTALL)
_REQUEST_LINE = re.compile(r"([!-~]+) ([!-~]+) HTTP/1\.[01]")
_DIGITS = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(r"[0-9A-Fa-f]{1,15}")
_NO_BODY = {204, 304}
_SWITCHING = 101
_FIRST_FINAL = 200
_QUOTE = 120

OTHER = "check that the port is the one of an HTTP service, and that it does not take TLS or HTTP/2 only"
_NO_STATUS = "its first line is not a status line"
_BROKEN = "the service, or a filter before it, writes a response that breaks HTTP/1.1: look at what makes that line"
_ADDED = "look at what the service, or a filter before it, adds to its headers"
_SMALLER = "ask for something smaller, or send the request with a tool that writes to a file"


def decode(raw: bytes) -> str:
    """Give a header's bytes as text: UTF-8 where they are, else Latin-1, which every byte is."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Reader:
    """Bytes of one response, taken as they come.

    Parameters
    ----------
    receive : callable
        Gives the next bytes, empty at the end of the stream.
    peer : str
        Who answers, for error messages.

    Attributes
    ----------
    stage : str
        What is being waited for, as a phrase that a timeout quotes.
    received : int
        Bytes that have come so far.
    seen : list of str
        Status line and header lines read so far, for error messages.
    """

    def __init__(self, receive: Callable[[], bytes], peer: str) -> None:
        self._receive = receive
        self._buffer = bytearray()
        self.peer = peer
        self.stage = "waiting for the first byte of the response"
        self.received = 0
        self.seen: list[str] = []

    def fill(self) -> bool:
        """Take more bytes; say whether there were any."""
        data = self._receive()
        self.feed(data)
        return bool(data)

    def feed(self, data: bytes) -> None:
        """Add bytes that came while the request was still being sent."""
        self._buffer += data
        self.received += len(data)

    def line(self, limit: int, *, begins: bytes = b"") -> bytes:
        """Read a line without its end; a bare LF ends one too (RFC 9112, 2.2). One that is cut short may be no HTTP."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if start > limit:
                self._too_large("header block", HEAD_LIMIT, _ADDED)
            if not self.fill():
                if not begins.startswith(bytes(self._buffer[: len(begins)])):
                    raise self.refuse(_NO_STATUS, bytes(self._buffer))
                self._cut_short(f"in the middle of a line, after {self.received} bytes")
        if end > limit:
            self._too_large("header block", HEAD_LIMIT, _ADDED)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def exactly(self, size: int, total: str, into: bytearray | None = None) -> bytes:
        """Read a known number of bytes; ``total`` says of how many, for error messages.

        Where they do not all come, those that did are added to ``into``.
        """
        while len(self._buffer) < size:
            self.stage = f"reading the body ({len(self._buffer)} of {total} bytes came)"
            try:
                if not self.fill():
                    self._cut_short(f"in the middle of the body, after {len(self._buffer)} of {total} bytes")
            except (TrafficError, OSError):
                if into is not None:
                    into += self._buffer
                raise
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def rest(self) -> bytes:
        """Read until the peer closes."""
        while True:
            self.stage = f"reading a body that ends when the connection does ({len(self._buffer)} bytes came)"
            if len(self._buffer) > BODY_LIMIT:
                self._too_large("body", BODY_LIMIT, _SMALLER)
            if not self.fill():
                data = bytes(self._buffer)
                self._buffer.clear()
                return data

    @property
    def left(self) -> int:
        """How many bytes came that nobody has read."""
        return len(self._buffer)

    def refuse(self, reason: str, quote: bytes | str = "") -> TrafficError:
        """Make the error for bytes that are not HTTP/1.1."""
        quoted = decode(quote) if isinstance(quote, bytes) else quote
        why = [*self.seen[:3], ascii(quoted)[1:-1][:_QUOTE] if not quoted.isprintable() else quoted[:_QUOTE]]
        return TrafficError(
            f"{self.peer} did not answer in HTTP/1.1: {reason}.",
            why=[line for line in why if line],
            hint=_BROKEN if self.seen else OTHER,
        )

    def _cut_short(self, where: str) -> None:
        raise TrafficError(
            f"{self.peer} closed the connection {where}.",
            why=self.seen[:8],
            hint="the service or a proxy before it ended the response early: look at its log",
        )

    def _too_large(self, what: str, limit: int, hint: str) -> None:
        raise TrafficError(
            f"The {what} that {self.peer} sends is larger than {limit // 1024} KiB.",
            why=[line[:_QUOTE] for line in self.seen[:3]],
            hint=hint,
        )

    def check_body_size(self, size: int) -> None:
        """Refuse a body that is announced larger than the limit."""
        if size > BODY_LIMIT:
            self._too_large("body", BODY_LIMIT, _SMALLER)


def read_response(reader: Reader, method: str) -> Response:
    """Read the final response to a request; 1xx responses before it are passed over.

    Raises
    ------
    TrafficError
        What came is not HTTP/1.1, ends early, or is too large.
    """
    while True:
        version, status, reason, headers = _head(reader)
        if status >= _FIRST_FINAL or status == _SWITCHING:
            break
        reader.seen.clear()
    trailers = Headers()
    if method == "HEAD" or status < _FIRST_FINAL or status in _NO_BODY:
        body = b""
    elif (codings := _list_of(headers, "transfer-encoding")) and codings[-1] == "chunked":
        body, trailers = _chunked(reader)
    elif codings:
        body = reader.rest()
    elif (size := _content_length(reader, headers)) is not None:
        reader.check_body_size(size)
        body = reader.exactly(size, str(size))
    else:
        body = reader.rest()
    return Response(status, reason, headers, body, version, trailers, reader.left)


def read_request(reader: Reader, begun: Callable[[Request], None] | None = None) -> Request:
    """Read a request, as a service gets it.

    Parameters
    ----------
    reader : Reader
    begun : callable, optional
        Gets the request as soon as its headers are there, and again when its body ends early, with what came of that.

    Raises
    ------
    TrafficError
        What came is not HTTP/1.1, ends early, or is too large.
    """
    raw = reader.line(HEAD_LIMIT)
    match = _REQUEST_LINE.fullmatch(decode(raw))
    if match is None:
        raise reader.refuse("its first line is not a request line", raw)
    headers = _lines(reader, HEAD_LIMIT - len(raw))
    request = Request(match[1], headers.get("host") or "", match[2], headers)
    if begun is not None:
        begun(request)
    came = bytearray()
    try:
        if (codings := _list_of(headers, "transfer-encoding")) and codings[-1] == "chunked":
            body, _ = _chunked(reader, came)
        else:
            size = _content_length(reader, headers) or 0
            reader.check_body_size(size)
            body = reader.exactly(size, str(size), came)
    except (TrafficError, OSError):
        if begun is not None:
            begun(replace(request, body=bytes(came)))
        raise
    return replace(request, body=body)


def _head(reader: Reader) -> tuple[str, int, str, Headers]:
    raw = reader.line(HEAD_LIMIT, begins=b"HTTP/1.")
    reader.stage = "reading the response headers"
    match = _STATUS_LINE.fullmatch(decode(raw))
    if match is None:
        raise reader.refuse(_NO_STATUS, raw)
    reader.seen.append(decode(raw)[:_QUOTE])
    headers = _lines(reader, HEAD_LIMIT - len(raw))
    return match[1], int(match[2]), match[3] or "", headers


def _lines(reader: Reader, limit: int) -> Headers:
    lines: list[tuple[str, str]] = []
    while raw := reader.line(limit):
        limit -= len(raw) + 1
        if raw[:1] in b" \t" and lines:
            # A folded value (RFC 9112, 5.2): its line breaks count as a space.
            name, value = lines.pop()
            lines.append((name, f"{value} {decode(raw.strip())}".strip()))
            continue
        head, colon, tail = raw.partition(b":")
        if not colon or not head.strip(b" \t"):
            raise reader.refuse("a header line has no name", raw)
        lines.append((decode(head.strip(b" \t")), decode(tail.strip(b" \t"))))
        reader.seen.append(decode(raw)[:_QUOTE])
    return Headers(tuple(lines))


def _list_of(headers: Headers, name: str) -> list[str]:
    return [word.strip().lower() for value in headers.all(name) for word in value.split(",") if word.strip()]


def _content_length(reader: Reader, headers: Headers) -> int | None:
    values = set(_list_of(headers, "content-length"))
    if not values:
        return None
    value = values.pop()
    if values or not _DIGITS.fullmatch(value):
        raise reader.refuse("its content-length is not one number", ", ".join(headers.all("content-length")))
    return int(value)


def _chunked(reader: Reader, into: bytearray | None = None) -> tuple[bytes, Headers]:
    """Read a body in chunks; what came of one that does not end is left in ``into``."""
    body = bytearray() if into is None else into
    while True:
        reader.stage = f"reading a chunked body ({len(body)} bytes came)"
        raw = reader.line(HEAD_LIMIT)
        size = decode(raw.partition(b";")[0].strip(b" \t"))
        if not _CHUNK_SIZE.fullmatch(size):
            raise reader.refuse("a chunk of its body does not start with its size", raw)
        if not int(size, 16):
            return bytes(body), _lines(reader, HEAD_LIMIT)
        reader.check_body_size(len(body) + int(size, 16))
        body += reader.exactly(int(size, 16), f"the next {int(size, 16)}", body)
        if reader.line(HEAD_LIMIT):
            raise reader.refuse("a chunk of its body is longer than its size")
