"""Containers and pods of our own, for where a pod has nothing that could send a request."""

from __future__ import annotations

import base64
import re
import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError
from wasmnb.interrupts import uninterrupted
from wasmnb.mesh.istio.api.api_errors import MissingError
from wasmnb.mesh.istio.api.cluster import Executed
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.objects.objects import MANAGED, MANAGER
from wasmnb.mesh.istio.proxies.pods import stuck_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["ADD", "SCRIPT", "guest", "probe", "transcript"]

ADD = "patch"
"""The verb on ``pods/ephemeralcontainers``."""
# A log holds lines of text, those of two streams in no sure order: all goes to one, and what is bytes as base64.
SCRIPT = """
exec 2>&1
out=$(printf %s "$0" | base64 -d | { "$@"; echo "wasmnb-code $?" >&2; } | base64)
printf '\\nwasmnb-stdout\\n%s\\n' "$out"
"""
"""Runs the command behind the first argument, which is its stdin as base64; `transcript` reads what it prints."""
_CODE = re.compile(r"^wasmnb-code (\d+)$", re.MULTILINE)
_STRATEGIC = "application/strategic-merge-patch+json"
_PROXY_UID, _OTHER_UID = 1337, 1338
_PATIENCE = 60.0  # seconds for an image to come and a container to start
_LIFE = 3600  # seconds that a guest waits for requests
_LOOK = 0.1
_PROBE, _APP = "probe", "wasmnb-probe"
_REVISION = "istio.io/rev"


def guest(cluster: Cluster, item: Mapping[str, Any], image: str, *, proxy: bool) -> tuple[str, bool]:
    """Give a container of ours in a pod, in which nothing runs but a clock; add it where there is none.

    It shares the pod's network, and nothing else. Nobody can take it away again: it ends after an hour, and its entry
    stays in the pod's specification as long as the pod does (Kubernetes, "Ephemeral Containers").

    Parameters
    ----------
    cluster : Cluster
    item : mapping
        The pod.
    image : str
        With ``sh`` and ``curl``.
    proxy : bool
        Run as the user of the proxy, whose connections the pod's rules leave alone; else as another one, whose
        connections go through the proxy (Istio, ``tools/istio-iptables``).

    Returns
    -------
    str, bool
        The container's name, and whether it has just been added.

    Raises
    ------
    ForbiddenError
    MeshError
        It does not start.
    """
    namespace, pod = item["metadata"]["namespace"], item["metadata"]["name"]
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}"
    stem = "wasmnb-proxy" if proxy else "wasmnb-app"
    item = cluster.request("GET", path, right=Right("get", "pods", "", namespace))
    ours = [one["name"] for one in item["spec"].get("ephemeralContainers") or () if one["name"].startswith(stem)]
    for name in ours:
        if _state(item, name).get("running"):
            return name, False
    name = f"{stem}-{len(ours) + 1}"
    user = _PROXY_UID if proxy else _OTHER_UID
    added = {"name": name, "image": image, "command": ["sleep", str(_LIFE)], "securityContext": _harmless(user)}
    cluster.request(
        "PATCH",
        f"{path}/ephemeralcontainers",
        body={"spec": {"ephemeralContainers": [added]}},
        kind=_STRATEGIC,
        right=Right(ADD, "pods/ephemeralcontainers", "", namespace),
    )
    _await(cluster, path, name, ("running",))
    return name, True


