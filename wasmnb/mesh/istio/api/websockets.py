"""Websockets to the API server, many of them: certificates and the key are read once for all."""

from __future__ import annotations

import os
import secrets
import socket
import ssl
from base64 import b64encode
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
from websocket import ABNF, WebSocket, WebSocketBadStatusException, WebSocketException

__all__ = ["UnopenedError", "connected"]

_OPEN = 15.0  # seconds for each step of opening; a way that leads nowhere says nothing
_RECORD = 16 * 2**10  # bytes; a record of TLS has no more (RFC 8446, 5.1)
_HEAD = 64 * 2**10  # bytes that an answer's head may have
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_SWITCHES = 101
_BINARY, _TWO_BYTES, _LENGTH = 0x82, 126, 2
"""A frame's first byte, of one that is the only one of its message; and what says that its length has two bytes."""
_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # as the library has it
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")

_Files = tuple[str, str | None, str | None]


class UnopenedError(Exception):
    """A websocket was refused, or nobody answers; ``reason`` is what the websocket client says."""

    status = 0

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def connected(configuration: Any, address: str, headers: dict[str, str], protocol: str) -> Any:
    """Connect as the library's ``create_websocket`` does, which reads every file and the environment anew.

    That, and the library's reading of an answer's head byte by byte, is half of what a connection costs here. (Resuming
    a session costs more than it spares: Go's server takes several times longer over one than over a new handshake with
    small keys.)

    Parameters
    ----------
    configuration : kubernetes.client.Configuration or PlainConfiguration
    address : str
    headers : dict of str to str
    protocol : str
        What is spoken over the websocket.
    """
    secured: dict[str, Any] = {}
    if address.startswith("wss://"):
        secured["context"] = _secured(configuration)
        if configuration.tls_server_name:
            secured["server_hostname"] = configuration.tls_server_name
    websocket: Any = _Websocket(sslopt=secured)
    if configuration.proxy or configuration.proxy_headers or any(map(os.environ.get, _PROXIES)):
        options: dict[str, Any] = {"header": [f"{name}: {value}" for name, value in headers.items()]}
        options |= {"subprotocols": [protocol], "timeout": _OPEN}
        if configuration.proxy or configuration.proxy_headers:
            from kubernetes.stream.ws_client import websocket_proxycare  # noqa: PLC0415 - over a second to import

            options = websocket_proxycare(options, configuration, address, headers)
        websocket.connect(address, **options)
        return websocket
    websocket.sock = _upgraded(address, secured, headers, protocol)
    websocket.connected = True
    return websocket


def _upgraded(address: str, secured: dict[str, Any], headers: dict[str, str], protocol: str) -> socket.socket:
    """Connect to a server, and have it speak over a websocket from now on (RFC 6455, 4.1)."""
    url = urlsplit(address)
    host, port = url.hostname or "", url.port or (443 if secured else 80)
    wire = socket.create_connection((host, port), timeout=_OPEN)
    try:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _ALIVE.items():
            if hasattr(socket, name):  # not on every system
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        if secured:
            wire = secured["context"].wrap_socket(wire, server_hostname=secured.get("server_hostname", host))
        key = b64encode(secrets.token_bytes(16)).decode()
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
        piece = wire.recv(_RECORD if isinstance(wire, _Buffered) else 1)
        data += piece
        end = data.find(b"\r\n\r\n")
        if not piece or len(data) > _HEAD:
            raise WebSocketException("the connection was closed before an answer was whole")
    if isinstance(wire, _Buffered):
        wire.hold(data[end + 4 :])
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0, fields


class _Buffered(ssl.SSLSocket):
    """Gives small pieces of what one read brought: the library reads the head of an answer byte by byte."""

    _held = b""

    def hold(self, data: bytes) -> None:
        """Give data back, to be read before what comes next."""
        self._held = data + self._held

    def whole_frame(self) -> bytes | None:
        """Take what a binary frame holds that is whole and small; None for any other, which stays (RFC 6455, 5.2)."""
        held = self._held = self._held or super().recv(_RECORD)
        if len(held) < _LENGTH + 2 or held[0] != _BINARY or held[1] > _TWO_BYTES:
            return None
        begin = 2 + (_LENGTH if held[1] == _TWO_BYTES else 0)
        end = begin + (int.from_bytes(held[2:begin], "big") if held[1] == _TWO_BYTES else held[1])
        while len(held) < end:
            piece = super().recv(_RECORD)
            held = self._held = held + piece
            if not piece:
                return None
        self._held = held[end:]
        return held[begin:end]

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        held = self._held or super().recv(_RECORD, flags)
        found, self._held = held[:buflen], held[buflen:]
        return found


class _Websocket(WebSocket):
    """Reads a frame at once that stands for itself, as nearly all do: the library makes sixty calls for each."""

    def recv_data_frame(self, control_frame: bool = False) -> tuple[int, Any]:
        begun = self.frame_buffer.header is not None or self.frame_buffer.recv_buffer or self.cont_frame.cont_data
        data = self.sock.whole_frame() if isinstance(self.sock, _Buffered) and not begun else None
        if data is None:
            found: tuple[int, Any] = super().recv_data_frame(control_frame)
            return found
        return ABNF.OPCODE_BINARY, ABNF(1, 0, 0, 0, ABNF.OPCODE_BINARY, 0, data)


def _secured(configuration: Any) -> ssl.SSLContext:
    files = (configuration.ssl_ca_cert or certifi.where(), configuration.cert_file, configuration.key_file)
    changed = tuple(Path(file).stat().st_mtime_ns for file in files if file)
    return _context(bool(configuration.verify_ssl), configuration.assert_hostname is not False, files, changed)


@lru_cache(maxsize=8)
def _context(verify: bool, names: bool, files: _Files, _changed: tuple[int, ...]) -> ssl.SSLContext:
    authority, certificate, key = files
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.sslsocket_class = _Buffered
    found.check_hostname = verify and names
    if verify:
        found.load_verify_locations(authority)
    else:
        found.verify_mode = ssl.CERT_NONE
    if certificate:
        found.load_cert_chain(certificate, key)
    return found
