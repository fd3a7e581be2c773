"""Pods as kubectl lists them, from the API's JSON."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.protocol import Pod

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "PROXY",
    "Stuck",
    "app",
    "ended",
    "has_application",
    "has_proxy",
    "ip_of",
    "is_ready",
    "is_waypoint",
    "labels",
    "moment",
    "name_of",
    "pod",
    "proxy_container",
    "proxy_started",
    "stuck",
    "stuck_by",
    "uid",
    "workload",
]

PROXY = "istio-proxy"
"""The container that Istio injects; an init container that restarts, where the cluster has native sidecars."""

_MOMENT = re.compile(r"(?P<whole>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d:\d\d)?")
_RS = "ReplicaSet"
_HASH = "pod-template-hash"


@lru_cache(maxsize=4096)
def moment(text: str | None) -> datetime:
    """Read a time of the API (RFC 3339); the epoch when there is none.

    A log has its node's zone: the runtime writes it, and the kubelet keeps it.

    Raises
    ------
    ValueError
    """
    if not text:
        return datetime.fromtimestamp(0, timezone.utc)
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time")
    digits = (found["fraction"] or "")[:6].ljust(6, "0")
    zone = "+00:00" if found["zone"] in ("Z", None) else found["zone"]
    return datetime.fromisoformat(f"{found['whole']}.{digits}{zone}").astimezone(timezone.utc)


def ended(item: Mapping[str, Any]) -> bool:
    """Tell whether a pod has run to its end: no request will ever reach it."""
    return item.get("status", {}).get("phase") in ("Succeeded", "Failed")


def labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    """Give a pod's labels; the API leaves them out where there are none."""
    return item["metadata"].get("labels") or {}


def app(item: Mapping[str, Any]) -> str:
    """Name the application that a pod is one of, by its label; empty where it has none."""
    return str(labels(item).get("app") or "")


def name_of(item: Mapping[str, Any]) -> str:
    """Give an object's name."""
    return str(item["metadata"]["name"])


def ip_of(item: Mapping[str, Any]) -> str:
    """Give the address at which a pod is reached; empty while it has none."""
    return str(item.get("status", {}).get("podIP") or "")