@contextmanager
def probe(
    cluster: Cluster, item: Mapping[str, Any], image: str, *, proxy: bool, command: list[str], timeout: float
) -> Iterator[str]:
    """Run a pod of our own beside another one, until the end of the block.

    Parameters
    ----------
    cluster : Cluster
    item : mapping
        The pod that it stands for: it gets that one's namespace, and for ``proxy=False`` its service account.
    image : str
        With ``sh`` and ``curl``.
    proxy : bool
        Without a proxy beside it; else with one, which its requests go through.
    command : list of str
        What it runs.
    timeout : float
        Seconds that the command may take; the cluster ends it some time after that, whatever becomes of us.

    Yields
    ------
    str
        The pod's name, once its container runs or has ended.

    Raises
    ------
    ForbiddenError
    MeshError
        It does not start.
    """
    namespace = item["metadata"]["namespace"]
    name = f"wasmnb-probe-{secrets.token_hex(4)}"
    path = f"/api/v1/namespaces/{namespace}/pods"
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **_injected(item, proxy=proxy)},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": int(timeout + _PATIENCE + 30),
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {"name": _PROBE, "image": image, "command": command, "securityContext": _harmless(_OTHER_UID)}
            ],
            **({} if proxy else {"serviceAccountName": item["spec"].get("serviceAccountName", "default")}),
        },
    }
    made = False
    _sweep(cluster, namespace)
    try:
        with uninterrupted():
            cluster.request("POST", path, body=body, right=Right("create", "pods", "", namespace))
            made = True
        _await(cluster, f"{path}/{name}", _PROBE, ("running", "terminated"))
        yield name
    finally:
        if made:
            with uninterrupted():
                _delete(cluster, f"{path}/{name}", namespace)


def transcript(cluster: Cluster, namespace: str, pod: str, timeout: float) -> Executed:
    """Wait until a probe's command has ended, and give what it said, read from its log.

    Raises
    ------
    ForbiddenError, MeshError
    """
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}"
    _await(cluster, path, _PROBE, ("terminated",), timeout)
    text = cluster.request(
        "GET", f"{path}/log", query={"container": _PROBE}, right=Right("get", "pods/log", "", namespace)
    )
    stderr, _, encoded = str(text).partition("wasmnb-stdout\n")
    code = _CODE.search(stderr)
    return Executed(base64.b64decode(encoded), stderr, int(code[1]) if code else 1)


def _injected(item: Mapping[str, Any], *, proxy: bool) -> dict[str, Any]:
    labels = {MANAGED: MANAGER, "app": _APP, "sidecar.istio.io/inject": "false" if proxy else "true"}
    if proxy:
        return {"labels": labels, "annotations": {"sidecar.istio.io/inject": "false"}}
    metadata = item["metadata"]
    revision = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}.get(_REVISION)
    if revision and revision != "default":
        labels[_REVISION] = revision
    hold = '{"holdApplicationUntilProxyStarts": true}'
    return {"labels": labels, "annotations": {"proxy.istio.io/config": hold}}


def _harmless(user: int) -> dict[str, Any]:
    """Give the security context that the strictest admission takes (Pod Security Standards, restricted)."""
    return {
        "runAsUser": user,
        "runAsGroup": user,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _state(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    status = item.get("status", {})
    every = [*(status.get("ephemeralContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return next((dict(one.get("state") or {}) for one in every if one["name"] == name), {})


def _await(
    cluster: Cluster, path: str, name: str, wanted: tuple[str, ...], patience: float = _PATIENCE
) -> dict[str, Any]:
    deadline = time.monotonic() + patience
    while True:
        item = cluster.request("GET", path)
        state = _state(item, name)
        if any(word in state for word in wanted):
            return state
        waiting = state.get("waiting") or {}
        reason = str(waiting.get("reason", ""))
        gone = "terminated" in state or item.get("status", {}).get("phase") == "Failed"
        if stuck_by(reason) or gone or time.monotonic() > deadline:
            said = waiting.get("message") or reason or item.get("status", {}).get("message") or "no reason given"
            raise MeshError(
                f"The container {name} for sending a request did not start in {item['metadata']['name']}.",
                why=[str(said)[:300]],
            )
        time.sleep(_LOOK)


def _sweep(cluster: Cluster, namespace: str) -> None:
    """Delete probes whose kernel died before it could: the cluster has ended them, and keeps their entries."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    query = {"labelSelector": f"app={_APP},{MANAGED}={MANAGER}"}
    answer = cluster.request("GET", path, query=query, right=Right("list", "pods", "", namespace))
    for item in answer.get("items") or ():
        if item.get("status", {}).get("reason") == "DeadlineExceeded":
            _delete(cluster, f"{path}/{item['metadata']['name']}", namespace)


def _delete(cluster: Cluster, path: str, namespace: str) -> None:
    try:
        cluster.request("DELETE", path, body={"gracePeriodSeconds": 0}, right=Right("delete", "pods", "", namespace))
    except MissingError:
        return
