"""What a local mesh consists of, before anything runs: ports, routes, proxies, and the processes to start."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.admin import Question
from wasmnb.envoy.bootstrap import Address, Route, Site
from wasmnb.envoy.canary import canary_proxy
from wasmnb.envoy.istio_names import host
from wasmnb.envoy.processes import reserve
from wasmnb.envoy.program import find_envoy
from wasmnb.envoy.proxy import Proxy
from wasmnb.envoy.taken_over import Named
from wasmnb.errors import BadNameError, ConfigError
from wasmnb.mesh.local.lookup import Service
from wasmnb.mesh.local.workload import GATEWAY, SERVICE_PORT, Bookinfo, Protocol, Workload
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from wasmnb.envoy.taken_over import TakenOver

__all__ = ["Plan", "plan", "route_to"]

# Seconds after which a hanging thread ends its Envoy. The main thread only loads what the canary let through, and may
# take minutes for a large module on a busy machine; a worker that does not come back within two seconds never will.
_WATCHDOG = (240.0, 2.0)
ROOM = 512
"""Of so many `inotify` instances each pod takes one more, to load modules ahead; Linux has 128 for each user by itself.

A mesh takes 17 without, and an Envoy that gets none ends.
"""

_WATCHES = Path("/proc/sys/fs/inotify/max_user_instances")
_GATEWAY_LABELS = {"app": GATEWAY, "istio": "ingressgateway"}
_GATEWAY_PORT = 80


@dataclass
class Plan:
    """The parts of a mesh.

    Parameters
    ----------
    proxies : list of Proxy
        The pods' sidecars, in the order of the workloads.
    gateway, canary : Proxy
    services : dict of str to Service
        By the name that requests use.
    processes, spare : list of dict
        What the supervisor starts at once, and what it starts once the pods are up (the canary).
    held : list of socket.socket
        The reserved ports.
    level : str
        The log level of the filters.
    """

    folder: Path
    gateway: Proxy
    canary: Proxy
    proxies: list[Proxy]
    services: dict[str, Service]
    processes: list[dict[str, Any]] = field(default_factory=list)
    spare: list[dict[str, Any]] = field(default_factory=list)
    held: list[socket.socket] = field(default_factory=list)
    level: str = "info"

    @property
    def everyone(self) -> list[Proxy]:
        """The proxies that plugins can be applied to: the pods', and the gateway."""
        return [*self.proxies, self.gateway]


class _Planner:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: list[socket.socket] = []
        self.count = 0
        self.ahead = _watches() >= ROOM

    def port(self, wanted: int = 0) -> int:
        held = reserve(wanted)
        self.held.append(held)
        return int(held.getsockname()[1])

    def place(self) -> Path:
        # Folders are numbered, not named, because the path of a Unix socket may not be long.
        self.count += 1
        return self.folder / str(self.count - 1)

    def proxy(self, workload: str, labels: Mapping[str, str], service: Route | None, **site: Any) -> Proxy:
        question = site.pop("question", None)
        site |= {"service": service, "labels": labels, "ahead": self.ahead}
        return Proxy(Site(f"{workload}-0", workload, str(self.place()), **site), labels, question)

    def sidecar(self, workload: Workload | Bookinfo) -> tuple[Proxy, dict[str, Any] | None]:
        inbound, outbound = self.port(), self.port()
        app = workload.labels["app"]
        common = {"inbound": ("127.0.0.1", inbound), "outbound": outbound, "watchdog": _WATCHDOG}
        if isinstance(workload, Workload):
            endpoint, http2 = workload.endpoint, workload.protocol is Protocol.H2C
            # HEAD asks nothing of a service that we do not know.
            question = Question(endpoint, http2=True) if http2 else Question(endpoint, "HEAD")
            common |= {"operation": f"{host(app)}:{endpoint[1]}/*", "port": endpoint[1], "question": question}
            behind = Route(app, (), (endpoint,), (endpoint[1],), http2)
            return self.proxy(workload.name, workload.labels, behind, **common), None
        endpoint = ("127.0.0.1", self.port())
        operation = f"{host(app)}:{SERVICE_PORT}/*"
        common |= {"operation": operation, "port": SERVICE_PORT, "question": Question(endpoint, path="/health")}
        proxy = self.proxy(workload.name, workload.labels, Route(app, (), (endpoint,), (SERVICE_PORT,)), **common)
        options = {
            "app": app,
            "version": workload.version,
            "pod": proxy.name,
            "port": endpoint[1],
            "outbound": outbound,
        }
        module = str(Path(__file__).with_name("bookinfo.py"))
        log = str(proxy.folder / "service.log")
        return proxy, {"name": f"{proxy.name}/service", "module": module, "options": options, "log": log}


def plan(
    folder: Path,
    workloads: Sequence[Workload | Bookinfo],
    *,
    gateway_port: int,
    log_level: str,
    taken: TakenOver | None = None,
) -> Plan:
    """Reserve ports, and write what each Envoy starts with.

    Raises
    ------
    BadNameError
        Two workloads have the same name, or none is the one whose proxy is taken over.
    ConfigError
        There is no workload.
    MeshError
        There is no Envoy, or the gateway's port is in use.
    """
    envoy = find_envoy()
    _check(workloads)
    planner = _Planner(folder)
    try:
        return _plan(planner, workloads, envoy, gateway_port, log_level, taken)
    except BaseException:
        for held in planner.held:
            held.close()
        raise


