"""Bookinfo on a cluster: applied, waited for, and deleted again, as far as it was made here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from wasmnb.display.text import several
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import ConflictError, ForbiddenError, MissingError
from wasmnb.mesh.istio.api.cluster import APPLY, MERGE
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.bookinfo.bookinfo_manifest import APPS, KINDS, PART, manifest
from wasmnb.mesh.istio.objects.objects import MANAGED, MANAGER
from wasmnb.mesh.istio.proxies.pods import Stuck, ended, has_proxy, name_of, pod, stuck, workload
from wasmnb.progress import Silent
from wasmnb.wording import Option, Verb, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.progress import Progress

__all__ = ["apply", "delete"]

_SWITCH = "istio-injection"
_REVISION = "istio.io/rev"
_NOTE = "wasmnb.dev/bookinfo-label"
"""Annotation of a namespace: the label that was set for bookinfo's sake, as ``key=value``."""
_LOOK = 0.25
_GOING = 60.0  # seconds that pods may take to end; Kubernetes gives them 30


def apply(
    cluster: Cluster,
    namespace: str,
    *,
    images: str | Mapping[str, str] = "",
    revision: str = "default",
    timeout: float = 300.0,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Have the namespace's pods get a proxy, apply bookinfo, and wait until its six pods are READY.

    What is there already and was not made here is left as it is.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
        It must exist.
    images : str or mapping
        Where the images come from instead of upstream's: ``PREFIX[:TAG]``, or one for each deployment.
    revision : str
        Of the Istio that is to inject.
    timeout : float
        Seconds to wait, image pulls included.
    progress : Progress, optional

    Returns
    -------
    tuple of str
        What a reader should know of what was done.

    Raises
    ------
    UsageError
        ``images`` names none.
    ForbiddenError
    MeshError
        A pod cannot become ready, or gets no proxy; what was applied stays.
    """
    progress = progress or Silent()
    objects = manifest(images)
    notes = _label(cluster, namespace, revision)
    found = _there(cluster, namespace)
    foreign = []
    for number, item in enumerate(objects):
        kind, name = item["kind"], item["metadata"]["name"]
        if (kind, name) in found and not _ours(found[kind, name]):
            foreign.append(f"{kind} {name}")
            continue
        progress.update(f"applying bookinfo: {kind} {name}", number, len(objects))
        _put(cluster, namespace, item)
    if foreign:
        notes.append(f"left as it is, because it was not made here: {', '.join(foreign)}")
    names = [item["metadata"]["name"] for item in objects if item["kind"] == "Deployment"]
    _wait(cluster, namespace, names, timeout, progress)
    return tuple(notes)


def delete(cluster: Cluster, namespace: str, *, progress: Progress | None = None) -> tuple[str, ...]:
    """Delete what `apply` made, in whichever process, and take back the namespace's label if it was set by it.

    Returns
    -------
    tuple of str
        What a reader should know of what was done.

    Raises
    ------
    ForbiddenError, MeshError
    """
    progress = progress or Silent()
    ours = [(key, item) for key, item in _there(cluster, namespace).items() if _ours(item)]
    for number, ((kind, name), item) in enumerate(ours):
        progress.update(f"deleting bookinfo: {kind} {name}", number, len(ours))
        _remove(cluster, namespace, kind, item)
    notes = _unlabel(cluster, namespace)
    if not ours:
        return (str(Wording("there is nothing in the namespace that {} made", Verb("bookinfo", ("apply",)))), *notes)
    gone = _leave(cluster, namespace, {name for (kind, name), _ in ours if kind == "Deployment"}, progress)
    return (*notes, *gone)


def _label(cluster: Cluster, namespace: str, revision: str) -> list[str]:
    path, right = f"/api/v1/namespaces/{namespace}", Right("patch", "namespaces")
    try:
        item = cluster.request("GET", path, right=Right("get", "namespaces"))
    except ForbiddenError:
        return ["whether the namespace's pods get a proxy could not be looked at: you may not get namespaces"]
    labels = item["metadata"].get("labels") or {}
    if labels.get(_SWITCH) == "disabled":
        raise MeshError(
            f"The namespace {namespace} is labelled {_SWITCH}=disabled: its pods get no proxy.",
            hint=f"`kubectl label namespace {namespace} {_SWITCH}=enabled --overwrite`, or choose another namespace",
        )
    if labels.get(_SWITCH) == "enabled" or _REVISION in labels:
        return []
    key, value = (_SWITCH, "enabled") if revision in ("", "default") else (_REVISION, revision)
    body = {"metadata": {"labels": {key: value}, "annotations": {_NOTE: f"{key}={value}"}}}
    try:
        cluster.request("PATCH", path, body=body, kind=MERGE, query={"fieldManager": MANAGER}, right=right)
    except ForbiddenError as error:
        ask = f"ask somebody who may to run `kubectl label namespace {namespace} {key}={value}`"
        error.advise(joined(ask, error.hint_value))
        raise
    return [f"the namespace {namespace} was labelled {key}={value}, so that its pods get a proxy"]


def _unlabel(cluster: Cluster, namespace: str) -> list[str]:
    path = f"/api/v1/namespaces/{namespace}"
    try:
        item = cluster.request("GET", path, right=Right("get", "namespaces"))
    except ForbiddenError:
        return []
    noted = (item["metadata"].get("annotations") or {}).get(_NOTE, "")
    if not noted:
        return []
    key, _, value = noted.partition("=")
    same = (item["metadata"].get("labels") or {}).get(key) == value
    change: dict[str, Any] = {"annotations": {_NOTE: None}, **({"labels": {key: None}} if same else {})}
    cluster.request("PATCH", path, body={"metadata": change}, kind=MERGE, right=Right("patch", "namespaces"))
    return [f"the label {noted} of the namespace {namespace} was taken back"] if same else []


def _there(cluster: Cluster, namespace: str) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind in KINDS.values():
        answer = cluster.request("GET", kind.path(namespace), right=kind.right("list", namespace))
        found |= {(kind.name, item["metadata"]["name"]): item for item in answer.get("items") or ()}
    return found


def _ours(item: Mapping[str, Any]) -> bool:
    labels = item["metadata"].get("labels") or {}
    return labels.get(MANAGED) == MANAGER and labels.get(PART) == "bookinfo"


def _put(cluster: Cluster, namespace: str, item: Mapping[str, Any]) -> None:
    kind, name = KINDS[item["kind"]], item["metadata"]["name"]
    query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
    try:
        cluster.request(
            "PATCH",
            kind.path(namespace, name),
            query=query,
            body=item,
            kind=APPLY,
            right=kind.right("patch", namespace),
        )
    except ConflictError as error:
        raise MeshError(
            f"{kind.name} {name} in {namespace} has fields that another tool owns; it was not changed.",
            why=error.why,
            hint=Wording("{}, then apply, makes it anew", Verb("bookinfo", ("delete",))),
        ) from error


def _remove(cluster: Cluster, namespace: str, kind: str, item: Mapping[str, Any]) -> None:
    body = {"preconditions": {"uid": item["metadata"]["uid"]}, "propagationPolicy": "Background"}
    try:
        cluster.request(
            "DELETE",
            KINDS[kind].path(namespace, item["metadata"]["name"]),
            body=body,
            right=KINDS[kind].right("delete", namespace),
        )
    except (MissingError, ConflictError):
        # Somebody was faster, and perhaps made another of that name, which is not ours to delete.
        return


def _pods(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    answer = cluster.request(
        "GET",
        f"/api/v1/namespaces/{namespace}/pods",
        query={"labelSelector": f"app in ({','.join(APPS)})"},
        right=Right("list", "pods", "", namespace),
    )
    return list(answer.get("items") or ())


def _wait(cluster: Cluster, namespace: str, names: Collection[str], timeout: float, progress: Progress) -> None:
    deadline = time.monotonic() + timeout
    kind = KINDS["Deployment"]
    while True:
        items = cluster.request("GET", kind.path(namespace), right=kind.right("list", namespace)).get("items") or ()
        deployments = [item for item in items if item["metadata"]["name"] in names]
        wanted = {item["metadata"]["name"]: _images(item["spec"]["template"]) for item in deployments}
        # Pods of an earlier apply, with other images, are on their way out.
        staying = [
            item
            for item in _pods(cluster, namespace)
            if not ended(item)
            and not item["metadata"].get("deletionTimestamp")
            and wanted.get(workload(item), set()) <= _images(item)
            and workload(item) in wanted
        ]
        done = sum(_complete(item) for item in deployments)
        progress.update(f"waiting for bookinfo: {done} of {len(names)} deployments READY", done, len(names))
        _look(namespace, staying, deployments)
        if done == len(names):
            return
        if time.monotonic() > deadline:
            raise MeshError(
                f"Bookinfo is not READY after {timeout:g} s; what was applied stays.",
                why=[_line(item) for item in staying if not _is_ready(item)],
                hint=Wording(
                    "{} waits again; {} takes it away", Verb("bookinfo", ("apply",)), Verb("bookinfo", ("delete",))
                ),
            )
        time.sleep(_LOOK)


def _images(item: Mapping[str, Any]) -> set[str]:
    return {str(one["image"]) for one in item["spec"]["containers"]}


def _complete(item: Mapping[str, Any]) -> bool:
    status, wanted = item.get("status", {}), item["spec"].get("replicas", 1)
    seen = int(status.get("observedGeneration", 0)) >= int(item["metadata"].get("generation", 0))
    # One more than wanted is an old pod that a new one, which is not ready, has not replaced yet.
    return seen and all(status.get(key, 0) == wanted for key in ("replicas", "updatedReplicas", "readyReplicas"))


def _look(namespace: str, pods: Collection[Mapping[str, Any]], deployments: Collection[Mapping[str, Any]]) -> None:
    """Raise for what waiting will not mend."""
    bare = [item["metadata"]["name"] for item in pods if not has_proxy(item)]
    if bare:
        raise MeshError(
            "Pods of bookinfo got no proxy (READY 1/1).",
            why=[*bare, f"Istio did not inject one into the pods of the namespace {namespace}"],
            hint="is its webhook there (`kubectl get mutatingwebhookconfigurations`), for the revision that the"
            " namespace's label names? pods from before the label need `kubectl rollout restart deployment`",
        )
    kept = {name_of(item): why for item in pods if (why := stuck(item)) is not None}
    if kept:
        images = Stuck.IMAGE in kept.values()
        raise MeshError(
            "Pods of bookinfo cannot start; what was applied stays.",
            why=[_line(item) for item in pods if item["metadata"]["name"] in kept],
            hint=Wording("{} names a registry that the cluster reaches", Option("images", "PREFIX[:TAG]"))
            if images
            else Wording("{} tells more", Verb("logs", (next(iter(kept)),))),
        )
    for item in deployments:
        for one in item.get("status", {}).get("conditions") or ():
            if one["type"] == "ReplicaFailure" and one["status"] == "True":
                name = item["metadata"]["name"]
                raise MeshError(f"The cluster makes no pod for {name}.", why=[str(one.get("message", ""))[:300]])


def _is_ready(item: Mapping[str, Any]) -> bool:
    done, _, wanted = pod(item).ready.partition("/")
    return done == wanted


def _line(item: Mapping[str, Any]) -> str:
    one = pod(item)
    return f"{one.name} {one.ready} {one.status}" + (f": {one.reason}" if one.reason else "")


def _leave(cluster: Cluster, namespace: str, names: Collection[str], progress: Progress) -> list[str]:
    """Wait until the pods are gone."""
    deadline = time.monotonic() + _GOING
    while left := [item for item in _pods(cluster, namespace) if workload(item) in names]:
        progress.update(f"waiting for {several(len(left), 'pod')} to end")
        if time.monotonic() > deadline:
            return [f"{several(len(left), 'pod is', 'pods are')} still ending"]
        time.sleep(_LOOK)
    return []
