"""The agent, or the echo, put into a cluster, waited for, and taken away again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.agent.manifest import KINDS, LABELS, NAME, PORT, Agent, echo_manifest, manifest
from wasmnb.errors import Interrupted, MeshError, UsageError
from wasmnb.mesh.istio import IstioMesh
from wasmnb.mesh.istio.api.api_errors import ConflictError, ForbiddenError, MissingError
from wasmnb.mesh.istio.api.cluster import APPLY
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.objects.objects import MANAGER
from wasmnb.mesh.istio.proxies.pod_list import AGENT
from wasmnb.mesh.istio.proxies.pods import Stuck, pod, stuck
from wasmnb.mesh.istio.requests import echo, services
from wasmnb.progress import Silent
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.mesh import Mesh
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.progress import Progress

__all__ = ["of_cluster", "put", "put_echo", "take_away", "take_echo_away"]

_READY, _GOING = 180.0, 60.0  # seconds: an image is pulled; Kubernetes gives a pod 5 to end
_LOOK = 0.25


@dataclass(frozen=True)
class _Part:
    """What is put into a cluster.

    Parameters
    ----------
    name : str
        In sentences.
    option : str
        Of the command that puts it there.
    selector : str
        Of its pods.
    ready : str
        What shows that it works.
    """

    name: str
    option: str
    selector: str
    ready: str

    @property
    def off(self) -> Wording:
        """How it is taken away."""
        text = "{} takes away what was applied"
        return Wording(text, Option(self.option, "off"), python=Wording(text, Option(self.option, value=False)))


_AGENT = _Part("agent", "agent", AGENT, "its first status")
_ECHO = _Part("echo", "echo", f"app={echo.NAME}", "its first answer")


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
    _put(mesh, _AGENT, manifest(Agent(image, mesh.namespace, mesh.istio.namespace, pull_secret)), progress or Silent())
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
    if not _taken_away(mesh, _AGENT, manifest(Agent("", mesh.namespace, mesh.istio.namespace)), progress or Silent()):
        return (f"there is no agent in the namespace {mesh.namespace}",)
    return ("the agent was taken away; Kubernetes forgets its events within an hour",)


def put_echo(
    mesh: IstioMesh, image: str, *, pull_secret: str = "", progress: Progress | None = None
) -> tuple[str, ...]:
    """Apply the echo's objects, and wait until it answers; see `put`."""
    _put(mesh, _ECHO, echo_manifest(image, mesh.namespace, pull_secret), progress or Silent())
    where = f"{echo.NAME}:{echo.PORT}"
    try:
        _await_endpoint(mesh, where)
    except ForbiddenError:
        pass
    except KeyboardInterrupt:
        raise _stopped(_ECHO) from None
    return (
        f"the echo runs: Deployment and Service {echo.NAME}, image {image}",
        f"a request to {where} is shown as it was received, body too; pods of a filter: app={echo.NAME}",
    )


def _await_endpoint(mesh: IstioMesh, where: str) -> None:
    """Wait until Kubernetes names the echo's pod behind its service, a moment after it is ready."""
    deadline = time.monotonic() + _GOING
    while not services.endpoints(mesh.cluster, mesh.namespace, f"{where}/"):
        if time.monotonic() > deadline:
            again = Verb("mesh", ("istio",), (Option("echo", value=True),))
            raise MeshError(
                f"The echo does not answer: its service names no pod after {_GOING:g} s; what was applied stays.",
                why=[_line(one) for one in _pods(mesh, _ECHO)],
                hint=Wording("{} waits again; {}", again, _ECHO.off),
            )
        time.sleep(_LOOK)


def take_echo_away(mesh: IstioMesh, *, progress: Progress | None = None) -> tuple[str, ...]:
    """Delete the echo's objects, and wait until its pod is gone; see `take_away`."""
    if not _taken_away(mesh, _ECHO, echo_manifest("", mesh.namespace), progress or Silent()):
        return (f"there is no echo in the namespace {mesh.namespace}",)
    return ("the echo was taken away",)


