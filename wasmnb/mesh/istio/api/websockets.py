"""Websockets to the API server, many of them."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha1
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from websocket import (
    ABNF,
    STATUS_NORMAL,
    WebSocket,
    WebSocketBadStatusException,
    WebSocketConnectionClosedException,
    WebSocketException,
)

from wasmnb.mesh.istio.api.api_sockets import RECORD, BufferedSocket, connected_socket, proxied, secured

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

__all__ = ["UnopenedError", "connected"]

_OPEN = 15.0  # seconds for each step of opening; a way that leads nowhere says nothing
_HEAD = 64 * 2**10  # bytes that an answer's head may have
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_SWITCHES = 101
_BINARY, _CLOSE, _MASKED = 0x82, 0x88, 0x80
"""A frame's first byte, of one that is the only one of its message; and what says that it is masked."""
_TWO_BYTES, _EIGHT_BYTES, _MOST = 126, 127, 2**16 - 1
"""What stands for a length that has so many bytes, and the largest that has two."""


class UnopenedError(Exception):
    """A websocket was refused, or nobody answers; ``reason`` is what the websocket client says."""

    status = 0

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def connected(configuration: Any, address: str, headers: dict[str, str], protocol: str) -> Any:
    """Connect as the library's ``create_websocket`` does, which reads every file and the environment anew.

    That, and the library's reading of an answer's head byte by byte, is half of what a connection costs here.

    Parameters
    ----------
    configuration : kubernetes.client.Configuration or PlainConfiguration
    address : str
    headers : dict of str to str
    protocol : str
        What is spoken over the websocket.
    """
    if proxied(configuration):
        return _by_library(configuration, address, headers, protocol)
    websocket = _Websocket()
    websocket.sock = _upgraded(configuration, address, headers, protocol)
    websocket.connected = True
    return websocket


def _by_library(configuration: Any, address: str, headers: dict[str, str], protocol: str) -> Any:
    sslopt: dict[str, Any] = {}
    if address.startswith("wss://"):
        sslopt["context"] = secured(configuration)
        if configuration.tls_server_name:
            sslopt["server_hostname"] = configuration.tls_server_name
    websocket: Any = _Websocket(sslopt=sslopt)
    options: dict[str, Any] = {"header": [f"{name}: {value}" for name, value in headers.items()]}
    options |= {"subprotocols": [protocol], "timeout": _OPEN}
    if configuration.proxy or configuration.proxy_headers:
        from kubernetes.stream.ws_client import websocket_proxycare  # noqa: PLC0415 - over a second to import

        options = websocket_proxycare(options, configuration, address, headers)
    websocket.connect(address, **options)
    return websocket


def _upgraded(configuration: Any, address: str, headers: dict[str, str], protocol: str) -> socket.socket:
    """Connect to a server, and have it speak over a websocket from now on (RFC 6455, 4.1)."""
    url = urlsplit(address)
    wire = connected_socket(configuration, url, _OPEN)
    try:
        key = b64encode(os.urandom(16)).decode()
        fields = {
            "Host": url.netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Protocol": protocol,
            **headers,
        }
        lines = [
            f"GET {url.path}?{url.query} HTTP/1.1",
            *(f"{name}: {value}" for name, value in fields.items()),
            "",
            "",
        ]
        wire.sendall("\r\n".join(lines).encode())
        _check(wire, key, protocol)
    except BaseException:
        wire.close()
        raise
    return wire


def _check(wire: socket.socket, key: str, protocol: str) -> None:
    """Read the answer to a wish for a websocket; raise unless it is granted."""
    status, said = _head(wire)
    accept = b64encode(sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest()).decode()
    if status != _SWITCHES:
        raise WebSocketBadStatusException(f"Handshake status {status} {said}", status)
    if said.get("sec-websocket-accept") != accept or said.get("sec-websocket-protocol") != protocol:
        raise WebSocketException(f"the answer is not one of a websocket that speaks {protocol}")


def _head(wire: socket.socket) -> tuple[int, dict[str, str]]:
    """Read an answer's head, and nothing behind it."""
    data, end = b"", -1
    while end < 0:
        piece = wire.recv(RECORD if isinstance(wire, BufferedSocket) else 1)
        data += piece
        end = data.find(b"\r\n\r\n")
        if not piece or len(data) > _HEAD:
            raise WebSocketException("the connection was closed before an answer was whole")
    if isinstance(wire, BufferedSocket):
        wire.hold(data[end + 4 :])
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0, fields


class _Websocket(WebSocket):
    """Reads and writes frames at once that stand for themselves, as nearly all do; the library makes sixty calls."""

    def recv_data_frame(self, control_frame: bool = False) -> tuple[int, Any]:
        begun = self.frame_buffer.header is not None or self.frame_buffer.recv_buffer or self.cont_frame.cont_data
        data = self.sock.whole_frame() if isinstance(self.sock, BufferedSocket) and not begun else None
        if data is None:
            found: tuple[int, Any] = super().recv_data_frame(control_frame)
            return found
        return ABNF.OPCODE_BINARY, ABNF(1, 0, 0, 0, ABNF.OPCODE_BINARY, 0, data)

    def send_all(self, messages: Sequence[bytes]) -> None:
        """Send binary messages at once."""
        self._send_at_once(b"".join(_frame(_BINARY, one) for one in messages))

    def send_close(self, status: int = STATUS_NORMAL, reason: str | bytes = b"") -> None:
        self.connected = False
        said = reason.encode() if isinstance(reason, str) else reason
        self._send_at_once(_frame(_CLOSE, status.to_bytes(2, "big") + said))

    def _send_at_once(self, frames: bytes) -> None:
        if self.sock is None:
            raise WebSocketConnectionClosedException("the websocket is closed")
        with self.lock:
            self.sock.sendall(frames)


def _frame(kind: int, payload: bytes) -> bytes:
    """Give a frame that is the only one of its message, masked as a client's are (RFC 6455, 5.2 and 5.3)."""
    size = len(payload)
    if size < _TWO_BYTES:
        head = bytes((kind, _MASKED | size))
    elif size <= _MOST:
        head = bytes((kind, _MASKED | _TWO_BYTES)) + size.to_bytes(2, "big")
    else:
        head = bytes((kind, _MASKED | _EIGHT_BYTES)) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    key = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
    return head + mask + masked
