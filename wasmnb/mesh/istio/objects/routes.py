"""The two objects that share a service's requests between its pods, and those of others that would not bear them.

Sources: Istio 1.30 API ``networking/v1/virtual_service.proto``, ``destination_rule.proto``: a weight is relative to the
others of its rule; a subset names labels and excludes none; of two VirtualServices for a host the older one counts in
sidecars, and a DestinationRule in a caller's namespace hides one in the service's, with its subsets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.shares import weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["TRIED", "Routes", "clashes", "held"]

TRIED = "tried"
"""The subset of the pods that a plugin is tried on."""
_API = "networking.istio.io/v1beta1"
_ALL = 100
_MESH, _DOMAIN = "mesh", "cluster.local"
_CLOSE = 1e-6


@dataclass(frozen=True)
class Routes:
    """Where the requests for a service go.

    Parameters
    ----------
    name : str
        Of both objects.
    namespace, service : str
    ports : tuple of int
        The service's.
    labels : mapping of str to str
        Of the pods that a plugin is tried on.
    others : sequence of (mapping, int)
        The labels by which the other pods are divided, and how many carry each.
    """

    name: str
    namespace: str
    service: str
    ports: tuple[int, ...]
    labels: Mapping[str, str]
    others: Sequence[tuple[Mapping[str, str], int]]

    @property
    def host(self) -> str:
        """The service's full name, but for the cluster's domain, which may be any."""
        return f"{self.service}.{self.namespace}.svc"

    def objects(self, percent: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the DestinationRule, which must be there first, and the VirtualService."""
        subsets = [{"name": TRIED, "labels": dict(self.labels)}]
        subsets += [{"name": f"rest-{at}", "labels": dict(labels)} for at, (labels, _) in enumerate(self.others, 1)]
        shared = weights(percent, [1], [count for _, count in self.others])
        chosen = [pair for pair in zip(subsets, shared, strict=True) if pair[1]]
        http = [
            {
                "match": [{"port": port}],
                "route": [
                    {
                        "destination": {"host": self.service, "subset": subset["name"], "port": {"number": port}},
                        "weight": weight,
                    }
                    for subset, weight in chosen
                ],
            }
            for port in self.ports
        ]
        return (
            self._object("DestinationRule", {"host": self.service, "subsets": subsets}),
            self._object("VirtualService", {"hosts": [self.service], "http": http}),
        )

    def _object(self, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        return {"apiVersion": _API, "kind": kind, "metadata": {"name": self.name}, "spec": dict(spec)}


def held(dump: str, host: str, percent: float) -> bool | None:
    """Say whether a proxy's routes share the requests for a host so; None where it has no route there.

    Parameters
    ----------
    dump : str
        ``/config_dump?resource=dynamic_route_configs``.
    host : str
    percent : float
    """
    found = []
    for config in json.loads(dump).get("configs") or ():
        for virtual in (config.get("route_config") or {}).get("virtual_hosts") or ():
            if any(domain.startswith(f"{host}.") for domain in virtual.get("domains") or ()):
                found += [_share(route.get("route") or {}) for route in virtual.get("routes") or ()]
    return all(abs(share - percent) < _CLOSE for share in found) if found else None


def _share(route: Mapping[str, Any]) -> float:
    """Say which percent of a route's requests goes to the pods that a plugin is tried on."""
    alone = [{"name": route.get("cluster", ""), "weight": 1}]
    weighted = (route.get("weighted_clusters") or {}).get("clusters") or alone
    parts = [(f"|{TRIED}|" in one["name"], int(one.get("weight") or 0)) for one in weighted]
    total = sum(weight for _, weight in parts)
    return _ALL * sum(weight for own, weight in parts if own) / total if total else 0.0


def clashes(items: Iterable[Mapping[str, Any]], routes: Routes) -> list[str]:
    """Name the objects that say where requests for a host go, or how: ``VirtualService shop/reviews``.

    Parameters
    ----------
    items : iterable of mapping
        VirtualServices and DestinationRules of Istio, HTTPRoutes and GRPCRoutes of the Gateway API.
    routes : Routes
    """
    return [
        f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
        for item in items
        if (routes.namespace, routes.name) != (item["metadata"]["namespace"], item["metadata"]["name"])
        and _concerns(item, routes)
    ]


def _concerns(item: Mapping[str, Any], routes: Routes) -> bool:
    spec, home = item.get("spec") or {}, str(item["metadata"]["namespace"])
    if item["kind"] == "DestinationRule":
        return _names(str(spec.get("host") or ""), home, routes)
    if item["kind"] == "VirtualService":
        # What is for gateways alone says nothing to sidecars.
        inside = _MESH in (spec.get("gateways") or [_MESH])
        return inside and any(_names(host, home, routes) for host in spec.get("hosts") or ())
    parents = spec.get("parentRefs") or ()
    return any(
        one.get("kind") == "Service"
        and one.get("name") == routes.service
        and (one.get("namespace") or home) == routes.namespace
        for one in parents
    )


def _names(host: str, home: str, routes: Routes) -> bool:
    """Say whether a host of an object is the service, or a pattern that it falls under."""
    if "." not in host and host != "*":
        return (host, home) == (routes.service, routes.namespace)
    if host.startswith("*"):
        # Where the cluster's domain is another, a pattern that begins before it is known all the same.
        tail, inner = host[1:], (f".{routes.namespace}.svc.", ".svc.")
        return f"{routes.host}.{_DOMAIN}".endswith(tail) or tail.startswith(inner)
    return host in (routes.host, routes.host.removesuffix(".svc")) or host.startswith(f"{routes.host}.")
