from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest


class OddServer:
    """A server that plays a script per connection: bytes to send, a pause, or a way to end."""

    def __init__(self, *scripts, read_all=False):
        self._scripts, self._read_all = scripts, read_all
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self.requests: list[bytes] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        for number in range(1000):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self._play(connection, self._scripts[min(number, len(self._scripts) - 1)])
                except OSError:
                    continue

    def _play(self, connection, script):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        while self._read_all and len(data.partition(b"\r\n\r\n")[2]) < self._read_all:
            data += connection.recv(65536)
        self.requests.append(data)
        for step in script:
            if step == "reset":
                # SO_LINGER of zero turns close into a TCP reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            if step == "hang":
                self._ended.wait(20)
                return
            if isinstance(step, float):
                time.sleep(step)
            else:
                connection.sendall(step)

    def close(self):
        self._ended.set()
        # Closing a listener does not wake ``accept`` on Linux; shutting it down does.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def odd_server():
    servers = []

    def start(*scripts, **options):
        servers.append(OddServer(*scripts, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
