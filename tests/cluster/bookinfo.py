"""The article's application on the cluster: six deployments behind four services, as on the local mesh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.cluster import images
from tests.cluster.cluster import Cluster

_PORT = 9080


def install(
    cluster: Cluster,
    namespace: str,
    names: Sequence[str] = images.BOOKINFO,
    *,
    annotations: Mapping[str, str] | None = None,
    replicas: Mapping[str, int] | None = None,
) -> None:
    """Put the application into a namespace, labelled for injection if it is made here, and wait for its pods.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    names : sequence of str
        Which deployments; all six when not said.
    annotations : mapping, optional
        Of every pod: how its sidecar is to be.
    replicas : mapping, optional
        How many pods a deployment has, where not one.
    """
    found = cluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name")
    if not found:
        labels = {"istio-injection": "enabled"}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    cluster.apply(*objects(names, annotations or {}, replicas or {}), namespace=namespace)
    cluster.ready(namespace)
    wanted = Counter(name.split("-")[0] for name in names for _ in range((replicas or {}).get(name, 1)))
    cluster.until(f"the endpoints in {namespace}", lambda: _endpoints(cluster, namespace) >= wanted)


def _endpoints(cluster: Cluster, namespace: str) -> Counter[str]:
    """Count who is behind each service: a moment passes before those are who is ready."""
    return Counter(
        item["metadata"]["labels"]["kubernetes.io/service-name"]
        for item in cluster.get(namespace, "endpointslices")["items"]
        for one in item.get("endpoints") or ()
        if one["conditions"].get("ready")
    )


def objects(
    names: Iterable[str], annotations: Mapping[str, str], replicas: Mapping[str, int]
) -> Iterable[dict[str, Any]]:
    """Give the application's objects."""
    names = list(names)
    for app in dict.fromkeys(name.split("-")[0] for name in names):
        port = {"name": "http", "port": _PORT}
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": f"bookinfo-{app}"}}
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": app, "labels": {"app": app, "service": app}},
            "spec": {"selector": {"app": app}, "ports": [port]},
        }
    for name in names:
        app, version = name.split("-")
        labels = {"app": app, "version": version}
        container = {
            "name": app,
            "image": f"{images.BOOKINFO_REPOSITORIES[0]}/examples-bookinfo-{name}:{images.BOOKINFO_TAG}",
            "ports": [{"containerPort": _PORT}],
        }
        pod = {
            "metadata": {"labels": labels, "annotations": dict(annotations)},
            "spec": {"serviceAccountName": f"bookinfo-{app}", "containers": [container]},
        }
        yield {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {"replicas": replicas.get(name, 1), "selector": {"matchLabels": labels}, "template": pod},
        }
