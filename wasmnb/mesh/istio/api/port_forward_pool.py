"""HTTP to ports that only a pod's own loopback interface has, over connections that are kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from wasmnb.errors import MeshError, TrafficError
from wasmnb.mesh.istio.api.clock_skew import clock_skew
from wasmnb.traffic.http_parser import Reader, read_response

if TYPE_CHECKING:
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.api.port_forward import Forward

__all__ = ["PortForwardPool"]

_MOST = 256  # kept connections; one more closes the one that was used longest ago
_IDLE = 120.0
"""Seconds for which a port that nobody asks is trusted. Envoy ends an HTTP connection after an hour, of which a
websocket that has other ports tells nothing; and what lies between may drop one within minutes (load balancers do)."""
_PATIENCE = 5.0
_OK = 200

_Key = tuple[str, str, tuple[int, ...]]


class _Tunnel:
    """One kept connection to some ports of a pod, for one thread at a time."""

    def __init__(self, key: _Key) -> None:
        self.key = key
        self.lock = threading.Lock()
        self._forward: Forward | None = None
        self._used: dict[int, float] = {}
        self.skew: timedelta | None = None

    @property
    def open(self) -> bool:
        return self._forward is not None

    def close(self) -> None:
        if self._forward is not None:
            self._forward.close()
            self._forward = None

    def ask(self, cluster: Cluster, port: int, method: str, path: str, timeout: float) -> tuple[int, str]:
        if self._forward is None:
            self._forward = cluster.forward(*self.key)
            self._used = dict.fromkeys(self.key[2], time.monotonic())
        forward = self._forward
        forward.settimeout(timeout)
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            *(["Content-Length: 0"] if method == "POST" else []),
        ]
        asked = datetime.now(timezone.utc)
        forward.send(port, "\r\n".join([*head, "", ""]).encode())
        answer = read_response(Reader(lambda: forward.receive(port), f"{self.key[1]}:{port}"), method)
        self._used[port] = time.monotonic()
        if (date := answer.headers.get("date")) is not None:
            self.skew = clock_skew(date, asked, self.skew or timedelta(0))
        if answer.surplus or "close" in (value.lower() for value in answer.headers.all("connection")):
            self.close()
        return answer.status, answer.body.decode("utf-8", "replace")

    def idle(self, port: int) -> bool:
        return self.open and time.monotonic() - self._used[port] > _IDLE


class PortForwardPool:
    """Forwarded ports of pods, by namespace, pod and the ports that share a connection."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, _Tunnel] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self,
        cluster: Cluster,
        namespace: str,
        pod: str,
        port: int,
        path: str,
        *,
        ports: tuple[int, ...] = (),
        method: str = "GET",
        timeout: float = _PATIENCE,
    ) -> str:
        """Ask an HTTP server in a pod, and give the body.

        Parameters
        ----------
        cluster : Cluster
        namespace, pod : str
        port : int
        path : str
        ports : tuple of int
            All that are asked of this pod, this one too: they share a connection.
        method : str
        timeout : float
            Seconds without an answer.

        Raises
        ------
        ForbiddenError
        TimeoutError
            The port is open, but nobody answers.
        MeshError
            There is no such pod, the port is not open, or the server says no.
        """
        tunnel = self._tunnel((namespace, pod, ports or (port,)))
        with tunnel.lock:
            if tunnel.idle(port):
                tunnel.close()
            while True:
                kept = tunnel.open
                try:
                    status, body = tunnel.ask(cluster, port, method, path, timeout)
                    break
                except (OSError, TrafficError) as error:
                    tunnel.close()
                    # That a kept connection had been closed at the other end shows only now; a new one tells the truth.
                    if isinstance(error, TimeoutError) or not kept:
                        raise _said(error, pod, port) from error
                except BaseException:
                    # What was not read to its end must not be taken for the next answer; an interrupt is such a case.
                    tunnel.close()
                    raise
        if status != _OK:
            raise MeshError(f"{pod}:{port} answers {status} to {path}.", why=[body[:200]])
        return body

    def skew(self, namespace: str, pod: str, ports: tuple[int, ...]) -> timedelta | None:
        """Say how far a pod's clock is ahead of ours, as its last answer said; None where none did."""
        return self._tunnel((namespace, pod, ports)).skew

    def drop(self, namespace: str, pod: str, ports: tuple[int, ...]) -> None:
        """Close a connection, so that the next question meets a new one."""
        tunnel = self._tunnel((namespace, pod, ports))
        with tunnel.lock:
            tunnel.close()

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            kept = list(self._kept.values())
            self._kept.clear()
        for tunnel in kept:
            with tunnel.lock:
                tunnel.close()

    def _tunnel(self, key: _Key) -> _Tunnel:
        with self._lock:
            tunnel = self._kept.pop(key, None) or _Tunnel(key)
            self._kept[key] = tunnel
            old = self._kept.popitem(last=False)[1] if len(self._kept) > _MOST else None
        if old is not None and old.lock.acquire(blocking=False):
            old.close()
            old.lock.release()
        return tunnel


def _said(error: Exception, pod: str, port: int) -> Exception:
    if isinstance(error, TimeoutError):
        return error
    return MeshError(f"Port {port} of {pod} does not answer.", why=[str(error) or type(error).__name__])
