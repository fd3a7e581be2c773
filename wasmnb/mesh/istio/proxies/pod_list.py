"""The pods of a namespace, however many: listed in pages, each kept without what nobody here reads."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypedDict

from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.api.typed_json import Raw, decoder, only, unread
from wasmnb.mesh.istio.proxies.pods import PROXY, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["AGENT", "APPLICATIONS", "PodList", "slim"]

AGENT = "wasmnb.dev/agent"
"""Label of the pod of our agent, which is none of the mesh's."""
APPLICATIONS = {"labelSelector": f"!{AGENT}"}
"""The question for the pods of a mesh."""

_PAGE = 500
"""Pods of one answer (as ``kubectl`` asks for them); the API server compresses what is larger than 128 KiB."""
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class _Metadata(TypedDict, total=False):
    name: str
    namespace: str
    uid: str
    resourceVersion: str
    creationTimestamp: str | None
    deletionTimestamp: str | None
    labels: dict[str, str] | None
    annotations: dict[str, str] | None
    ownerReferences: list[dict[str, Any]] | None


class _Container(TypedDict, total=False):
    name: str
    image: str
    args: list[str] | None
    restartPolicy: str | None


class _Application(_Container, total=False):
    """A container with what tells it from another of the same image; `env` is kept as a digest."""

    command: list[str] | None
    env: Raw
    envFrom: Raw


class _Spec(TypedDict, total=False):
    hostNetwork: bool
    nodeName: str
    serviceAccountName: str
    containers: list[_Application] | None
    initContainers: list[_Container] | None


class _ContainerStatus(TypedDict, total=False):
    name: str
    imageID: str
    state: dict[str, Any]
    ready: bool
    restartCount: int


class _Condition(TypedDict, total=False):
    type: str
    status: str
    reason: str | None
    message: str | None


class _Status(TypedDict, total=False):
    phase: str
    reason: str
    message: str
    podIP: str
    startTime: str | None
    containerStatuses: list[_ContainerStatus] | None
    initContainerStatuses: list[_ContainerStatus] | None
    conditions: list[_Condition] | None


class _Pod(TypedDict, total=False):
    """What is read of a pod: without volumes, environments, probes, and who set which field."""

    apiVersion: str
    kind: str
    metadata: _Metadata
    spec: _Spec
    status: _Status


_Continued = TypedDict("_Continued", {"continue": str}, total=False)


class _Page(TypedDict, total=False):
    items: list[_Pod] | None
    metadata: _Continued


class PodList:
    """Lists the pods of a namespace; one that has not changed since is the same object again.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self._known: dict[tuple[str, str], _Pod] = {}

    def read(self) -> list[Mapping[str, Any]]:
        """List the pods, by name.

        Raises
        ------
        ForbiddenError, MeshError
        """
        right = Right("list", "pods", "", self.namespace)
        path, query = f"/api/v1/namespaces/{self.namespace}/pods", {"limit": str(_PAGE), **APPLICATIONS}
        found: dict[tuple[str, str], _Pod] = {}
        while True:
            answer: _Page = self._cluster.request(
                "GET", path, query=query, right=right, compressed=True, read=decoder(_Page)
            )
            for item in answer.get("items") or ():
                metadata = item["metadata"]
                key = (metadata["uid"], metadata.get("resourceVersion", ""))
                found[key] = self._known.get(key) or _shortened(item)
            token = answer.get("metadata", {}).get("continue")
            if not token:
                break
            query = {**query, "continue": token}
        self._known = found
        return sorted(found.values(), key=name_of)


def slim(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a pod without what makes most of its size: volumes, environments, probes, and who set which field."""
    return _shortened(only(_Pod, item))


def _shortened(item: _Pod) -> _Pod:
    """Take away the whole object as somebody applied it, which an annotation holds, and environments but for a digest.

    They are long, secrets stand in them, and of one no more is asked than whether it is the same as another.
    """
    notes = item["metadata"].get("annotations") or {}
    if _APPLIED in notes:
        item["metadata"]["annotations"] = {key: value for key, value in notes.items() if key != _APPLIED}
    for one in (item.get("spec") or {}).get("containers") or ():
        said = [unread(one.pop("env", None)), unread(one.pop("envFrom", None))]
        if any(said) and one["name"] != PROXY:
            one["env"] = hashlib.sha256(json.dumps(said).encode()).hexdigest()  # type: ignore[typeddict-item]
    return item