def is_ready(item: Mapping[str, Any]) -> bool:
    """Tell whether all of a pod's containers say that they are ready."""
    conditions = item.get("status", {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def uid(item: Mapping[str, Any]) -> str:
    """Give what tells a pod from one that has its name later."""
    return str(item["metadata"]["uid"])


def proxy_container(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the specification of the pod's proxy; None when it has none."""
    spec = item.get("spec", {})
    every = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return next((one for one in every if one["name"] == PROXY), None)


def has_proxy(item: Mapping[str, Any]) -> bool:
    """Tell whether a pod has a proxy beside it, or is one."""
    return proxy_container(item) is not None


def has_application(item: Mapping[str, Any]) -> bool:
    """Say whether a pod has containers beside its proxy, as a gateway has not."""
    return any(one["name"] != PROXY for one in item.get("spec", {}).get("containers") or ())


def is_waypoint(item: Mapping[str, Any]) -> bool:
    """Say whether a pod is a waypoint of ambient mode (Istio, ``files/waypoint.yaml`` of its charts)."""
    return labels(item).get("gateway.istio.io/managed") == "istio.io-mesh-controller"


def proxy_started(item: Mapping[str, Any]) -> datetime:
    """Say since when the pod's proxy runs; the epoch when it does not."""
    for status in _statuses(item):
        if status["name"] == PROXY:
            return moment((status.get("state", {}).get("running") or {}).get("startedAt"))
    return moment(None)


class Stuck(Enum):
    """What keeps a container from starting that time alone does not mend (kubelet, ``pkg/kubelet/images/types.go``)."""

    IMAGE = "image"
    """Its image cannot be had."""
    CRASH = "crash"
    """It ends again and again."""
    START = "start"
    """It cannot be made, or not be started."""


_STUCK = (
    (Stuck.CRASH, re.compile(r"CrashLoopBackOff")),
    (Stuck.IMAGE, re.compile(r"ImagePullBackOff|ErrImage|InvalidImage|ImageInspectError|RegistryUnavailable")),
    (Stuck.START, re.compile(r"CreateContainer|RunContainerError|StartError")),
)


def stuck_by(word: str) -> Stuck | None:
    """Read the kubelet's word for what a container waits for; None where time may mend it."""
    return next((kind for kind, pattern in _STUCK if pattern.search(word)), None)


def stuck(item: Mapping[str, Any]) -> Stuck | None:
    """Say what keeps a pod from starting for good; None where time may mend it."""
    words = (str((one.get("state", {}).get("waiting") or {}).get("reason") or "") for one in _statuses(item))
    return next((kind for word in words if (kind := stuck_by(word)) is not None), None)


def workload(item: Mapping[str, Any]) -> str:
    """Name what made the pod: its Deployment, StatefulSet, DaemonSet or Job; itself when nothing did."""
    metadata = item["metadata"]
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            name = str(owner["name"])
            suffix = "-" + labels(item).get(_HASH, "")
            return name.removesuffix(suffix) if owner["kind"] == _RS and suffix != "-" else name
    return str(metadata["name"])


def pod(item: Mapping[str, Any]) -> Pod:
    """Describe one pod: READY, STATUS and RESTARTS as kubectl prints them (``pkg/printers/internalversion``)."""
    metadata, status = item["metadata"], item.get("status", {})
    done, wanted, restarts = _counts(item)
    word, reason = _word(item)
    return Pod(
        name=name_of(item),
        workload=workload(item),
        labels=dict(labels(item)),
        ready=f"{done}/{wanted}",
        status=word,
        restarts=restarts,
        started=moment(status.get("startTime") or metadata.get("creationTimestamp")),
        address=ip_of(item),
        reason=reason,
    )


def _statuses(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    status = item.get("status", {})
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _restartable(item: Mapping[str, Any]) -> set[str]:
    inits = item.get("spec", {}).get("initContainers") or ()
    return {one["name"] for one in inits if one.get("restartPolicy") == "Always"}


def _counts(item: Mapping[str, Any]) -> tuple[int, int, int]:
    """Count containers ready, containers in all, and restarts; a restartable init container counts as one."""
    main = {one["name"] for one in item.get("spec", {}).get("containers") or ()} | _restartable(item)
    mine = [one for one in _statuses(item) if one["name"] in main]
    return sum(bool(one.get("ready")) for one in mine), len(main), sum(int(one.get("restartCount", 0)) for one in mine)


def _word(item: Mapping[str, Any]) -> tuple[str, str]:
    status = item.get("status", {})
    word, reason = str(status.get("reason") or status.get("phase") or "Unknown"), str(status.get("message") or "")
    for one in _statuses(item):
        state = one.get("state", {})
        waiting, gone = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            word = str(waiting["reason"])
            reason = f"{one['name']}: {waiting.get('message') or word}"
            if stuck_by(word):
                break
        elif gone and one["name"] not in _init_names(item):
            word = str(gone.get("reason") or f"ExitCode:{gone.get('exitCode')}")
            reason = f"{one['name']}: {gone.get('message') or word}"
    if item["metadata"].get("deletionTimestamp"):
        return "Terminating", reason
    if not reason:
        reason = _unready(status)
    return word, reason


def _init_names(item: Mapping[str, Any]) -> set[str]:
    return {one["name"] for one in item.get("spec", {}).get("initContainers") or ()} - _restartable(item)


def _unready(status: Mapping[str, Any]) -> str:
    """Say why a pod is not scheduled or not ready, in the API's own words; nothing when it is."""
    for condition in status.get("conditions") or ():
        if condition.get("type") in ("PodScheduled", "ContainersReady") and condition.get("status") != "True":
            return str(condition.get("message") or condition.get("reason") or "")
    return ""
