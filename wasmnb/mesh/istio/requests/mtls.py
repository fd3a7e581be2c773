"""Whether a pod's proxy takes plain HTTP, as Istio's policies say (security.istio.io PeerAuthentication)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.plugin.scope import carries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["policies", "strict"]

_GROUP = "security.istio.io"
_STRICT = "STRICT"


def policies(cluster: Cluster, namespaces: Iterable[str]) -> list[dict[str, Any]] | None:
    """List the policies of some namespaces; None when they may not be read, or Istio has none."""
    found: list[dict[str, Any]] = []
    for namespace in dict.fromkeys(namespaces):
        right = Right("list", "peerauthentications", _GROUP, namespace)
        path = f"/apis/{_GROUP}/v1beta1/namespaces/{namespace}/peerauthentications"
        try:
            found += cluster.request("GET", path, right=right).get("items") or ()
        except MeshError:
            return None
    return found


def strict(
    found: Sequence[Mapping[str, Any]], labels: Mapping[str, str], port: int, *, namespace: str, root: str
) -> str:
    """Name the policy by which a pod's port takes nothing but mutual TLS; empty when it takes plain HTTP too.

    A policy for the workload outweighs the namespace's, and that one the mesh's; of several, the oldest holds. A mode
    that is not set is inherited; the mesh's own is PERMISSIVE (Istio, ``pilot/pkg/model/authentication.go``).

    Parameters
    ----------
    found : sequence of mapping
        As `policies` gives them.
    labels : mapping of str to str
        The pod's.
    port : int
        The container's.
    namespace : str
        The pod's.
    root : str
        Istio's root namespace.
    """
    levels: list[list[Mapping[str, Any]]] = [[], [], []]
    for one in sorted(
        found, key=lambda item: (item["metadata"].get("creationTimestamp", ""), item["metadata"]["name"])
    ):
        wanted = (one.get("spec", {}).get("selector") or {}).get("matchLabels") or {}
        home = one["metadata"]["namespace"]
        if wanted and home == namespace and carries(labels, wanted):
            levels[0].append(one)
        elif not wanted and home == namespace:
            levels[1].append(one)
        elif not wanted and home == root:
            levels[2].append(one)
    for level in levels:
        for one in level[:1]:
            mode = _mode(one, port)
            if mode:
                return f"{one['metadata']['namespace']}/{one['metadata']['name']}" if mode == _STRICT else ""
    return ""


def _mode(policy: Mapping[str, Any], port: int) -> str:
    spec = policy.get("spec") or {}
    ports = spec.get("portLevelMtls") or {}
    for mtls in (ports.get(str(port)), spec.get("mtls")):
        mode = str((mtls or {}).get("mode", ""))
        if mode not in ("", "UNSET"):
            return mode
    return ""
