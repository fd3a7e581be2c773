"""Sockets to the API server, by the user's certificates, which are read once for all of them."""

from __future__ import annotations

import os
import socket
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import certifi

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["RECORD", "BufferedSocket", "connected_socket", "proxied", "secured"]

RECORD = 16 * 2**10  # bytes; a record of TLS has no more (RFC 8446, 5.1)
_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # as the websocket library has it
_BINARY, _TWO_BYTES, _LENGTH = 0x82, 126, 2
"""A websocket frame's first byte, of one that is the only one of its message; and what says that its length has two
bytes (RFC 6455, 5.2)."""
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")

_Files = tuple[str, str | None, str | None]


def proxied(configuration: Any) -> bool:
    """Say whether a proxy may stand before the API server; what is here knows none."""
    return bool(configuration.proxy or configuration.proxy_headers or any(map(os.environ.get, _PROXIES)))


def connected_socket(configuration: Any, url: SplitResult, timeout: float) -> socket.socket:
    """Connect to the API server.

    (Resuming a session costs more than it spares: Go's server takes several times longer over one than over a new
    handshake with small keys.)

    Parameters
    ----------
    configuration : kubernetes.client.Configuration or PlainConfiguration
    url : urllib.parse.SplitResult
        The server's.
    timeout : float
        Seconds for each step.

    Raises
    ------
    OSError
        Nobody answers, or another than the one that is expected.
    """
    tls = url.scheme in ("https", "wss")
    host, port = url.hostname or "", url.port or (443 if tls else 80)
    wire = socket.create_connection((host, port), timeout=timeout)
    try:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _ALIVE.items():
            if hasattr(socket, name):  # not on every system
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        if tls:
            wire = secured(configuration).wrap_socket(wire, server_hostname=configuration.tls_server_name or host)
    except BaseException:
        wire.close()
        raise
    return wire


class BufferedSocket(ssl.SSLSocket):
    """Gives small pieces of what one read brought: the websocket library reads the head of an answer byte by byte."""

    _held = b""

    def hold(self, data: bytes) -> None:
        """Give data back, to be read before what comes next."""
        self._held = data + self._held

    def whole_frame(self) -> bytes | None:
        """Take what a binary frame holds that is whole and small; None for any other, which stays."""
        held = self._held = self._held or super().recv(RECORD)
        if len(held) < _LENGTH + 2 or held[0] != _BINARY or held[1] > _TWO_BYTES:
            return None
        begin = 2 + (_LENGTH if held[1] == _TWO_BYTES else 0)
        end = begin + (int.from_bytes(held[2:begin], "big") if held[1] == _TWO_BYTES else held[1])
        while len(held) < end:
            piece = super().recv(RECORD)
            held = self._held = held + piece
            if not piece:
                return None
        self._held = held[end:]
        return held[begin:end]

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Give what is held, or what one read brings; no more than was asked for."""
        held = self._held or super().recv(RECORD, flags)
        found, self._held = held[:buflen], held[buflen:]
        return found


def secured(configuration: Any) -> ssl.SSLContext:
    """Give how TLS is spoken with the API server; anew where a file has changed."""
    files = (configuration.ssl_ca_cert or certifi.where(), configuration.cert_file, configuration.key_file)
    changed = tuple(os.stat(file).st_mtime_ns for file in files if file)  # noqa: PTH116 - for each connection
    return _context(bool(configuration.verify_ssl), configuration.assert_hostname is not False, files, changed)


@lru_cache(maxsize=8)
def _context(verify: bool, names: bool, files: _Files, _changed: tuple[int, ...]) -> ssl.SSLContext:
    authority, certificate, key = files
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.sslsocket_class = BufferedSocket
    found.check_hostname = verify and names
    if verify:
        found.load_verify_locations(authority)
    else:
        found.verify_mode = ssl.CERT_NONE
    if certificate:
        found.load_cert_chain(certificate, key)
    return found
