"""Websockets to the API server, many of them: certificates and the key are read once for all."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

import certifi
from kubernetes.stream.ws_client import websocket_proxycare
from websocket import WebSocket

__all__ = ["connected"]

_OPEN = 15.0  # seconds for each step of opening; a way that leads nowhere says nothing
_RECORD = 16 * 2**10  # bytes; a record of TLS has no more (RFC 8446, 5.1)

_Files = tuple[str, str | None, str | None]


def connected(configuration: Any, address: str, headers: dict[str, str], protocol: str) -> Any:
    """Connect as the library's ``create_websocket`` does, which reads every file anew.

    That is a quarter of what a connection costs here. (Resuming a session costs more than it spares: Go's server
    takes several times longer over one than over a new handshake with small keys.)

    Parameters
    ----------
    configuration : kubernetes.client.Configuration
    address : str
    headers : dict of str to str
    protocol : str
        What is spoken over the websocket.
    """
    options: dict[str, Any] = {"header": [f"{name}: {value}" for name, value in headers.items()]}
    options |= {"subprotocols": [protocol], "timeout": _OPEN}
    if configuration.proxy or configuration.proxy_headers:
        options = websocket_proxycare(options, configuration, address, headers)
    secured: dict[str, Any] = {}
    if address.startswith("wss://"):
        secured["context"] = _secured(configuration)
        if configuration.tls_server_name:
            secured["server_hostname"] = configuration.tls_server_name
    websocket: Any = WebSocket(sslopt=secured)
    websocket.connect(address, **options)
    return websocket


class _Buffered(ssl.SSLSocket):
    """Gives small pieces of what one read brought: the library reads the head of an answer byte by byte."""

    _held = b""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        held = self._held or super().recv(_RECORD, flags)
        found, self._held = held[:buflen], held[buflen:]
        return found


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
