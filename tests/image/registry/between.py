"""A server in front of a registry that does harm where it is told to."""

from __future__ import annotations

import os
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Fault:
    """What happens to requests of one kind, so many times."""

    method: str
    path: str
    act: Callable[[Handler], bool]
    times: int = 1


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: int = 0


class Between(ThreadingHTTPServer):
    """A server in front of a registry: it counts, and does harm where it is told to."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = behind
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def fault(self, method: str, path: str, act: Callable[[Handler], bool], times: int = 1) -> None:
        self.faults.append(Fault(method, path, act, times))

    def count(self, method: str, path: str = "") -> int:
        return sum(item.method == method and re.search(path, item.path) is not None for item in self.seen)

    def next_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are what this is for."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join(10)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Between

    def log_message(self, *words: Any) -> None:
        """Say nothing."""

    def do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.seen.append(Seen(self.command, self.path, dict(self.headers), length))
        fault = self.server.next_fault(self.command, self.path)
        self.length = length
        if fault is not None and fault.act(self):
            return
        self.forward(self.rfile.read(length) if length else b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815 - the library's names

    def forward(self, body: bytes) -> None:
        status, headers, data = self.fetch(body)
        self.answer(status, data, headers)

    def fetch(self, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self.server.behind, timeout=20)
        try:
            headers = {key: value for key, value in self.headers.items() if key.lower() != "connection"}
            connection.request(self.command, self.path, body=body or None, headers=headers)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def answer(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        kept = {k: v for k, v in (headers or {}).items() if k.lower() not in ("transfer-encoding", "connection")}
        if "Content-Length" not in kept or self.command != "HEAD":
            kept["Content-Length"] = str(len(data))
        if status == 204:
            kept.pop("Content-Length")
        for key, value in kept.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def cut(self) -> None:
        """Reset the connection: whatever has been read of it was the last."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def hang_up(self) -> None:
        """End the connection after what has been written, which still arrives."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[Handler], bool]:
    """Answer in place of the registry."""

    def act(at: Handler) -> bool:
        at.rfile.read(at.length)
        at.answer(code, body, {key.replace("_", "-"): value for key, value in headers.items()})
        return True

    return act


def reset(at: Handler) -> bool:
    """Reset the connection before any answer."""
    at.cut()
    return True


def cut_answer(keep: int) -> Callable[[Handler], bool]:
    """Break the connection after so many bytes of the body."""

    def act(at: Handler) -> bool:
        code, headers, data = at.fetch()
        at.send_response_only(code)
        for key, value in headers.items():
            at.send_header(key, value)
        at.end_headers()
        at.wfile.write(data[:keep])
        at.hang_up()
        return True

    return act


def changed(change: Callable[[bytes], bytes]) -> Callable[[Handler], bool]:
    """Answer what the registry answers, with another body."""

    def act(at: Handler) -> bool:
        code, headers, data = at.fetch(at.rfile.read(at.length))
        at.answer(code, change(data), {k: v for k, v in headers.items() if k != "Content-Length"})
        return True

    return act
