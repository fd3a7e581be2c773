"""A mesh of thousands of pods in memory: as many changes a second as one likes, and every fault a mesh can have."""

from __future__ import annotations

import itertools
import queue
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from wasmnb.errors import MeshError
from wasmnb.mesh import Pod, PodVerdict, Verdict
from wasmnb.mesh.protocol import Change, Count
from wasmnb.mesh.results import Counts, Pods, Verdicts
from wasmnb.plugin.plugins import Plugins

DIGEST = "sha256:" + "ab12cd34" * 8
PER_WORKLOAD = 5


class SimulatedWatch:
    def __init__(self, mesh: SimulatedMesh) -> None:
        self._mesh = mesh
        self._queue: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self.closed = False

    def tell(self, kind: str, name: str, value: dict) -> None:
        self._queue.put(Change(next(self._numbers), datetime.now(timezone.utc), kind, name, value))

    def close(self) -> None:
        self.closed = True
        self._mesh.watches.discard(self)
        self._queue.put(None)

    def __iter__(self) -> SimulatedWatch:
        return self

    def __next__(self) -> Change:
        change = self._queue.get()
        if change is None:
            self._queue.put(None)
            raise StopIteration
        return change

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SimulatedMesh:
    """Pods ``w-0-0``, ``w-0-1`` ... with one plugin LIVE on each."""

    name = "simulated"
    needs_registry = False
    gateway = ""
    prove = None
    about = remains = ()

    def __init__(self, pods: int = 20) -> None:
        self.lock = threading.RLock()
        self.away = ""
        self.hesitant = False
        self.watches: set[SimulatedWatch] = set()
        self.opened = self.listed = self.sent = 0
        self.requests = 0
        self.start = datetime.now(timezone.utc) - timedelta(minutes=3)
        self.there = {pod.name: pod for pod in map(self.pod, range(pods))}
        self.verdict_of = {name: self.judged(name) for name in self.there}

    def pod(self, number: int) -> Pod:
        workload = f"w-{number // PER_WORKLOAD}"
        labels = {"app": workload}
        return Pod(f"{workload}-{number}", workload, labels, "2/2", "Running", 0, self.start, f"10.0.0.1:{number}")

    def judged(self, name: str, what: Verdict = Verdict.LIVE, reason: str = "", line: int = 0) -> PodVerdict:
        at = datetime.now(timezone.utc)
        return PodVerdict(name, "header-filter", what, DIGEST, DIGEST, reason, (), at, line=line)

    # What happens to it.

    def change(self, name: str, **what) -> None:
        with self.lock:
            self.there[name] = replace(self.there[name], **what)
            self.tell("pod", name, self.there[name].to_dict())

    def judge(self, name: str, what: Verdict, reason: str = "", line: int = 0) -> None:
        with self.lock:
            self.verdict_of[name] = self.judged(name, what, reason, line)
            self.tell("verdict", f"{name}/header-filter", self.verdict_of[name].to_dict())

    def delete(self, name: str) -> None:
        with self.lock:
            del self.there[name], self.verdict_of[name]
            self.tell("pod-gone", name, {})
            self.tell("verdict", f"{name}/header-filter", {})

    def tell(self, kind: str, name: str, value: dict) -> None:
        if not self.away:
            for watch in self.watches:
                watch.tell(kind, name, value)

    def leave(self, reason: str = "the API server does not answer") -> None:
        """Break every watch, and refuse every call."""
        with self.lock:
            self.away = reason
            self.expire()

    def come_back(self) -> None:
        self.away = ""

    def expire(self) -> None:
        """End every watch, as an API server does."""
        for watch in list(self.watches):
            watch.close()

    # The protocol, as far as dashboards go.

    def _check(self) -> None:
        if self.away:
            raise MeshError(self.away)

    def watch(self) -> SimulatedWatch:
        self._check()
        with self.lock:
            self.opened += 1
            watch = SimulatedWatch(self)
            for name, pod in self.there.items():
                watch.tell("pod", name, pod.to_dict())
                watch.tell("verdict", f"{name}/header-filter", self.verdict_of[name].to_dict())
            if not self.hesitant:
                watch.tell("fresh", "mesh", {})
            self.watches.add(watch)
            return watch

    def pods(self) -> Pods:
        self._check()
        self.listed += 1
        with self.lock:
            return Pods(tuple(self.there.values()))

    def plugins(self) -> Plugins:
        self._check()
        return Plugins()

    def history(self, id):  # noqa: A002
        return Plugins()

    def verdicts(self, id=None) -> Verdicts:  # noqa: A002 - the protocol's word
        self._check()
        return Verdicts(tuple(self.verdict_of.values()))

    def counts(self) -> Counts:
        self._check()
        self.requests += 100
        at = datetime.now(timezone.utc)
        with self.lock:
            return Counts(tuple(Count(name, self.requests, self.requests // 50, "", at) for name in self.there))

    def stop(self) -> None:
        self.leave("This mesh was stopped.")
