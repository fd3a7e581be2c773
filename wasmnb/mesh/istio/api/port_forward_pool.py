"""HTTP to ports that only a pod's own loopback interface has, over connections that are kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from wasmnb.errors import MeshError, TrafficError
from wasmnb.mesh.istio.api.clock_skew import clock_skew
from wasmnb.traffic.http_parser import Reader, read_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.api.port_forward import Forward

__all__ = ["PortForwardPool", "Question"]

_MOST = 256  # kept connections; one more closes the one that was used longest ago
_IDLE = 120.0
"""Seconds for which a port that nobody asks is trusted. Envoy ends an HTTP connection after an hour, of which a
websocket that has other ports tells nothing; and what lies between may drop one within minutes (load balancers do)."""
_PATIENCE = 5.0
_OK = 200

_Key = tuple[str, str, tuple[int, ...]]
_Answer = tuple[int, str]


class Question(NamedTuple):
    """What an HTTP server in a pod is asked."""

    port: int
    path: str
    method: str = "GET"

    @property
    def written(self) -> bytes:
        """The question as it is sent."""
        length = "Content-Length: 0\r\n" if self.method == "POST" else ""
        return f"{self.method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{length}\r\n".encode()


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

    def ask(self, cluster: Cluster, questions: Sequence[Question], timeout: float, found: list[_Answer]) -> None:
        """Ask all at once, and add the answers as they come: fewer where one ends the connection."""
        if self._forward is None:
            self._forward = cluster.forward(*self.key)
            self._used = dict.fromkeys(self.key[2], time.monotonic())
        forward = self._forward
        forward.settimeout(timeout)
        asked = datetime.now(timezone.utc)
        said: dict[int, bytes] = {}
        for one in questions:
            said[one.port] = said.get(one.port, b"") + one.written
        forward.send(said)
        readers = {port: Reader(partial(forward.receive, port), f"{self.key[1]}:{port}") for port in said}
        for at, one in enumerate(questions):
            reader = readers[one.port]
            reader.seen.clear()
            answer = read_response(reader, one.method)
            self._used[one.port] = time.monotonic()
            if (date := answer.headers.get("date")) is not None:
                self.skew = clock_skew(date, asked, self.skew or timedelta(0))
            found.append((answer.status, answer.body.decode("utf-8", "replace")))
            last = all(other.port != one.port for other in questions[at + 1 :])
            ends = "close" in (value.lower() for value in answer.headers.all("connection"))
            if ends or (last and answer.surplus):
                self.close()
                return

    def idle(self, ports: Iterable[int]) -> bool:
        return self.open and any(time.monotonic() - self._used[port] > _IDLE for port in ports)


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
        question = Question(port, path, method)
        (found,) = self.ask(cluster, namespace, pod, [question], ports=ports or (port,), timeout=timeout)
        if isinstance(found, Exception):
            raise found
        return found

    def ask(
        self,
        cluster: Cluster,
        namespace: str,
        pod: str,
        questions: Sequence[Question],
        *,
        ports: tuple[int, ...],
        timeout: float = _PATIENCE,
    ) -> list[str | Exception]:
        """Ask several things of HTTP servers in a pod at once; give for each the body, or what `get` raises.

        An Envoy answers two at most that come together on a connection, and closes it on the third (``Too many
        responses queued``, ``http1/codec_impl.cc``). Behind one that is not answered, none is.
        """
        tunnel = self._tunnel((namespace, pod, ports))
        answers: list[_Answer] = []
        failed: Exception | None = None
        with tunnel.lock:
            if tunnel.idle({one.port for one in questions}):
                tunnel.close()
            while failed is None and (left := questions[len(answers) :]):
                kept, before = tunnel.open, len(answers)
                try:
                    tunnel.ask(cluster, left, timeout, answers)
                except (OSError, TrafficError) as error:
                    tunnel.close()
                    # That a kept connection had been closed at the other end shows only now; a new one tells the truth.
                    if isinstance(error, TimeoutError) or not (kept or len(answers) > before):
                        failed = _said(error, pod, questions[len(answers)].port)
                except MeshError as error:
                    tunnel.close()
                    failed = error
                except BaseException:
                    # What was not read to its end must not be taken for the next answer; an interrupt is such a case.
                    tunnel.close()
                    raise
        found: list[str | Exception] = [_body(pod, *each) for each in zip(questions, answers, strict=False)]
        return found + [failed for _ in questions[len(answers) :] if failed is not None]

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


def _body(pod: str, question: Question, answer: _Answer) -> str | Exception:
    status, body = answer
    if status == _OK:
        return body
    return MeshError(f"{pod}:{question.port} answers {status} to {question.path}.", why=[body[:200]])


def _said(error: Exception, pod: str, port: int) -> Exception:
    if isinstance(error, TimeoutError):
        return error
    said = MeshError(f"Port {port} of {pod} does not answer.", why=[str(error) or type(error).__name__])
    said.__cause__ = error
    return said
