"""A mesh in memory whose pods come and go, and whose counts are what a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone

from wasmnb.errors import BadNameError, DeployError
from wasmnb.mesh import Count, Pod, PodVerdict, Verdict
from wasmnb.mesh.results import Counts, Pods, Verdicts
from wasmnb.plugin.plugins import Plugins

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@dataclass
class FakeMesh:
    """Every pod answers a request at each look at the counts, and runs what it was given at once."""

    labels: dict[str, dict[str, str]]
    name: str = "fake"
    needs_registry: bool = False
    prove: object = None
    runs: dict[str, object] = field(default_factory=dict)
    newest: object = None
    past: list = field(default_factory=list)
    requests: dict[str, int | None] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    verdict: dict[str, Verdict] = field(default_factory=dict)
    reason: str = ""
    on_apply: object = None
    looks: int = 0
    gateway: str = ""
    about: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()

    def pods(self):
        return Pods(tuple(Pod(pod, pod, labels, "2/2", "Running", 0, NOW, "") for pod, labels in self.labels.items()))

    def apply(self, plugin, *, only=None, allow_trap=False, wait=10.0, progress=None):
        if self.on_apply is not None:
            self.on_apply(plugin, only)
        chosen = [pod.name for pod in self.pods() if plugin.selects(pod.labels)]
        chosen = [pod for pod in chosen if (only or {}).items() <= self.labels[pod].items()]
        self.runs = {**(self.runs if only else {}), **dict.fromkeys(chosen, plugin)}
        self.newest = plugin
        if not only and self.past[:1] != [plugin]:
            self.past.insert(0, plugin)
        return Verdicts(tuple(one for one in self.verdicts(plugin.id) if one.pod in chosen))

    def removed(self, id):  # noqa: A002
        return []

    def remove(self, id):  # noqa: A002 - the protocol's word
        gone, self.newest, self.runs = self.newest, None, {}
        return gone

    def plugins(self):
        return Plugins((self.newest,) if self.newest is not None else ())

    def history(self, id):  # noqa: A002
        if not self.past:
            raise BadNameError("never there")
        return Plugins(tuple(self.past))

    def verdicts(self, id=None):  # noqa: A002
        found = []
        for pod in self.labels:
            plugin = self.runs.get(pod)
            digest = plugin.image.digest if plugin else ""
            verdict = self.verdict.get(pod, Verdict.LIVE) if plugin else Verdict.NOT_SELECTED
            found.append(PodVerdict(pod, id, verdict, digest, digest, self.reason, (), NOW))
        return Verdicts(tuple(found))

    def counts(self):
        self.looks += 1
        found = []
        for pod in self.labels:
            made = self.requests.get(pod, 0)
            if made is None:
                found.append(Count(pod, None, None, "the cluster forbids exec", NOW))
                continue
            found.append(Count(pod, 10 * self.looks + made, self.errors.get(pod, 0), "", NOW))
        return Counts(tuple(found))


def broken(what="the cluster does not answer"):
    raise DeployError(f"{what}.")
