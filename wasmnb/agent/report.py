"""What the agent writes into its cluster: a ConfigMap with a status per workload, and an event for each change."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from wasmnb.agent.status import WorkloadStatus
from wasmnb.display.text import short_digest
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.cluster import MERGE
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.plugin.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.agent.status import Key
    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["ABOUT", "ClusterReport"]

ABOUT = "agent"
"""The key of the ConfigMap that says what the agent is, and when it looked last."""
_MOST, _ROOM = 1500, 900_000
"""Statuses, and bytes of them, that are written: a ConfigMap takes a mebibyte at most."""
_EVENTS = 100
"""Events of one round; a change of a whole cluster is in the ConfigMap."""
_LONGEST = 253  # characters (Kubernetes, ``IsConfigMapKey``)
_WELL = (Verdict.LIVE, Verdict.LOADED, Verdict.WARMING)
_HASH = "pod-template-hash"


class ClusterReport:
    """Writes statuses to a cluster.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    name : str
        Of the ConfigMap, which is there, and of what events come from.
    pod : str
        The agent's own.
    """

    def __init__(self, cluster: Cluster, namespace: str, name: str, pod: str) -> None:
        self._cluster, self._namespace, self._name, self._pod = cluster, namespace, name, pod
        self._path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
        self._written: dict[str, str] = {}

    def read(self) -> dict[Key, WorkloadStatus]:
        """Give what was written last, by whichever pod; what is none of ours is taken away at the next writing.

        Raises
        ------
        MeshError
            There is no such ConfigMap, or it may not be read.
        """
        right = Right("get", "configmaps", "", self._namespace)
        self._written = dict(self._cluster.request("GET", self._path, right=right).get("data") or {})
        found = {}
        for name, text in self._written.items():
            if name != ABOUT:
                try:
                    status = WorkloadStatus.from_dict(json.loads(text))
                except (KeyError, ValueError, TypeError):
                    continue
                found[status.key] = status
        return found

    def write(self, statuses: Mapping[Key, WorkloadStatus], about: Mapping[str, Any]) -> None:
        """Write what has changed.

        Raises
        ------
        MeshError
        """
        ill_first = sorted(statuses.values(), key=lambda one: (one.verdict in _WELL, one.key))
        data, room = {}, _ROOM
        for one in ill_first[:_MOST]:
            key, text = _key(one), _json(one.to_dict())
            room -= len(key) + len(text.encode())
            if room < 0:
                break
            data[key] = text
        data[ABOUT] = _json({**about, "left_out": len(ill_first) - len(data)})
        changed: dict[str, str | None] = {name: text for name, text in data.items() if self._written.get(name) != text}
        changed |= dict.fromkeys(self._written.keys() - data.keys())
        right = Right("patch", "configmaps", "", self._namespace)
        self._cluster.request("PATCH", self._path, body={"data": changed}, kind=MERGE, right=right)
        self._written = data

    def tell(self, told: dict[Key, WorkloadStatus], now: Mapping[Key, WorkloadStatus], pods: Mapping[Key, str]) -> int:
        """Make an event for each workload whose verdict, or whose build, is another one; give how many changed.

        Parameters
        ----------
        told : dict
            What was told until now; brought up to date event by event, so that none is made twice.
        now : mapping
        pods : mapping
            One pod of each workload of now.

        Raises
        ------
        MeshError
        """
        changed = [one for one in now.values() if _differs(told.get(one.key), one)]
        gone = [one for one in told.values() if one.key not in now]
        for one in changed[:_EVENTS]:
            self._event(self._workload(one.workload, pods.get(one.key, "")), one, _message(told.get(one.key), one))
            told[one.key] = one
        for one in gone[: max(0, _EVENTS - len(changed))]:
            self._event(self._self(), one, f"{one.plugin} is not deployed on {one.workload} any more", "WasmRemoved")
            del told[one.key]
        total = len(changed) + len(gone)
        if total > _EVENTS:
            words = f"the verdicts of {total - _EVENTS} more workloads changed; the ConfigMap {self._name} has them"
            self._event(self._self(), None, words, "WasmVerdictsChanged")
        told.clear()
        told.update(now)
        return total

    def _event(self, about: Mapping[str, Any], status: WorkloadStatus | None, message: str, reason: str = "") -> None:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        well = status is None or bool(reason) or status.verdict in _WELL
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{self._name}-", "namespace": self._namespace},
            "involvedObject": {"namespace": self._namespace, **about},
            "reason": reason or _reason(status),
            "message": message,
            "type": "Normal" if well else "Warning",
            "source": {"component": self._name},
            "reportingComponent": f"wasmnb.dev/{self._name}",
            "reportingInstance": self._pod,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        right = Right("create", "events", "", self._namespace)
        self._cluster.request("POST", f"/api/v1/namespaces/{self._namespace}/events", body=body, right=right)

    def _self(self) -> dict[str, str]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "name": self._name}

    def _workload(self, workload: str, pod: str) -> dict[str, str]:
        """Name the object that a workload is, so that ``kubectl describe`` of it shows the event."""
        try:
            item = self._cluster.request("GET", f"/api/v1/namespaces/{self._namespace}/pods/{pod}") if pod else {}
        except MeshError:
            item = {}
        metadata = item.get("metadata") or {}
        for owner in metadata.get("ownerReferences") or ():
            if owner.get("controller"):
                if owner["kind"] == "ReplicaSet" and _HASH in (metadata.get("labels") or {}):
                    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload}
                return {"apiVersion": str(owner["apiVersion"]), "kind": str(owner["kind"]), "name": str(owner["name"])}
        return {"apiVersion": "v1", "kind": "Pod", "name": pod} if metadata else self._self()


def _key(status: WorkloadStatus) -> str:
    """Give a key of a ConfigMap, which has 253 characters at most."""
    whole = f"{status.plugin}.{status.workload}"
    return whole if len(whole) <= _LONGEST else f"{whole[:180]}.{sha256(whole.encode()).hexdigest()}"


def _differs(before: WorkloadStatus | None, now: WorkloadStatus) -> bool:
    return before is None or before.verdict is not now.verdict or before.wanted != now.wanted


def _message(before: WorkloadStatus | None, now: WorkloadStatus) -> str:
    was = "" if before is None or before.verdict is now.verdict else f", was {before.verdict.value}"
    build = f"{short_digest(now.wanted)} is " if now.wanted else ""
    return f"{now.plugin} on {now.workload}: {build}{now.counted}{was}" + (f"; {now.reason}" if now.reason else "")


def _reason(status: WorkloadStatus | None) -> str:
    words = status.verdict.value.split("_") if status is not None else []
    return "Wasm" + "".join(word.capitalize() for word in words)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
