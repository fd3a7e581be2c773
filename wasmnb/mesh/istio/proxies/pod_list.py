"""The pods of a namespace, however many: listed in pages, each kept without what nobody here reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.api.rbac import Right

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["AGENT", "APPLICATIONS", "PodList", "slim"]

AGENT = "wasmnb.dev/agent"
"""Label of the pod of our agent, which is none of the mesh's."""
APPLICATIONS = {"labelSelector": f"!{AGENT}"}
"""The question for the pods of a mesh."""

_PAGE = 500
"""Pods of one answer (as ``kubectl`` asks for them); the API server compresses what is larger than 128 KiB."""
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SPEC = ("hostNetwork", "nodeName", "serviceAccountName")
_CONTAINER = ("name", "image", "args", "restartPolicy")
_STATUS = ("phase", "reason", "message", "podIP", "startTime")
_CONTAINER_STATUS = ("name", "state", "ready", "restartCount")
_CONDITION = ("type", "status", "reason", "message")
_LISTS = (
    ("spec", "containers", _CONTAINER),
    ("spec", "initContainers", _CONTAINER),
    ("status", "containerStatuses", _CONTAINER_STATUS),
    ("status", "initContainerStatuses", _CONTAINER_STATUS),
    ("status", "conditions", _CONDITION),
)


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
        self._known: dict[tuple[str, str], dict[str, Any]] = {}

    def read(self) -> list[Mapping[str, Any]]:
        """List the pods, by name.

        Raises
        ------
        ForbiddenError, MeshError
        """
        right = Right("list", "pods", "", self.namespace)
        path, query = f"/api/v1/namespaces/{self.namespace}/pods", {"limit": str(_PAGE), **APPLICATIONS}
        found: dict[tuple[str, str], dict[str, Any]] = {}
        while True:
            answer = self._cluster.request("GET", path, query=query, right=right, compressed=True)
            for item in answer["items"]:
                metadata = item["metadata"]
                key = (str(metadata["uid"]), str(metadata.get("resourceVersion", "")))
                found[key] = self._known.get(key) or slim(item)
            token = answer["metadata"].get("continue")
            if not token:
                break
            query = {**query, "continue": token}
        self._known = found
        return sorted(found.values(), key=lambda item: str(item["metadata"]["name"]))


def slim(item: Mapping[str, Any]) -> dict[str, Any]:
    """Give a pod without what makes most of its size: volumes, environments, probes, and who set which field."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
    if _APPLIED in (notes := metadata.get("annotations") or {}):
        metadata["annotations"] = {key: value for key, value in notes.items() if key != _APPLIED}
    kept = {part: _only(item.get(part) or {}, names) for part, names in (("spec", _SPEC), ("status", _STATUS))}
    for part, name, names in _LISTS:
        several: Sequence[Mapping[str, Any]] = (item.get(part) or {}).get(name) or ()
        if several:
            kept[part][name] = [_only(one, names) for one in several]
    return {**item, "metadata": metadata, **kept}


def _only(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}
