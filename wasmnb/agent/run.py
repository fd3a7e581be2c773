"""The agent's process: follows a mesh's watch, and reports what has changed."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.agent.metrics import Metrics, serve
from wasmnb.agent.status import Observed, since
from wasmnb.errors import in_words
from wasmnb.mesh.istio.proxies import istiod
from wasmnb.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.agent.report import ClusterReport
    from wasmnb.agent.status import Key, WorkloadStatus
    from wasmnb.mesh.istio.mesh import IstioMesh
    from wasmnb.mesh.istio.watch import IstioWatch

__all__ = ["Reporter", "run", "say"]

_ROUND = 1.0  # seconds between two rounds, at least: changes come in crowds
_HEARTBEAT = 60.0  # seconds between two writings, at most, so that a reader sees that somebody looks
_ISTIO = 600.0  # seconds between two questions whether Istio is another one
_SILENT = 600.0
"""Seconds that a look may be late, while the API server answers; then a new process is better."""


@dataclass
class Reporter:
    """Reports what a watch has told, in a thread of its own.

    Parameters
    ----------
    mesh : IstioMesh
    watch : IstioWatch
    report : ClusterReport
    metrics : Metrics
    """

    mesh: IstioMesh
    watch: IstioWatch
    report: ClusterReport
    metrics: Metrics

    def __post_init__(self) -> None:
        self.observed = Observed()
        self.written = threading.Event()
        self._moved, self._end = threading.Event(), threading.Event()
        self._known: dict[Key, WorkloadStatus] = {}
        self._told: dict[Key, WorkloadStatus] = {}
        self._begun = self._beat = self._asked = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="wasmnb-report", daemon=True)

    def follow(self) -> None:
        """Take in changes until the watch is closed.

        Raises
        ------
        MeshError
            What an agent wrote before cannot be read.
        """
        self._known = self.report.read()
        self._told = dict(self._known)
        self._thread.start()
        try:
            for change in self.watch:
                self.observed.take(change)
                self._moved.set()
        finally:
            self._end.set()
            self._moved.set()
            self._thread.join()

    def alive(self) -> bool:
        """Say whether looks come to an end, as far as the API server lets them, and somebody reports them."""
        if self._thread.ident is not None and not self._thread.is_alive():
            return False
        looked = self.watch.looked
        silent = time.monotonic() - self._begun if looked is None else time.time() - looked.timestamp()
        well = silent < _SILENT + self.watch.span
        return bool(self.observed.problem) or not self.observed.statuses() or well

    def _run(self) -> None:
        while not self._end.is_set():
            self._moved.wait(_HEARTBEAT)
            self._moved.clear()
            if self.observed.complete and not self._end.is_set():
                self.round()
            if self._outdated() and not self._end.is_set():
                say("Istio's version or its kinds of objects changed: starting a new process")
                self.mesh.stop()
                return
            self._end.wait(_ROUND)

    def _outdated(self) -> bool:
        """Say, now and then, whether Istio is another one than at the beginning; what is watched depends on it."""
        if time.monotonic() - self._asked < _ISTIO:
            return False
        self._asked, then = time.monotonic(), self.mesh.istio
        try:
            now = istiod.find(self.mesh.cluster, self.mesh.namespace, then.namespace)
        except Exception:  # noqa: BLE001 - what is not known now is asked again
            return False
        # While istiod is being replaced, its version may be a guess.
        return not now.why_blind and (now.version, now.kinds) != (then.version, then.kinds)

    def round(self) -> None:
        """Report the state of now."""
        now = since(self.observed.statuses(), self._known, _moment(datetime.now(timezone.utc)))
        seeing, looked = not self.observed.problem, self.watch.looked
        self.metrics.set(now, seeing=seeing, pods=self.observed.pods, looked=looked)
        changed, self._known = now != self._known, now
        if not (changed or time.monotonic() - self._beat > _HEARTBEAT or not self.written.is_set()):
            return
        about = {
            "version": __version__,
            "namespace": self.mesh.namespace,
            "istio": self.mesh.istio.version,
            "written": _moment(datetime.now(timezone.utc)),
            "looked": "" if looked is None else _moment(looked),
            "pods": self.observed.pods,
            "problem": self.observed.problem or self.mesh.istio.why_blind,
        }
        try:
            self.report.write(now, about)
            # What cannot be seen for a moment is no news about a workload.
            if seeing:
                self.report.tell(self._told, now, self.observed.one_pod_each())
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may be able to write
            self.metrics.failures += 1
            say(in_words(error))
        else:
            self._beat = time.monotonic()
            self.written.set()


def run(mesh: IstioMesh, report: ClusterReport, port: int, *, started: Callable[[int], None] | None = None) -> None:
    """Watch a mesh and report until the watch is closed by `stop` of the mesh.

    Parameters
    ----------
    mesh : IstioMesh
    report : ClusterReport
    port : int
        Where metrics are served; 0 for a free one.
    started : callable, optional
        Told the port once it is served.
    """
    metrics = Metrics(mesh.namespace)
    with mesh.watch() as watch:
        reporter = Reporter(mesh, watch, report, metrics)
        server = serve(port, metrics, reporter.written.is_set, reporter.alive)
        if started is not None:
            started(server.server_address[1])
        try:
            reporter.follow()
        finally:
            server.shutdown()
            server.server_close()


def say(words: str) -> None:
    """Write a line into the agent's log."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - a container's log


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
