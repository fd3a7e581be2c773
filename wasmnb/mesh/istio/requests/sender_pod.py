"""The pod that a request is sent from, by any of the names that a user has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import BadNameError, Place
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.proxies.pods import PROXY, app, ended, has_proxy, is_ready, name_of, workload
from wasmnb.mesh.suggestion import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["application", "find", "shell_image", "uid"]

_MAIN = "kubectl.kubernetes.io/default-container"
_DISTROLESS = "-distroless"


def find(cluster: Cluster, namespace: str, source: str) -> dict[str, Any]:
    """Find a pod by its name, its workload's or its app label; of several, a ready one with a proxy.

    Raises
    ------
    BadNameError
        Nothing is called so.
    ForbiddenError, MeshError
    """
    answer = cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods", right=Right("list", "pods", "", namespace))
    pods = sorted((one for one in answer.get("items") or () if not ended(one)), key=_rank)
    for read in (name_of, workload, app):
        for one in pods:
            if read(one) == source:
                return dict(one)
    raise BadNameError(
        f"There is no pod, workload or app {source!r} in the namespace {namespace}.",
        where=Place("the pod", quote=source),
        hint=suggestion(source, [name for called in (app, workload) for one in pods if (name := called(one))]),
    )


def application(item: Mapping[str, Any]) -> str:
    """Name the container of the application: the one that ``kubectl exec`` takes; empty when there is none."""
    names = [one["name"] for one in item["spec"].get("containers") or () if one["name"] != PROXY]
    main = str((item["metadata"].get("annotations") or {}).get(_MAIN, ""))
    return main if main in names else next(iter(names), "")


def uid(item: Mapping[str, Any], container: str) -> int | None:
    """Give the user that a container is said to run as; None when its image decides."""
    spec = item["spec"]
    every = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    own = next((one.get("securityContext") or {} for one in every if one["name"] == container), {})
    found = own.get("runAsUser", (spec.get("securityContext") or {}).get("runAsUser"))
    return None if found is None else int(found)


def shell_image(proxy: Mapping[str, Any]) -> str:
    """Name an image with a shell and curl: the proxy's own, which the node has; for a distroless one, its sibling.

    Istio publishes each proxy image with and without the suffix ``-distroless`` (``tools/docker.yaml``).
    """
    name, at, digest = str(proxy["image"]).partition("@")
    return name.removesuffix(_DISTROLESS) if name.endswith(_DISTROLESS) else name + at + digest


def _rank(item: Mapping[str, Any]) -> tuple[bool, bool, bool, str]:
    """Order pods: those that stay, that have a proxy and that are ready come first."""
    return bool(item["metadata"].get("deletionTimestamp")), not has_proxy(item), not is_ready(item), name_of(item)