def _put(mesh: IstioMesh, part: _Part, objects: Sequence[Mapping[str, Any]], progress: Progress) -> None:
    try:
        for item in objects:
            there = _there(mesh.cluster, item)
            if there is not None and not _ours(there, item):
                name, where = item["metadata"]["name"], item["metadata"]["namespace"]
                raise MeshError(
                    f"{item['kind']} {name} in {where} was not made by wasmnb; nothing of it was changed.",
                    hint="delete or rename it",
                )
        for number, item in enumerate(objects):
            progress.update(f"applying the {part.name}: {item['kind']}", number, len(objects))
            _apply(mesh.cluster, item)
        _wait(mesh, part, objects[-1], progress)
    except KeyboardInterrupt:
        raise _stopped(part) from None


def _stopped(part: _Part) -> Interrupted:
    return Interrupted(f"Putting the {part.name} into the cluster was stopped; what was applied stays.", hint=part.off)


def _taken_away(mesh: IstioMesh, part: _Part, objects: Sequence[Mapping[str, Any]], progress: Progress) -> int:
    removed = 0
    try:
        for number, item in enumerate(reversed(objects)):
            progress.update(f"deleting the {part.name}: {item['kind']}", number, len(objects))
            removed += _delete(mesh.cluster, item)
        _leave(mesh, part, progress)
    except KeyboardInterrupt:
        raise Interrupted(f"Taking the {part.name} away was stopped.", hint=part.off) from None
    return removed


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


def _ours(there: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    labels = there["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in item["metadata"]["labels"].items())


def _apply(cluster: Cluster, item: Mapping[str, Any]) -> None:
    query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
    try:
        cluster.request("PATCH", _path(item), query=query, body=item, kind=APPLY, right=_right("patch", item))
    except ForbiddenError as error:
        if item["metadata"]["labels"] == LABELS:
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
    if there is None or not _ours(there, item):
        return False
    body = {"preconditions": {"uid": there["metadata"]["uid"]}, "propagationPolicy": "Background"}
    try:
        cluster.request("DELETE", _path(item), body=body, right=_right("delete", item))
    except (MissingError, ConflictError):
        return False  # somebody was faster
    return True


def _pods(mesh: IstioMesh, part: _Part) -> list[dict[str, Any]]:
    path, query = f"/api/v1/namespaces/{mesh.namespace}/pods", {"labelSelector": part.selector}
    answer = mesh.cluster.request("GET", path, query=query, right=Right("list", "pods", "", mesh.namespace))
    return list(answer["items"])


def _wait(mesh: IstioMesh, part: _Part, deployment: Mapping[str, Any], progress: Progress) -> None:
    deadline = time.monotonic() + _READY
    while True:
        progress.update(f"waiting for the {part.name}: {part.ready}")
        item = mesh.cluster.request("GET", _path(deployment), right=_right("get", deployment))
        status, pods = item.get("status", {}), [one for one in _pods(mesh, part) if not _going(one)]
        seen = int(status.get("observedGeneration", 0)) >= int(item["metadata"].get("generation", 0))
        if seen and status.get("updatedReplicas") == status.get("readyReplicas") == 1:
            return
        lines = [_line(one) for one in pods]
        held = {why for one in pods if (why := stuck(one)) is not None}
        if held or time.monotonic() > deadline:
            name = deployment["metadata"]["name"]
            logs = f"`kubectl -n {mesh.namespace} logs deployment/{name}` shows what it says"
            pull = Wording("the nodes must reach its registry; {} names a secret for it", Option("agent_pull_secret"))
            raise MeshError(
                f"The {part.name} does not start; what was applied stays.",
                why=lines or [str(one.get("message")) for one in status.get("conditions") or ()],
                hint=pull if Stuck.IMAGE in held else logs,
            )
        time.sleep(_LOOK)


def _leave(mesh: IstioMesh, part: _Part, progress: Progress) -> None:
    deadline = time.monotonic() + _GOING
    while left := _pods(mesh, part):
        progress.update(f"waiting for the {part.name}'s pod to end")
        if time.monotonic() > deadline:
            raise MeshError(f"The {part.name}'s pod does not end.", why=[_line(one) for one in left])
        time.sleep(_LOOK)


def _going(item: Mapping[str, Any]) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))


def _line(item: Mapping[str, Any]) -> str:
    one = pod(item)
    return f"{one.name} {one.ready} {one.status}" + (f": {one.reason}" if one.reason else "")
