"""What the Envoy that runs cases starts with, and the filters of a case as it reads them.

Sources: as for `wasmnb.envoy.bootstrap`; HTTP/2 on both sides, so that the last piece of a body ends the stream and
trailers and pseudo headers come as a filter sees them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.cases.hosts.playback import SERVICE
from wasmnb.envoy.bootstrap import discovered

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["bootstrap"]

_TYPES = "type.googleapis.com/envoy.extensions."
_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def bootstrap(folder: str, ports: Mapping[str, int]) -> dict[str, Any]:
    """Give the bootstrap.

    Parameters
    ----------
    folder : str
        Where its sockets and its chain of filters are.
    ports : mapping of str to int
        By cluster: where it is on the loopback.
    """
    return {
        "node": {"id": "cases", "cluster": "cases"},
        "admin": {"address": {"pipe": {"path": f"{folder}/admin.sock"}}},
        "stats_flush_interval": "0.1s",
        "static_resources": {
            "listeners": [_listener(folder)],
            "clusters": [_cluster(name, port) for name, port in ports.items()],
        },
    }


def _listener(folder: str) -> dict[str, Any]:
    router = {"@type": f"{_TYPES}filters.http.router.v3.Router", "suppress_envoy_headers": True}
    manager = {
        "@type": f"{_TYPES}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "cases",
        "codec_type": "HTTP2",
        "generate_request_id": False,
        "server_header_transformation": "PASS_THROUGH",
        "scheme_header_transformation": {},
        "http_filters": [
            discovered(folder),
            {"name": "router", "typed_config": router},
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": ""}, "route": {"cluster": SERVICE, "timeout": "0s"}}],
                }
            ]
        },
    }
    return {
        "name": "inbound",
        "address": {"pipe": {"path": f"{folder}/inbound.sock"}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
    options = {
        "@type": f"type.googleapis.com/{_PROTOCOL}",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {_PROTOCOL: options},
    }
