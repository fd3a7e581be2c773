"""Names a user may write, and what they stand for: workloads, pods, services."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, Place, SelectorError
from wasmnb.mesh import urls
from wasmnb.mesh.suggestion import suggestion
from wasmnb.plugin.selector import labels_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wasmnb.envoy.proxy import Proxy

__all__ = ["Service", "Target", "find", "locate", "no_pod"]

_SUFFIXES = ("", ".default", ".default.svc", ".default.svc.cluster.local")


@dataclass
class Service:
    """A name for requests, and the proxies of its pods, which are asked in turn."""

    name: str
    ports: tuple[int, ...]
    proxies: list[Proxy]
    http2: bool = False
    turn: Iterable[int] = field(default_factory=itertools.count)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names, in every form that Kubernetes knows, with each port and without."""
        names = [self.name + suffix for suffix in _SUFFIXES]
        return tuple(names + [f"{name}:{port}" for name in names for port in self.ports])

    def next(self) -> Proxy:
        """Take the proxy whose turn it is."""
        return self.proxies[next(iter(self.turn)) % len(self.proxies)]


@dataclass(frozen=True)
class Target:
    """Where a URL leads to."""

    service: Service
    authority: str
    path: str


def find(name: str, proxies: Sequence[Proxy]) -> Proxy:
    """Find a proxy by pod, workload or app name (the first pod of several).

    Raises
    ------
    BadNameError
        Nothing is called so.
    """
    for proxy in proxies:
        if name in (proxy.name, proxy.site.workload):
            return proxy
    for proxy in proxies:
        if name == proxy.labels.get("app"):
            return proxy
    apps = [proxy.labels["app"] for proxy in proxies if "app" in proxy.labels]
    raise BadNameError(
        f"There is no pod, workload or app {name!r} in this mesh.",
        where=Place("the pod", quote=name),
        hint=suggestion(name, [*apps, *(proxy.site.workload for proxy in proxies)]),
    )


def locate(url: str, services: Mapping[str, Service]) -> Target:
    """Find the service that a URL names.

    Raises
    ------
    TrafficError
        The URL is none, or no service has this name and port.
    """
    wanted = urls.read(url)
    host = wanted.host
    name = next((host.removesuffix(end) for end in reversed(_SUFFIXES) if end and host.endswith(end)), host)
    service = services.get(name)
    if service is None:
        raise urls.no_service(
            wanted, name, [f"{one.name}:{number}" for one in services.values() for number in one.ports]
        )
    if wanted.port not in service.ports:
        raise urls.no_port(wanted, name, service.ports)
    return Target(service, wanted.authority, wanted.path)


def no_pod(selector: Mapping[str, str], proxies: Sequence[Proxy]) -> SelectorError:
    """Make the error for a selector that matches nothing: it lists the labels there are."""
    wanted = labels_text(selector)
    labels = [f"{key}={value}" for proxy in proxies for key, value in proxy.labels.items()]
    hint = suggestion(wanted, sorted(set(labels)))
    return SelectorError(f"The selector {wanted} matches no pod.", where=Place("the selector", quote=wanted), hint=hint)
