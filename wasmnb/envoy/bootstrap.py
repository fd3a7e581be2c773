"""The configuration that each Envoy of the local mesh starts with.

Sources: Envoy 1.40 API ``config.bootstrap.v3``, ``config.listener.v3``, ``http_connection_manager.v3``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.istio_names import NAMESPACE, host, inbound_cluster, node, outbound_cluster
from wasmnb.envoy.log import FORMAT
from wasmnb.envoy.taken_over import ABSENT, Named
from wasmnb.envoy.tap import TAP
from wasmnb.plugin.rendering.envoy import AHEAD_NAME, CHAIN_NAME, CHAIN_TYPE, NETWORK_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.envoy.taken_over import TakenOver

__all__ = ["ECHO", "QUIET", "Address", "Route", "Site", "bootstrap", "command", "discovered"]

Address = tuple[str, int]
ECHO = "echo.sock"
"""The Unix socket, in its folder, of the service behind the canary."""
QUIET = "warning"
"""The level of every logger that a mesh does not need to hear more of."""

_HTTP = "type.googleapis.com/envoy.extensions.filters.http."
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_OPTIONS = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
# Istio's own default for requests between pods: what never reached the other side is tried again.
_RETRY = {"retry_on": "connect-failure,refused-stream,unavailable,cancelled,reset-before-request", "num_retries": 2}
_PATIENT = {"timeout": "0s", "retry_policy": _RETRY}
_UNKNOWN = "no such service in this mesh\n"
_ABSENT = "no workload of the embedded mesh has the name of this cluster's service\n"


@dataclass(frozen=True)
class Route:
    """A service of the mesh as a proxy reaches it.

    Parameters
    ----------
    name : str
        The service's short name, which is the name of a cluster too.
    hosts : tuple of str
        Host names whose requests go there.
    endpoints : tuple of Address or str
        Its pods, which are asked in turn; a text is the path of a Unix socket.
    ports : tuple of int
        The service's own; for each there is a cluster under Istio's name.
    http2 : bool
        Whether it speaks HTTP/2 without TLS (gRPC does); else HTTP/1.1.
    pods : tuple of str
        What the endpoints are called, where each may get a share of the requests of its own.
    """

    name: str
    hosts: tuple[str, ...]
    endpoints: tuple[Address | str, ...]
    ports: tuple[int, ...]
    http2: bool = False
    pods: tuple[str, ...] = ()

    @property
    def cluster(self) -> str:
        """The cluster that its requests go to, under Istio's name."""
        return outbound_cluster(self.name, self.ports[0])

    @property
    def parts(self) -> dict[str, str]:
        """The cluster of each pod, where there are several; requests go there while they are shared."""
        return {pod: f"{pod}.{self.name}" for pod in self.pods} if len(self.pods) > 1 else {}

    @property
    def shared_key(self) -> str:
        """The runtime value that is 100 while its requests are shared."""
        return f"wasmnb.shared.{self.name}"

    def weight_key(self, pod: str) -> str:
        """Name the runtime value that is the weight of a pod among the others then."""
        return f"{self.shared_key}.{self.parts[pod]}"


@dataclass(frozen=True)
class Site:
    """All that is particular about one Envoy.

    Parameters
    ----------
    name, workload : str
        Pod and workload.
    folder : str
        Its own folder: ``admin.sock`` and ``health.sock`` (Unix sockets), ``chain/chain.json`` and
        ``network/network.json`` (what it discovers, of requests and of connections);
        ``grpc.sock`` too, where the service speaks HTTP/2: what is asked there reaches it as gRPC.
    inbound : Address or None
        Where others reach it; None: only through the Unix socket ``inbound.sock`` (the canary).
    outbound : int
        Port for requests of its own service; 0 for none.
    service : Route or None
        What its inbound listener leads to: the service behind a sidecar (without hosts), or the one behind a gateway;
        None answers by itself.
    operation : str
        What the inbound listener's responses name in ``x-envoy-decorator-operation``.
    watchdog : tuple of float or None
        Seconds after which a main thread and a worker thread that hang end the process; None for never.
    port : int
        What others call its inbound port, which is another one on this machine.
    labels : mapping of str to str
        The pod's.
    taken : TakenOver or None
        The proxy elsewhere whose node it has in place of one of its own.
    aliases : mapping of str to Route or None
        More names of clusters, and where each leads to; None is nowhere, which is an answer 503 that says so.
    ahead : bool
        It can load modules that it does not run: what ``ahead/ahead.json`` in its folder names.
    """

    name: str
    workload: str
    folder: str
    inbound: Address | None
    outbound: int
    service: Route | None
    operation: str
    watchdog: tuple[float, float] | None
    port: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    taken: TakenOver | None = None
    aliases: Mapping[str, Route | None] = field(default_factory=dict)
    ahead: bool = False

    @property
    def is_gateway(self) -> bool:
        """Whether it leads into the mesh, instead of to a service of its own."""
        return self.service is not None and bool(self.service.hosts)

    @property
    def behind(self) -> str:
        """The cluster that its inbound listener leads to."""
        if self.service is None or self.is_gateway:
            return self.service.cluster if self.service else ""
        return inbound_cluster(self.port)


