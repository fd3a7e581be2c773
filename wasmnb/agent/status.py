"""What is true of a plugin on all pods of a workload, made of the changes that a mesh's watch tells."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.plugin.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.mesh.protocol import Change

__all__ = ["Key", "Observed", "WorkloadStatus", "since"]

Key = tuple[str, str]
"""A plugin's id and a workload's name."""

_WORST_FIRST = (
    Verdict.HUNG,
    Verdict.TRAPPED,
    Verdict.REJECTED,
    Verdict.DENY_ALL,
    Verdict.ALLOW_ALL,
    Verdict.NO_SIDECAR,
    Verdict.UNPROVEN,
    Verdict.OLD,
    Verdict.WARMING,
    Verdict.NOT_SELECTED,
    Verdict.GONE,
    Verdict.LOADED,
    Verdict.LIVE,
)
_NAMED = 5
_ROOM = 300  # characters of a reason
_OPEN = ("config", "env", "vm_config")


@dataclass(frozen=True)
class WorkloadStatus:
    """A plugin on the pods of a workload.

    Parameters
    ----------
    plugin, workload : str
    verdict : Verdict
        The worst of its pods'.
    wanted : str
        The digest that is to run there (``sha256:...``).
    pods : mapping of str to int
        How many pods have which verdict.
    reason : str
        Why, of the first pod that has the worst one.
    named : tuple of str
        The first pods that have the worst one; empty where all have the same.
    since : str
        Since when the verdict is this one (RFC 3339), as far as the agent has seen.
    """

    plugin: str
    workload: str
    verdict: Verdict
    wanted: str
    pods: Mapping[str, int]
    reason: str = ""
    named: tuple[str, ...] = ()
    since: str = ""

    @property
    def key(self) -> Key:
        """Which plugin, and which workload."""
        return self.plugin, self.workload

    @property
    def counted(self) -> str:
        """The verdict, and on how many of how many pods."""
        return f"{self.verdict.value} on {self.pods[self.verdict.value]} of {sum(self.pods.values())} pods"

    def to_dict(self) -> dict[str, Any]:
        """Give the status as plain JSON values."""
        return {
            "plugin": self.plugin,
            "workload": self.workload,
            "verdict": self.verdict.value,
            "since": self.since,
            "pods": dict(self.pods),
            "wanted": self.wanted,
            "reason": self.reason,
            "named": list(self.named),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> WorkloadStatus:
        """Read what `to_dict` gave.

        Raises
        ------
        KeyError, ValueError, TypeError
            It is something else.
        """
        return cls(
            str(value["plugin"]),
            str(value["workload"]),
            Verdict(value["verdict"]),
            str(value["wanted"]),
            {str(name): int(count) for name, count in dict(value["pods"]).items()},
            str(value["reason"]),
            tuple(map(str, value["named"])),
            str(value["since"]),
        )


class Observed:
    """What a watch has told so far. Changes come from one thread, and another may ask."""

    def __init__(self) -> None:
        self.complete = False
        """Whether everything has been told once."""
        self.problem = ""
        """Why nothing is seen any more, since when; empty while something is."""
        self._lock = threading.Lock()
        self._workloads: dict[str, str] = {}
        self._verdicts: dict[Key, Mapping[str, Any]] = {}
        self._secrets: dict[str, set[str]] = {}

    @property
    def pods(self) -> int:
        """How many pods there are."""
        return len(self._workloads)

    def take(self, change: Change) -> None:
        """Take in a change."""
        with self._lock:
            self._take(change)

    def _take(self, change: Change) -> None:
        value, name = change.value, change.name
        if change.kind == "fresh":
            self.complete, self.problem = True, ""
        elif change.kind == "stale":
            self.problem = f"nothing has been seen since {value['since']}: {value['reason']}"
        elif change.kind == "pod":
            self._workloads[name] = str(value["workload"])
        elif change.kind == "pod-gone":
            self._workloads.pop(name, None)
        elif change.kind == "plugin":
            self._secrets[name] = set().union(*(redact.secrets_in(value.get(part)) for part in _OPEN))
        elif change.kind == "plugin-gone":
            self._secrets.pop(name, None)
        elif change.kind == "verdict" and value:
            self._verdicts[str(value["pod"]), str(value["plugin"])] = value
        elif change.kind == "verdict":
            pod, _, plugin = name.partition("/")
            self._verdicts.pop((pod, plugin), None)

    def statuses(self) -> dict[Key, WorkloadStatus]:
        """Give the status of each plugin on each workload; UNPROVEN while nothing is seen."""
        with self._lock:
            together: dict[Key, list[Mapping[str, Any]]] = {}
            for (pod, plugin), value in sorted(self._verdicts.items()):
                together.setdefault((plugin, self._workloads.get(pod, pod)), []).append(value)
            return {key: self._status(key, values) for key, values in together.items()}

    def one_pod_each(self) -> dict[Key, str]:
        """Give one pod of each workload that a plugin is on."""
        with self._lock:
            return {(plugin, self._workloads.get(pod, pod)): pod for pod, plugin in sorted(self._verdicts)}

    def _status(self, key: Key, values: Iterable[Mapping[str, Any]]) -> WorkloadStatus:
        plugin, workload = key
        found = [(Verdict(one["verdict"]), one) for one in values]
        if self.problem:
            return WorkloadStatus(
                *(plugin, workload, Verdict.UNPROVEN, str(found[0][1]["wanted"])),
                {Verdict.UNPROVEN.value: len(found)},
                self.problem[:_ROOM],
            )
        worst = next(verdict for verdict in _WORST_FIRST if any(one is verdict for one, _ in found))
        having = [one for verdict, one in found if verdict is worst]
        reason = redact.text(str(having[0]["reason"]), self._secrets.get(plugin, ()))
        return WorkloadStatus(
            *(plugin, workload, worst, str(having[0]["wanted"])),
            dict(sorted(Counter(verdict.value for verdict, _ in found).items())),
            reason if len(reason) <= _ROOM else f"{reason[: _ROOM - 1]}…",
            tuple(str(one["pod"]) for one in having[:_NAMED]) if len(having) < len(found) else (),
        )


def since(
    now: Mapping[Key, WorkloadStatus], before: Mapping[Key, WorkloadStatus], at: str
) -> dict[Key, WorkloadStatus]:
    """Say of each status since when its verdict is this one: as before, or from now on."""
    found = {}
    for key, status in now.items():
        known = before.get(key)
        same = known is not None and known.verdict is status.verdict and known.wanted == status.wanted
        found[key] = replace(status, since=known.since if same and known is not None else at)
    return found
