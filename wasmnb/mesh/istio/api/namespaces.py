"""A namespace of the cluster: whether it is there, and whether its pods get a sidecar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import MeshError, did_you_mean
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, MissingError
from wasmnb.mesh.istio.api.rbac import Right

if TYPE_CHECKING:
    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["injected", "require"]

_RIGHT = Right("get", "namespaces")


def require(cluster: Cluster, namespace: str) -> None:
    """See that a namespace exists, as far as one may.

    Raises
    ------
    MeshError
        It does not; the message names those that do.
    """
    try:
        cluster.request("GET", f"/api/v1/namespaces/{namespace}", right=_RIGHT)
    except ForbiddenError:
        return
    except MissingError:
        try:
            known = cluster.namespaces()
        except ForbiddenError:
            known = []
        raise MeshError(
            f"There is no namespace {namespace!r} in the cluster of the context {cluster.context!r}.",
            why=[f"available: {', '.join(known)}"] if known else [],
            hint=did_you_mean(namespace, known) or f"`kubectl create namespace {namespace}` makes it",
        ) from None


def injected(cluster: Cluster, namespace: str) -> str:
    """Say why a namespace's pods get no sidecar; empty when they do, or it may not be known."""
    try:
        item = cluster.request("GET", f"/api/v1/namespaces/{namespace}", right=_RIGHT)
    except ForbiddenError:
        return ""
    has = item["metadata"].get("labels") or {}
    if has.get("istio-injection") == "enabled" or (has.get("istio.io/rev") and "istio-injection" not in has):
        return ""
    return (
        f"the namespace is not injected: `kubectl label namespace {namespace} istio-injection=enabled`,"
        " then restart its pods"
    )
