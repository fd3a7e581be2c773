"""Istio's names for a proxy's clusters, routes and node, which filters read as properties and call by.

Sources: Istio 1.30 ``pilot/pkg/model/context.go`` (``BuildSubsetKey``, node ids), ``pkg/bootstrap/config.go`` (node
metadata), ``pilot/pkg/networking/core/route/route.go`` (names of routes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NAMESPACE", "host", "inbound_cluster", "node", "outbound_cluster"]

NAMESPACE = "default"
"""The namespace of everything on the embedded mesh."""

_DOMAIN = f"{NAMESPACE}.svc.cluster.local"


def host(service: str) -> str:
    """Give the full host name of a service: ``ratings.default.svc.cluster.local``."""
    return f"{service}.{_DOMAIN}"


def outbound_cluster(service: str, port: int) -> str:
    """Name the cluster of requests to a service: ``outbound|9080||ratings.default.svc.cluster.local``."""
    return f"outbound|{port}||{host(service)}"


def inbound_cluster(port: int) -> str:
    """Name the cluster of the service behind a sidecar: ``inbound|9080||``."""
    return f"inbound|{port}||"


def node(pod: str, workload: str, labels: Mapping[str, str], *, kind: str = "sidecar") -> dict[str, Any]:
    """Give a proxy's ``node``: its id, the service that it belongs to, and the metadata that filters read.

    Parameters
    ----------
    pod, workload : str
    labels : mapping of str to str
        The pod's.
    kind : str
        ``sidecar``, or ``router`` for a gateway.
    """
    app = labels.get("app", workload)
    canonical = {
        "service.istio.io/canonical-name": app,
        "service.istio.io/canonical-revision": labels.get("version", "latest"),
    }
    return {
        "id": f"{kind}~127.0.0.1~{pod}.{NAMESPACE}~{_DOMAIN}",
        "cluster": f"{app}.{NAMESPACE}",
        "metadata": {
            "NAME": pod,
            "NAMESPACE": NAMESPACE,
            "WORKLOAD_NAME": workload,
            "OWNER": f"kubernetes://apis/apps/v1/namespaces/{NAMESPACE}/deployments/{workload}",
            "LABELS": {**labels, **canonical},
            "SERVICE_ACCOUNT": NAMESPACE,
            "INSTANCE_IPS": "127.0.0.1",
            "CLUSTER_ID": "Kubernetes",
            "MESH_ID": "cluster.local",
        },
    }
