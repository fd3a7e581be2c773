"""A service of ours in a cluster: it answers a request with its body, and keeps it for who asks what was received."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wasmnb.agent.metrics import DualStackServer
from wasmnb.errors import TrafficError
from wasmnb.mesh.istio.requests.echo import kept
from wasmnb.mesh.istio.requests.received import MARK
from wasmnb.traffic.http_parser import Reader, read_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.traffic import Request

__all__ = ["Kept", "serve"]

_MOST = 64
"""Requests that are kept."""
_BODY = 1024 * 1024
"""Bytes of a body that are kept."""
_PATIENCE = 60.0  # seconds for the next request on a connection
_PLAIN = "text/plain; charset=utf-8"


class Kept:
    """The last requests, by the mark that each came with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    def put(self, request: Request, *, ended: bool = True) -> None:
        """Keep a request, if it has a mark; one that has not ended as far as it came."""
        mark = request.headers.get(MARK)
        if not mark:
            return
        with self._lock:
            self._known.pop(mark, None)
            self._known[mark] = kept(request, _BODY, ended=ended)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)

    def get(self, mark: str) -> str:
        """Give a request as JSON; ``null`` for one that did not come."""
        with self._lock:
            return self._known.get(mark, "null")


def serve(port: int, kept_port: int) -> tuple[ThreadingHTTPServer, ThreadingHTTPServer]:
    """Take requests at one port, and tell of them at another, which this pod alone reaches; the caller ends both.

    Parameters
    ----------
    port, kept_port : int
        0 for a free one.
    """
    requests = Kept()

    class Echo(BaseRequestHandler):
        def handle(self) -> None:
            """Answer what comes on a connection."""
            self.request.settimeout(_PATIENCE)
            unended = partial(requests.put, ended=False)
            reader = Reader(lambda: self.request.recv(65536), "the client")
            try:
                while _answered(self.request.sendall, read_request(reader, unended), requests):
                    pass
            except (OSError, TrafficError):
                return  # it was closed, or is no HTTP

    class Telling(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Tell of a request."""
            body = requests.get(unquote(self.path.removeprefix("/"))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: what came may be secret."""

    servers = DualStackServer(("", port), Echo), ThreadingHTTPServer(("127.0.0.1", kept_port), Telling)
    for server in servers:
        threading.Thread(target=server.serve_forever, name="wasmnb-echo", daemon=True).start()
    return servers


def _answered(send: Callable[[bytes], None], request: Request, requests: Kept) -> bool:
    """Answer a request; say whether another may follow on its connection."""
    requests.put(request)
    body = request.body or f"{request.method} {request.path}\n".encode()
    kind = (request.headers.get("content-type") or _PLAIN) if request.body else _PLAIN
    last = "close" in (request.headers.get("connection") or "").lower()
    lines = ["HTTP/1.1 200 OK", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += ["connection: close"] if last else []
    head = "\r\n".join([*lines, "", ""]).encode()
    send(head if request.method == "HEAD" else head + body)
    return not last
