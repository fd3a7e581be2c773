"""From a URL to a service of the cluster, its port, and the pods behind it that are ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.errors import BadNameError, Place, TrafficError
from wasmnb.mesh import urls
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, MissingError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.suggestion import suggestion
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["Endpoint", "Target", "endpoints", "locate", "named", "nobody", "ready"]

_FORMS = (".svc.cluster.local", ".svc", "")
_DISCOVERY = "discovery.k8s.io"


@dataclass(frozen=True)
class Endpoint:
    """A pod behind a service, with the address and port that it is reached at."""

    pod: str
    namespace: str
    address: str
    port: int


@dataclass(frozen=True)
class Target:
    """Where a URL leads to.

    Parameters
    ----------
    service, namespace : str
    port : int
        The service's.
    port_name : str
        The port's name, by which endpoint slices know it; may be empty.
    authority, path : str
        What the request says.
    """

    service: str
    namespace: str
    port: int
    port_name: str
    authority: str
    path: str


def locate(cluster: Cluster, namespace: str, url: str) -> Target:
    """Find the service that a URL names: ``details``, ``details.NAMESPACE`` or with ``.svc.cluster.local`` behind.

    Raises
    ------
    TrafficError
        The URL is none, or no service has this name and port.
    ForbiddenError, MeshError
    """
    wanted = urls.read(url)
    stem = next(wanted.host.removesuffix(form) for form in _FORMS if wanted.host.endswith(form))
    name, _, home = stem.partition(".")
    home = home or namespace
    path = f"/api/v1/namespaces/{home}/services"
    try:
        # A name with a dot left in it, or with letters that no object has, is not asked for.
        good = name.replace("-", "").isalnum() and home.replace("-", "").isalnum()
        service = cluster.request("GET", f"{path}/{name}", right=Right("get", "services", "", home)) if good else None
    except MissingError:
        service = None
    shown = name if home == namespace else f"{name}.{home}"
    if service is None:
        raise urls.no_service(wanted, shown, _known(cluster, home, namespace) or _known(cluster, namespace, namespace))
    ports = [one for one in service["spec"].get("ports") or () if one.get("protocol", "TCP") == "TCP"]
    found = next((one for one in ports if one["port"] == wanted.port), None)
    if found is None:
        raise urls.no_port(wanted, shown, [one["port"] for one in ports])
    return Target(name, home, wanted.port, found.get("name", ""), wanted.authority, wanted.path)


def ready(cluster: Cluster, target: Target) -> list[Endpoint]:
    """List the pods of a service that are ready, by name.

    Raises
    ------
    ForbiddenError, MeshError
    """
    answer = cluster.request(
        "GET",
        f"/apis/{_DISCOVERY}/v1/namespaces/{target.namespace}/endpointslices",
        query={"labelSelector": f"kubernetes.io/service-name={target.service}"},
        right=Right("list", "endpointslices", _DISCOVERY, target.namespace),
    )
    found: dict[str, Endpoint] = {}
    # One pod has an IPv4 and an IPv6 address where the cluster has both: the first is enough.
    for item in sorted(answer.get("items") or (), key=lambda one: str(one.get("addressType"))):
        for one in _endpoints(item, target):
            found.setdefault(one.pod, one)
    return [found[name] for name in sorted(found)]


def named(pod: str, found: Sequence[Endpoint], target: Target) -> Endpoint:
    """Find the endpoint of a pod.

    Raises
    ------
    BadNameError
        It is not behind the service, or not ready.
    """
    for one in found:
        if one.pod == pod:
            return one
    raise BadNameError(
        f"The service {target.service!r} has no ready pod {pod!r}.",
        where=Place("the pod", quote=pod),
        hint=suggestion(pod, [one.pod for one in found]),
    )


def endpoints(cluster: Cluster, namespace: str, url: str) -> list[str]:
    """Name the ready pods behind the service that a URL names; see ``Mesh.endpoints``.

    Raises
    ------
    TrafficError
        There is no such service or port.
    ForbiddenError, MeshError
    """
    return [one.pod for one in ready(cluster, locate(cluster, namespace, url))]


def nobody(target: Target) -> TrafficError:
    """Make the error for a service behind which no pod is ready."""
    return TrafficError(
        f"No pod behind the service {target.service!r} is ready.",
        why=[f"its endpoint slices in the namespace {target.namespace} name none"],
        hint=Wording("{} shows the pods: wait until one is READY, or look at the service's selector", Verb("pods")),
    )


def _endpoints(item: Mapping[str, Any], target: Target) -> list[Endpoint]:
    ports = [one["port"] for one in item.get("ports") or () if (one.get("name") or "") == target.port_name]
    return [
        Endpoint(one["targetRef"]["name"], one["targetRef"].get("namespace", ""), one["addresses"][0], int(ports[0]))
        for one in item.get("endpoints") or ()
        # An unknown condition counts as ready (EndpointSlice API, ``conditions.ready``).
        if ports
        and (one.get("conditions") or {}).get("ready") is not False
        and (one.get("targetRef") or {}).get("kind") == "Pod"
    ]


def _known(cluster: Cluster, home: str, namespace: str) -> list[str]:
    try:
        answer = cluster.request("GET", f"/api/v1/namespaces/{home}/services")
    except ForbiddenError:
        return []
    suffix = "" if home == namespace else f".{home}"
    return [
        f"{item['metadata']['name']}{suffix}:{port['port']}"
        for item in answer.get("items") or ()
        for port in item["spec"].get("ports") or ()
    ]
