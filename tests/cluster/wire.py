"""The way from one client to the API server: it can be cut, or fall silent, for that client alone."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

_PIECE = 65536


class Wire:
    """A relay on loopback.

    Parameters
    ----------
    server : (str, int)
        Where the API server listens.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._flows = threading.Event()
        self._flows.set()
        self._refuses = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """Carry nothing any more, and tell nobody: connections stay open, new ones are taken and lead nowhere."""
        self._flows.clear()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        self._refuses = True
        self._drop()

    def mend(self) -> None:
        """Carry again."""
        self._refuses = False
        self._flows.set()

    def close(self) -> None:
        self.cut()
        self._flows.set()
        # A thread in accept holds the port; only a connection wakes it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _drop(self) -> None:
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._server)
                with self._lock:
                    self._open |= {near, far}
                if self._refuses:  # asked only now: what was taken during a cut is broken too
                    self._drop()
                    continue
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(_PIECE):
                self._flows.wait()
                other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@contextmanager
def wired(kubeconfig: Path, folder: Path) -> Iterator[tuple[Wire, Path]]:
    """Give a wire to a cluster, and the kubeconfig that leads through it."""
    config = json.loads(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    place = urlsplit(cluster["server"])
    wire = Wire((str(place.hostname), int(place.port or 443)))
    try:
        cluster["server"] = f"https://127.0.0.1:{wire.port}"
        path = folder / "wired.conf"
        path.write_text(json.dumps(config))
        yield wire, path
    finally:
        wire.close()
