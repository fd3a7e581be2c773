"""HTTP to ports that only a pod's own loopback interface has, over connections that are kept."""

from __future__ import annotations

import http.client
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from wasmnb.errors import MeshError

if TYPE_CHECKING:
    from wasmnb.mesh.istio.cluster import Cluster

__all__ = ["Tunnels"]

_MOST = 512  # kept connections; one more closes the one that was used longest ago
_PATIENCE = 5.0
_OK = 200

_Key = tuple[str, str, int]


class _Tunnel:
    """One kept connection, for one thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Tunnels:
    """Forwarded ports of pods, by namespace, pod and port."""

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
        tunnel = self._tunnel((namespace, pod, port))
        with tunnel.lock:
            kept = tunnel.connection is not None
            try:
                return self._ask(tunnel, cluster, (namespace, pod, port), method, path, timeout)
            except (OSError, http.client.HTTPException) as error:
                tunnel.close()
                if isinstance(error, TimeoutError) or not kept:
                    raise _said(error, pod, port) from error
            # The kept connection had been closed at the other end, which shows only now.
            try:
                return self._ask(tunnel, cluster, (namespace, pod, port), method, path, timeout)
            except (OSError, http.client.HTTPException) as error:
                tunnel.close()
                raise _said(error, pod, port) from error

    def drop(self, namespace: str, pod: str, port: int) -> None:
        """Close a connection, so that the next question meets a new one."""
        tunnel = self._tunnel((namespace, pod, port))
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
            tunnel = self._kept.pop(key, None) or _Tunnel()
            self._kept[key] = tunnel
            old = self._kept.popitem(last=False)[1] if len(self._kept) > _MOST else None
        if old is not None and old.lock.acquire(blocking=False):
            old.close()
            old.lock.release()
        return tunnel

    @staticmethod
    def _ask(  # noqa: PLR0917 - one call, told twice
        tunnel: _Tunnel, cluster: Cluster, key: _Key, method: str, path: str, timeout: float
    ) -> str:
        if tunnel.connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", key[2])
            connection.sock = cluster.forward(*key)
            tunnel.connection = connection
        tunnel.connection.sock.settimeout(timeout)
        tunnel.connection.request(method, path)
        answer = tunnel.connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
        if answer.status != _OK:
            raise MeshError(f"{key[1]}:{key[2]} answers {answer.status} to {path}.", why=[body[:200]])
        return body


def _said(error: Exception, pod: str, port: int) -> Exception:
    if isinstance(error, TimeoutError):
        return error
    return MeshError(f"Port {port} of {pod} does not answer.", why=[str(error) or type(error).__name__])
