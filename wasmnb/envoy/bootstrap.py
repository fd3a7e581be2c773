"""The configuration that each Envoy of the local mesh starts with.

Sources: Envoy 1.40 API ``config.bootstrap.v3``, ``config.listener.v3``, ``http_connection_manager.v3``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.plugin.rendering.envoy import CHAIN_NAME, CHAIN_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Address", "Route", "Site", "bootstrap", "command"]

Address = tuple[str, int]

_HTTP = "type.googleapis.com/envoy.extensions.filters.http."
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
# Istio's own default for requests between pods: what never reached the other side is tried again.
_RETRY = {"retry_on": "connect-failure,refused-stream,unavailable,cancelled,reset-before-request", "num_retries": 2}
_UNKNOWN = "no such service in this mesh\n"


@dataclass(frozen=True)
class Route:
    """Where requests for some host names go: to any of ``endpoints``, in turn."""

    name: str
    hosts: tuple[str, ...]
    endpoints: tuple[Address, ...]


@dataclass(frozen=True)
class Site:
    """All that is particular about one Envoy.

    Parameters
    ----------
    name, workload : str
        Pod and workload.
    folder : str
        Its own folder: ``admin.sock`` and ``health.sock`` (Unix sockets), ``chain/chain.json`` (what it discovers).
    inbound : Address or None
        Where others reach it; None: only through the Unix socket ``inbound.sock`` (the canary).
    outbound : int
        Port for requests of its own service; 0 for none.
    service : Route or None
        What its inbound listener leads to; None answers by itself (the canary).
    operation : str
        What the inbound listener's responses name in ``x-envoy-decorator-operation``.
    watchdog : tuple of float or None
        Seconds after which a main thread and a worker thread that hang end the process; None for never.
    port : int
        What others call its inbound port, which is another one on this machine.
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
    flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning", "--component-log-level", levels]
    return [envoy, "-c", config, *flags]


def bootstrap(site: Site, routes: Sequence[Route]) -> dict[str, Any]:
    """Give the bootstrap of one Envoy, as JSON values."""
    listeners = [_inbound(site), _listener("health", {"pipe": {"path": f"{site.folder}/health.sock"}}, _answer("ok"))]
    clusters = []
    if site.service is not None:
        clusters.append(_cluster(site.service))
    if site.outbound:
        listeners.append(_outbound(site.outbound, routes))
        clusters.extend(_cluster(route) for route in routes)
    config: dict[str, Any] = {
        "node": {"id": site.name, "cluster": site.workload},
        "admin": {"address": {"pipe": {"path": f"{site.folder}/admin.sock"}}},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }
    if site.watchdog is not None:
        main, worker = site.watchdog
        config["watchdogs"] = {"main_thread_watchdog": _watchdog(main), "worker_watchdog": _watchdog(worker)}
    return config


def _watchdog(seconds: float) -> dict[str, str]:
    return {"miss_timeout": "0.5s", "megamiss_timeout": "1s", "kill_timeout": f"{seconds}s"}


def _inbound(site: Site) -> dict[str, Any]:
    source = {
        "path_config_source": {
            "path": f"{site.folder}/chain/chain.json",
            "watched_directory": {"path": f"{site.folder}/chain"},
        },
        "resource_api_version": "V3",
    }
    plugins = {"name": CHAIN_NAME, "config_discovery": {"config_source": source, "type_urls": [CHAIN_TYPE]}}
    if site.service is None:
        hosts = _answer("ok")
    else:
        route = {
            "match": {"prefix": "/"},
            "route": {"cluster": site.service.name, "timeout": "0s", "retry_policy": _RETRY},
            "decorator": {"operation": site.operation},
        }
        hosts = {"virtual_hosts": [{"name": "inbound", "domains": ["*"], "routes": [route]}]}
    address = {"pipe": {"path": f"{site.folder}/inbound.sock"}} if site.inbound is None else _socket(site.inbound)
    # The decorator's operation is told in a response only where tracing is on, as it is in Istio.
    listener = _listener("inbound", address, hosts, [plugins], tracing={"random_sampling": {"value": 0}})
    return {**listener, "traffic_direction": "INBOUND"}


def _outbound(port: int, routes: Sequence[Route]) -> dict[str, Any]:
    hosts = [
        {
            "name": route.name,
            "domains": list(route.hosts),
            "routes": [
                {
                    "match": {"prefix": "/"},
                    "route": {"cluster": route.name, "timeout": "0s", "retry_policy": _RETRY},
                }
            ],
        }
        for route in routes
    ]
    unknown = {"name": "unknown", "domains": ["*"], "routes": [_direct(502, _UNKNOWN)]}
    listener = _listener("outbound", _socket(("127.0.0.1", port)), {"virtual_hosts": [*hosts, unknown]})
    return {**listener, "traffic_direction": "OUTBOUND"}


def _direct(status: int, text: str) -> dict[str, Any]:
    return {"match": {"prefix": "/"}, "direct_response": {"status": status, "body": {"inline_string": text}}}


def _answer(text: str) -> dict[str, Any]:
    return {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [_direct(200, text)]}]}


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


def _socket(address: Address) -> dict[str, Any]:
    return {"socket_address": {"address": address[0], "port_value": address[1]}}


def _cluster(route: Route) -> dict[str, Any]:
    endpoints = [{"endpoint": {"address": _socket(address)}} for address in route.endpoints]
    numeric = all(_is_numeric(host) for host, _ in route.endpoints)
    return {
        "name": route.name,
        "type": "STATIC" if numeric else "STRICT_DNS",
        "connect_timeout": "2s",
        # As the services of this machine: "localhost" is 127.0.0.1 unless there is only IPv6.
        "dns_lookup_family": "V4_PREFERRED",
        "load_assignment": {"cluster_name": route.name, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def _is_numeric(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
