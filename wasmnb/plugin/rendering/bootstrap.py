"""A plugin in a plain Envoy: a bootstrap file that runs, with nothing around it.

Sources: Envoy 1.40 API ``config.bootstrap.v3``, ``config.listener.v3``, ``http_connection_manager.v3``.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError
from wasmnb.plugin.enums import PluginType
from wasmnb.plugin.rendering.capabilities import ENVOY, refuse
from wasmnb.plugin.rendering.envoy import wasm_filter
from wasmnb.plugin.rendering.names import object_name
from wasmnb.plugin.rendering.targets import Place, Rendition, Target
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.plugin import Plugin

__all__ = ["TARGET", "Site", "bootstrap", "render"]

TARGET = Target(ENVOY, "a plain Envoy", f"{__name__}:render", fetches=False)

_HTTP = "type.googleapis.com/envoy.extensions."
_LAST_PORT = 65535


@dataclass(frozen=True)
class Site:
    """Where a plain Envoy listens, and what it stands before; each as ``host:port``.

    Parameters
    ----------
    listen : str
    upstream : str
        The service that requests go on to. Empty: Envoy answers them itself, with an empty 200.
    admin : str
        Where its administration listens, which lets anybody who reaches it end the proxy; empty for nowhere.

    Raises
    ------
    UsageError
        One is not an address.
    """

    listen: str = "127.0.0.1:10000"
    upstream: str = ""
    admin: str = "127.0.0.1:9901"

    def __post_init__(self) -> None:
        for name in ("listen", "upstream", "admin"):
            given = getattr(self, name)
            if given or name == "listen":
                _address(name, given)


def render(plugin: Plugin, place: Place) -> Rendition:
    """Render the bootstrap, with the module beside it (`TARGET`)."""
    name = f"{object_name(plugin.id)}.wasm"
    beside = str(Path(place.output).expanduser().absolute().with_name(name)) if place.output else name
    module = place.module or beside
    value = bootstrap(plugin, module, place.site or Site())
    if place.output:
        return Rendition(ENVOY, value, f"envoy -c {place.output} runs it", (module,))
    return Rendition(
        ENVOY, value, str(Wording("with {}, its module is written beside it", Option("output", "FILE"))), (module,)
    )


def bootstrap(plugin: Plugin, filename: str, site: Site) -> dict[str, Any]:
    """Render the bootstrap of an Envoy that runs one plugin.

    Parameters
    ----------
    plugin : Plugin
        With the root id to use: without one, the module must register the empty one. Its image says nothing here.
    filename : str
        Where Envoy finds the module.
    site : Site

    Raises
    ------
    UsageError
        The plugin asks for what only a mesh can do.
    """
    refuse(plugin, ENVOY)
    made = wasm_filter(plugin, filename=filename, root_id=plugin.root_id or "")
    filters = {
        PluginType.HTTP: lambda: [_manager(site, made)],
        PluginType.NETWORK: lambda: [made, _last(site)],
        PluginType.SINGLETON: lambda: [_manager(site)],
    }[plugin.type]()
    listener = {
        "name": "inbound",
        "address": _socket("listen", site.listen),
        "filter_chains": [{"filters": filters}],
    }
    resources: dict[str, Any] = {"listeners": [listener]}
    if site.upstream:
        resources["clusters"] = [_cluster(site.upstream)]
    whole: dict[str, Any] = {"node": {"id": "wasmnb", "cluster": "wasmnb"}, "static_resources": resources}
    if plugin.type is PluginType.SINGLETON:
        whole["bootstrap_extensions"] = [made]
    if site.admin:
        whole["admin"] = {"address": _socket("admin", site.admin)}
    return whole


def _manager(site: Site, *filters: dict[str, Any]) -> dict[str, Any]:
    router = {"name": "router", "typed_config": {"@type": f"{_HTTP}filters.http.router.v3.Router"}}
    manager = {
        "@type": f"{_HTTP}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "inbound",
        "http_filters": [*filters, router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [_route(site)]}]},
    }
    return {"name": "http", "typed_config": manager}


def _last(site: Site) -> dict[str, Any]:
    """Give what stands behind a filter of connections: the service, whatever it speaks, else an answer over HTTP."""
    if not site.upstream:
        return _manager(site)
    kind = f"{_HTTP}filters.network.tcp_proxy.v3.TcpProxy"
    return {"name": "tcp", "typed_config": {"@type": kind, "stat_prefix": "inbound", "cluster": "upstream"}}


def _route(site: Site) -> dict[str, Any]:
    if site.upstream:
        return {"match": {"prefix": "/"}, "route": {"cluster": "upstream", "timeout": "0s"}}
    return {"match": {"prefix": "/"}, "direct_response": {"status": 200}}


def _cluster(upstream: str) -> dict[str, Any]:
    host, _ = _address("upstream", upstream)
    endpoint = {"endpoint": {"address": _socket("upstream", upstream)}}
    return {
        "name": "upstream",
        "type": "STATIC" if _is_numeric(host) else "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _socket(name: str, given: str) -> dict[str, Any]:
    host, port = _address(name, given)
    return {"socket_address": {"address": host, "port_value": port}}


def _address(name: str, given: str) -> tuple[str, int]:
    host, _, port = given.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or "/" in bare or not (port.isascii() and port.isdigit()) or not 0 < int(port) <= _LAST_PORT:
        raise UsageError(
            Wording("{} is an address with a port, not {}.", Option(name), repr(given)),
            hint=Wording("for instance {}", Option(name, "127.0.0.1:8080")),
        )
    if name != "upstream" and not _is_numeric(bare):
        raise UsageError(
            f"Envoy listens on a numeric address only, and {bare!r} is a name.",
            hint=f"127.0.0.1:{port} is this machine alone, 0.0.0.0:{port} every network that it is in",
        )
    return bare, int(port)


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