def command(envoy: str, config: str, level: str) -> list[str]:
    """Give the command line of one Envoy.

    Parameters
    ----------
    envoy, config : str
        Paths of the program and of its bootstrap file.
    level : str
        Log level of the filters (``trace``, ``debug``, ``info``, ``warning``, ``error``, ``critical``, ``off``).
    """
    # The debug lines of "filter" mark in the log when a new chain took over: what was logged before is of the old one.
    levels = f"wasm:{level},config:warning,filter:debug"
    flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", QUIET, "--component-log-level", levels]
    return [envoy, "-c", config, *flags, "--log-format", FORMAT]


def bootstrap(site: Site, routes: Sequence[Route]) -> dict[str, Any]:
    """Give the bootstrap of one Envoy, as JSON values."""
    listeners = [_inbound(site), _listener("health", _pipe(site, "health"), _answer("ok"))]
    if site.ahead:
        listeners.append(_ahead(site))
    clusters = [made for route in routes for made in _clusters(route)]
    if site.service is not None and not site.is_gateway:
        clusters.append(_cluster(site.behind, site.service))
        if site.service.http2:
            listeners.append(_grpc(site))
    if site.outbound:
        listeners.append(_outbound(site.outbound, routes))
    if site.aliases:
        listeners.append(_listener(ABSENT, _pipe(site, ABSENT), _answer(_ABSENT, 503)))
        clusters += _aliases(site, {one["name"] for one in clusters})
    kind = "router" if site.is_gateway else "sidecar"
    config: dict[str, Any] = {
        "node": site.taken.node if site.taken else node(site.name, site.workload, site.labels, kind=kind),
        "admin": {"address": _pipe(site, "admin")},
        # A rollout compares latencies of a few seconds, and an Envoy adds them up at each flush, by default after five.
        "stats_flush_interval": "1s",
        # What shares requests is told over the admin interface.
        "layered_runtime": {"layers": [{"name": "admin", "admin_layer": {}}]},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }
    if site.watchdog is not None:
        main, worker = site.watchdog
        config["watchdogs"] = {"main_thread_watchdog": _watchdog(main), "worker_watchdog": _watchdog(worker)}
    return config


def discovered(folder: str) -> dict[str, Any]:
    """Give the HTTP filter that is whatever the chain in a proxy's folder says, and changes with it."""
    return _discovered(f"{folder}/chain", "chain.json", [CHAIN_TYPE])


def _discovered(folder: str, file: str, types: Sequence[str], name: str = CHAIN_NAME) -> dict[str, Any]:
    source = {
        "path_config_source": {"path": f"{folder}/{file}", "watched_directory": {"path": folder}},
        "resource_api_version": "V3",
    }
    return {"name": name, "config_discovery": {"config_source": source, "type_urls": [*types]}}


def _watchdog(seconds: float) -> dict[str, str]:
    return {"miss_timeout": "0.5s", "megamiss_timeout": "1s", "kill_timeout": f"{seconds}s"}


def _inbound(site: Site) -> dict[str, Any]:
    if site.service is None:
        hosts = _answer("ok")
    else:
        decorator = {"decorator": {"operation": site.operation}}
        leads = _leads(site.service) if site.is_gateway else [_lead(site.behind)]
        routes = [{**lead, **decorator} for lead in leads]
        hosts = {"virtual_hosts": [{"name": f"inbound|http|{site.port}", "domains": ["*"], "routes": routes}]}
    address = _pipe(site, "inbound") if site.inbound is None else _socket(site.inbound)
    # The decorator's operation is told in a response only where tracing is on, as it is in Istio.
    listener = _listener(
        "inbound", address, hosts, [discovered(site.folder), TAP], tracing={"random_sampling": {"value": 0}}
    )
    chain = listener["filter_chains"][0]
    chain["name"] = f"0.0.0.0_{site.port}"
    chain["filters"].insert(0, _discovered(f"{site.folder}/network", "network.json", NETWORK_TYPES))
    return {**listener, "traffic_direction": "INBOUND"}


def _ahead(site: Site) -> dict[str, Any]:
    """Give a listener that nobody asks anything of: what its discovery names is loaded, and never acts."""
    modules = _discovered(f"{site.folder}/{AHEAD_NAME}", f"{AHEAD_NAME}.json", [CHAIN_TYPE], AHEAD_NAME)
    return _listener(AHEAD_NAME, _pipe(site, AHEAD_NAME), _answer("nothing acts here"), [modules])


