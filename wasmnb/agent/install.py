"""The agent put into a cluster, waited for, and taken away again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from wasmnb.agent.manifest import KINDS, LABELS, NAME, PORT, Agent, manifest
from wasmnb.errors import Interrupted, MeshError, UsageError
from wasmnb.mesh.istio import IstioMesh
from wasmnb.mesh.istio.api.api_errors import ConflictError, ForbiddenError, MissingError
from wasmnb.mesh.istio.api.cluster import APPLY
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.objects.objects import MANAGER
from wasmnb.mesh.istio.proxies.pod_list import AGENT
from wasmnb.mesh.istio.proxies.pods import Stuck, pod, stuck
from wasmnb.progress import Silent
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.mesh import Mesh
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.progress import Progress

__all__ = ["of_cluster", "put", "take_away"]

_READY, _GOING = 180.0, 60.0  # seconds: an image is pulled; Kubernetes gives a pod 5 to end
_LOOK = 0.25
_OFF = Wording(
    "{} takes away what was applied",
    Option("agent", "off"),
    python=Wording("{} takes away what was applied", Option("agent", value=False)),
)


def of_cluster(mesh: Mesh) -> IstioMesh:
    """Give the mesh of a cluster that an agent may be put into.

    Raises
    ------
    UsageError
        It is another one, or several in one view.
    """
    if not isinstance(mesh, IstioMesh):
        hint = Wording("{} connects to one", Verb("mesh", ("istio",), (Option("namespace", "NAMESPACE", flag="-n"),)))
        raise UsageError("An agent is for one namespace of a cluster with Istio.", hint=hint)
    return mesh


def put(mesh: IstioMesh, image: str, *, pull_secret: str = "", progress: Progress | None = None) -> tuple[str, ...]:
    """Apply the agent's objects, and wait until it has written its first status.

    Parameters
    ----------
    mesh : IstioMesh
    image : str
        By a reference that the nodes can pull.
    pull_secret : str
        The secret with which they do; empty for none.
    progress : Progress, optional

    Returns
    -------
    tuple of str
        What a reader should know of it.

    Raises
    ------
    ForbiddenError
        The user may not make one of the objects, or has not the rights that they grant.
    MeshError
        An object of that name is not ours, or the agent does not start; what was applied stays.
    Interrupted
    """
    progress, cluster = progress or Silent(), mesh.cluster
    objects = manifest(Agent(image, mesh.namespace, mesh.istio.namespace, pull_secret))
    try:
        for item in objects:
            there = _there(cluster, item)
            if there is not None and not _ours(there):
                name, where = item["metadata"]["name"], item["metadata"]["namespace"]
                raise MeshError(
                    f"{item['kind']} {name} in {where} was not made by wasmnb; nothing of it was changed.",
                    hint="delete or rename it",
                )
        for number, item in enumerate(objects):
            progress.update(f"applying the agent: {item['kind']}", number, len(objects))
            _apply(cluster, item)
        _wait(mesh, progress)
    except KeyboardInterrupt:
        raise Interrupted(
            "Putting the agent into the cluster was stopped; what was applied stays.", hint=_OFF
        ) from None
    return (
        f"the agent runs: Deployment {NAME}, image {image}",
        f"its status per workload is in the ConfigMap {NAME}, its metrics are at port {PORT} of its pod",
    )


def take_away(mesh: IstioMesh, *, progress: Progress | None = None) -> tuple[str, ...]:
    """Delete the agent's objects, whoever applied them, and wait until its pod is gone.

    Returns
    -------
    tuple of str
        What a reader should know of it.

    Raises
    ------
    ForbiddenError, MeshError
    Interrupted
    """
    progress, cluster = progress or Silent(), mesh.cluster
    objects = manifest(Agent("", mesh.namespace, mesh.istio.namespace))
    removed = 0
    try:
        for number, item in enumerate(reversed(objects)):
            progress.update(f"deleting the agent: {item['kind']}", number, len(objects))
            removed += _delete(cluster, item)
        _leave(mesh, progress)
    except KeyboardInterrupt:
        raise Interrupted("Taking the agent away was stopped.", hint=_OFF) from None
    if not removed:
        return (f"there is no agent in the namespace {mesh.namespace}",)
    return ("the agent was taken away; Kubernetes forgets its events within an hour",)


def _path(item: Mapping[str, Any]) -> str:
    return KINDS[item["kind"]].path(item["metadata"]["namespace"], item["metadata"]["name"])


def _right(verb: str, item: Mapping[str, Any]) -> Right:
    return KINDS[item["kind"]].right(verb, item["metadata"]["namespace"])


def _there(cluster: Cluster, item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = cluster.request("GET", _path(item), right=_right("get", item))
    except MissingError:
        return None
    return found


def _ours(item: Mapping[str, Any]) -> bool:
    labels = item["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in LABELS.items())


def _apply(cluster: Cluster, item: Mapping[str, Any]) -> None:
    query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
    try:
        cluster.request("PATCH", _path(item), query=query, body=item, kind=APPLY, right=_right("patch", item))
    except ForbiddenError as error:
        error.add_why("Kubernetes lets you make a Role only with rights that you have yourself")
        error.advise(
            Wording(
                "ask somebody who has these rights to apply what {} writes",
                Verb("render", options=(Option("agent", value=True),)),
            )
        )
        raise


def _delete(cluster: Cluster, item: Mapping[str, Any]) -> bool:
    """Delete an object of ours; say whether there was one."""
    there = _there(cluster, item)
    if there is None or not _ours(there):
        return False
    body = {"preconditions": {"uid": there["metadata"]["uid"]}, "propagationPolicy": "Background"}
    try:
        cluster.request("DELETE", _path(item), body=body, right=_right("delete", item))
    except (MissingError, ConflictError):
        return False  # somebody was faster
    return True


def _pods(mesh: IstioMesh) -> list[dict[str, Any]]:
    path, query = f"/api/v1/namespaces/{mesh.namespace}/pods", {"labelSelector": AGENT}
    answer = mesh.cluster.request("GET", path, query=query, right=Right("list", "pods", "", mesh.namespace))
    return list(answer["items"])


def _wait(mesh: IstioMesh, progress: Progress) -> None:
    deadline = time.monotonic() + _READY
    deployment = next(item for item in manifest(Agent("", mesh.namespace)) if item["kind"] == "Deployment")
    while True:
        progress.update("waiting for the agent's first status")
        item = mesh.cluster.request("GET", _path(deployment), right=_right("get", deployment))
        status, pods = item.get("status", {}), [one for one in _pods(mesh) if not _going(one)]
        seen = int(status.get("observedGeneration", 0)) >= int(item["metadata"].get("generation", 0))
        if seen and status.get("updatedReplicas") == status.get("readyReplicas") == 1:
            return
        lines = [_line(one) for one in pods]
        held = {why for one in pods if (why := stuck(one)) is not None}
        if held or time.monotonic() > deadline:
            logs = f"`kubectl -n {mesh.namespace} logs deployment/{NAME}` shows what it says"
            pull = Wording("the nodes must reach its registry; {} names a secret for it", Option("agent_pull_secret"))
            raise MeshError(
                "The agent does not start; what was applied stays.",
                why=lines or [str(one.get("message")) for one in status.get("conditions") or ()],
                hint=pull if Stuck.IMAGE in held else logs,
            )
        time.sleep(_LOOK)


def _leave(mesh: IstioMesh, progress: Progress) -> None:
    deadline = time.monotonic() + _GOING
    while left := _pods(mesh):
        progress.update("waiting for the agent's pod to end")
        if time.monotonic() > deadline:
            raise MeshError("The agent's pod does not end.", why=[_line(one) for one in left])
        time.sleep(_LOOK)


def _going(item: Mapping[str, Any]) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))


def _line(item: Mapping[str, Any]) -> str:
    one = pod(item)
    return f"{one.name} {one.ready} {one.status}" + (f": {one.reason}" if one.reason else "")