def _plan(  # noqa: PLR0917 - told at one place
    planner: _Planner,
    workloads: Sequence[Workload | Bookinfo],
    envoy: str,
    gateway_port: int,
    level: str,
    taken: TakenOver | None,
) -> Plan:
    gate = ("127.0.0.1", planner.port(gateway_port))
    pairs = [planner.sidecar(workload) for workload in workloads]
    proxies = [proxy for proxy, _ in pairs]
    services = _services(workloads, proxies)
    front = services.get("productpage") or next(iter(services.values()))
    gateway = planner.proxy(
        GATEWAY,
        _GATEWAY_LABELS,
        route_to(front),
        inbound=gate,
        outbound=0,
        operation=f"{host(front.name)}:{front.ports[0]}/*",
        watchdog=_WATCHDOG,
        port=_GATEWAY_PORT,
    )
    services[GATEWAY] = Service(GATEWAY, (_GATEWAY_PORT,), [gateway])
    canary = canary_proxy(planner.place())
    if taken is not None:
        _take_over(taken, [*proxies, gateway], services, canary)
    routes = [route_to(one) for one in services.values()]
    whole = Plan(planner.folder, gateway, canary, proxies, services, held=planner.held, level=level)
    whole.processes = [service for _, service in pairs if service is not None]
    whole.processes += [proxy.prepare(envoy, routes, level) for proxy in whole.everyone]
    # The canary knows every service's name, so that a filter may call them when it starts, and reaches none of them.
    whole.spare = [canary.prepare(envoy, [_echoed(route, canary) for route in routes], level)]
    return whole


def _watches() -> int:
    try:
        return int(_WATCHES.read_text())
    except (OSError, ValueError):
        return 0


def _echoed(route: Route, canary: Proxy) -> Route:
    return replace(route, endpoints=(str(canary.health.address),), pods=())


def _take_over(taken: TakenOver, proxies: Sequence[Proxy], services: Mapping[str, Service], canary: Proxy) -> None:
    """Give one pod, and the canary, the node and the clusters of a proxy elsewhere; the pod has its labels too."""
    app = taken.labels.get("app", "")
    meant = [one for one in proxies if one.site.workload == taken.workload]
    meant = meant or [one for one in proxies if one.labels["app"] == app]
    if not meant:
        name = taken.workload or app
        raise BadNameError(
            f"No workload of the embedded mesh is called {name!r}, as that of the pod {taken.pod} is.",
            hint=Wording("run the service here, and start the mesh with {}", _workload(name)),
        )
    proxy = meant[0]
    aliases = {name: _target(name, taken, proxy, services) for name in taken.clusters}
    proxy.labels = {**taken.labels, **proxy.labels}
    proxy.site = replace(proxy.site, labels=proxy.labels, taken=taken, aliases=aliases)
    echoed = {name: route if route is None else _echoed(route, canary) for name, route in aliases.items()}
    canary.site = replace(canary.site, taken=taken, aliases=echoed)


def _workload(name: str) -> Option:
    return Option("workloads", f"{name or 'NAME'}=HOST:PORT", flag="--workload")


def _target(name: str, taken: TakenOver, proxy: Proxy, services: Mapping[str, Service]) -> Route | None:
    """Say where a cluster of the proxy elsewhere leads to here: to the service of its name, or nowhere."""
    named = Named.read(name)
    if named.direction == "inbound":
        return proxy.site.service
    service = services.get(named.service or name)
    others = [Named.read(other) for other in taken.clusters]
    near = any(one.service == named.service and one.namespace == taken.namespace for one in others)
    # A short name is that of the pod's own namespace first, as in Kubernetes.
    if service is None or (near and named.namespace != taken.namespace):
        return None
    version = [one for one in service.proxies if one.labels.get("version") == named.subset]
    return route_to(replace(service, proxies=version or service.proxies))


def _check(workloads: Sequence[Workload | Bookinfo]) -> None:
    if not workloads:
        raise ConfigError("A mesh needs at least one workload.", hint="leave workloads out to get bookinfo")
    names = [workload.name for workload in workloads]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise BadNameError(f"Two workloads are called {doubled!r}.", hint="give each workload its own name")
    if {GATEWAY, "canary"} & {*names, *(workload.labels["app"] for workload in workloads)}:
        raise BadNameError(f"{GATEWAY!r} and 'canary' are the mesh's own.", hint="give the workload another name")


def _services(workloads: Sequence[Workload | Bookinfo], proxies: Sequence[Proxy]) -> dict[str, Service]:
    services: dict[str, Service] = {}
    for workload, proxy in zip(workloads, proxies, strict=True):
        port = workload.endpoint[1] if isinstance(workload, Workload) else SERVICE_PORT
        name = workload.labels["app"]
        service = services.setdefault(name, Service(name, (), []))
        service.ports = tuple(dict.fromkeys([*service.ports, port]))
        service.http2 = service.http2 or (isinstance(workload, Workload) and workload.protocol is Protocol.H2C)
        service.proxies.append(proxy)
    return services


def route_to(service: Service) -> Route:
    """Say how proxies reach a service."""
    pods = tuple(proxy.name for proxy in service.proxies)
    return Route(service.name, service.hosts, _endpoints(service), service.ports, service.http2, pods)


def _endpoints(service: Service) -> tuple[Address, ...]:
    return tuple(proxy.site.inbound for proxy in service.proxies if proxy.site.inbound is not None)