def _outbound(port: int, routes: Sequence[Route]) -> dict[str, Any]:
    hosts = [
        {
            "name": f"{host(route.name)}:{route.ports[0]}",
            "domains": list(route.hosts),
            "routes": _leads(route),
        }
        for route in routes
    ]
    unknown = {"name": "unknown", "domains": ["*"], "routes": [_direct(502, _UNKNOWN)]}
    listener = _listener("outbound", _socket(("127.0.0.1", port)), {"virtual_hosts": [*hosts, unknown]})
    return {**listener, "traffic_direction": "OUTBOUND"}


def _grpc(site: Site) -> dict[str, Any]:
    """Give a listener over which a plain HTTP/1.1 client can ask a gRPC service, for the look at its health."""
    bridge = {"name": "bridge", "typed_config": {"@type": _HTTP + "grpc_http1_bridge.v3.Config"}}
    hosts = {"virtual_hosts": [{"name": "grpc", "domains": ["*"], "routes": [_lead(site.behind)]}]}
    return _listener("grpc", _pipe(site, "grpc"), hosts, [bridge])


def _leads(route: Route) -> list[dict[str, Any]]:
    """Give the routes to a service: all pods in turn, after one that shares, which is taken once its key says so."""
    if not route.parts:
        return [_lead(route.cluster)]
    weighted = [{"name": cluster, "weight": 1} for cluster in route.parts.values()]
    switch = {"default_value": {"numerator": 0}, "runtime_key": route.shared_key}
    clusters = {"weighted_clusters": {"clusters": weighted, "runtime_key_prefix": route.shared_key}}
    match = {"prefix": "/", "runtime_fraction": switch}
    return [{"name": "default", "match": match, "route": {**clusters, **_PATIENT}}, _lead(route.cluster)]


def _lead(cluster: str) -> dict[str, Any]:
    return {"name": "default", "match": {"prefix": "/"}, "route": {"cluster": cluster, **_PATIENT}}


def _direct(status: int, text: str) -> dict[str, Any]:
    return {"match": {"prefix": "/"}, "direct_response": {"status": status, "body": {"inline_string": text}}}


def _answer(text: str, status: int = 200) -> dict[str, Any]:
    return {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [_direct(status, text)]}]}


def _listener(
    name: str,
    address: Mapping[str, Any],
    routes: Mapping[str, Any],
    filters: Sequence[Mapping[str, Any]] = (),
    **options: Any,
) -> dict[str, Any]:
    router = {"name": "router", "typed_config": {"@type": _HTTP + "router.v3.Router"}}
    manager = {
        "@type": _MANAGER,
        "stat_prefix": name,
        "server_name": "istio-envoy",
        "http_filters": [*filters, router],
        "route_config": routes,
        **options,
    }
    return {
        "name": name,
        "address": address,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def _pipe(site: Site, name: str) -> dict[str, Any]:
    return {"pipe": {"path": f"{site.folder}/{name}.sock"}}


def _socket(address: Address) -> dict[str, Any]:
    return {"socket_address": {"address": address[0], "port_value": address[1]}}


def _clusters(route: Route) -> list[dict[str, Any]]:
    """Give the clusters of a service: under its short name, and under Istio's for each port."""
    names = [route.name, *(outbound_cluster(route.name, port) for port in route.ports)]
    parts = zip(route.parts.values(), route.endpoints, strict=False)
    return [_cluster(name, route) for name in names] + [
        _cluster(name, replace(route, endpoints=(endpoint,))) for name, endpoint in parts
    ]


def _aliases(site: Site, known: set[str]) -> list[dict[str, Any]]:
    nowhere = Route("", (), (f"{site.folder}/{ABSENT}.sock",), ())
    return [_cluster(name, route or nowhere) for name, route in site.aliases.items() if name not in known]


def _cluster(name: str, route: Route) -> dict[str, Any]:
    places = [_socket(one) if isinstance(one, tuple) else {"pipe": {"path": one}} for one in route.endpoints]
    numeric = all(_is_numeric(one[0]) for one in route.endpoints if isinstance(one, tuple))
    made: dict[str, Any] = {
        "name": name,
        "type": "STATIC" if numeric else "STRICT_DNS",
        "connect_timeout": "2s",
        # As the services of this machine: "localhost" is 127.0.0.1 unless there is only IPv6.
        "dns_lookup_family": "V4_PREFERRED",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": place}} for place in places]}],
        },
    }
    if service := _service(name, route):
        made["metadata"] = {"filter_metadata": {"istio": {"services": [service]}}}
    if route.http2:
        options = {"@type": _OPTIONS, "explicit_http_config": {"http2_protocol_options": {}}}
        made["typed_extension_protocol_options"] = {_OPTIONS.rpartition("/")[2]: options}
    return made


def _service(cluster: str, route: Route) -> dict[str, str]:
    named = Named.read(cluster)
    if named.service:
        return {"host": named.host, "name": named.service, "namespace": named.namespace}
    return {"host": host(route.name), "name": route.name, "namespace": NAMESPACE} if route.name else {}


def _is_numeric(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
