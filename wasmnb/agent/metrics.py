"""The agent's verdicts as Prometheus metrics, and whether it is well, over HTTP."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from wasmnb.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from wasmnb.agent.status import Key, WorkloadStatus

__all__ = ["ALIVE", "METRICS", "READY", "DualStackServer", "Metrics", "serve"]

METRICS, READY, ALIVE = "/metrics", "/ready", "/alive"
_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_MOST = 10_000
"""Series of changes, beyond which those of workloads that are gone end."""
_PATIENCE = 10.0  # seconds for a question to come
_HELP = {
    "wasmnb_agent_info": ("gauge", "The agent, by its version."),
    "wasmnb_agent_seeing": ("gauge", "1 while the API server answers; 0 while every verdict is UNPROVEN."),
    "wasmnb_agent_last_look_timestamp_seconds": ("gauge", "When the last whole look at the proxies began."),
    "wasmnb_agent_pods": ("gauge", "Pods of the namespace."),
    "wasmnb_agent_write_failures_total": ("counter", "Statuses or events that could not be written."),
    "wasmnb_plugin_pods": ("gauge", "Pods of a workload, by a plugin's verdict on them; every pod is counted."),
    "wasmnb_plugin_info": ("gauge", "The digest that a workload should run."),
    "wasmnb_plugin_changes_total": ("counter", "Changes of a workload's verdict to this one."),
}


class Metrics:
    """What there is to serve; set by one thread, read by others."""

    def __init__(self, namespace: str) -> None:
        self.failures = 0
        self._namespace = namespace
        self._lock = threading.Lock()
        self._statuses: Mapping[Key, WorkloadStatus] = {}
        self._changes: Counter[tuple[str, str, str]] = Counter()
        self._looked: datetime | None = None
        self._seeing, self._pods = False, 0

    def set(self, statuses: Mapping[Key, WorkloadStatus], *, seeing: bool, pods: int, looked: datetime | None) -> None:
        """Take the state of now."""
        with self._lock:
            for key, one in statuses.items():
                known = self._statuses.get(key)
                if known is None or known.verdict is not one.verdict:
                    self._changes[one.plugin, one.workload, one.verdict.value] += 1
            if len(self._changes) > _MOST:
                # Each run of a job is a workload of its own.
                there = {key: count for key, count in self._changes.items() if key[:2] in statuses}
                self._changes = Counter(there)
            self._statuses, self._seeing, self._pods, self._looked = dict(statuses), seeing, pods, looked

    def text(self) -> str:
        """Give everything in Prometheus' text form."""
        with self._lock:
            found: dict[str, list[str]] = {name: [] for name in _HELP}
            for name, labels, value in self._samples():
                found[name].append(f"{name}{_labels(labels)} {value}")
        lines = []
        for name, samples in found.items():
            kind, words = _HELP[name]
            if samples:
                lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", *samples]
        return "\n".join(lines) + "\n"

    def _samples(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        home = {"namespace": self._namespace}
        yield "wasmnb_agent_info", {"version": __version__}, 1
        yield "wasmnb_agent_seeing", home, int(self._seeing)
        yield "wasmnb_agent_pods", home, self._pods
        yield "wasmnb_agent_write_failures_total", home, self.failures
        if self._looked is not None:
            yield "wasmnb_agent_last_look_timestamp_seconds", home, round(self._looked.timestamp(), 3)
        for one in self._statuses.values():
            labels = {**home, "plugin": one.plugin, "workload": one.workload}
            yield "wasmnb_plugin_info", {**labels, "digest": one.wanted}, 1
            for verdict, count in one.pods.items():
                yield "wasmnb_plugin_pods", {**labels, "verdict": verdict}, count
        for (plugin, workload, verdict), count in sorted(self._changes.items()):
            labels = {**home, "plugin": plugin, "workload": workload, "verdict": verdict}
            yield "wasmnb_plugin_changes_total", labels, count


def serve(port: int, metrics: Metrics, ready: Callable[[], bool], alive: Callable[[], bool]) -> ThreadingHTTPServer:
    """Serve metrics, and the two questions of the kubelet; the caller shuts it down.

    Parameters
    ----------
    port : int
        0 for a free one.
    metrics : Metrics
    ready, alive : callable
        Whether a status was written, and whether looks come to an end.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE

        def do_GET(self) -> None:
            """Answer."""
            path = self.path.partition("?")[0]
            if path == METRICS:
                self._answer(200, metrics.text())
            elif path in (READY, ALIVE):
                well = ready() if path == READY else alive()
                self._answer(200 if well else 503, "yes\n" if well else "no\n")
            else:
                self._answer(404, f"there is {METRICS}, {READY} and {ALIVE}\n")

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", _TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the kubelet asks every few seconds."""

    server = DualStackServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="wasmnb-metrics", daemon=True).start()
    return server


class DualStackServer(ThreadingHTTPServer):
    """Takes what comes over IPv4 and over IPv6: a cluster may have pods of the one kind alone."""

    daemon_threads = True
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def server_bind(self) -> None:
        """Take the port, of both."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
