"""A plugin as an ``EnvoyFilter``: what Istio's own objects make of it, written out; it carries any configuration.

The proxy is told of the extension where it is discovered (``EXTENSION_CONFIG``), because only there does Istio's agent
fetch the image; and of its place in the chain. Should the fetch fail, the agent hands on an RBAC filter under the same
name, which the filter must therefore allow (``pkg/istio-agent/xds_proxy.go``, ``pkg/wasm/convert.go``).
Sources: istio/api ``networking/v1alpha3/envoy_filter.proto``; ``pilot/pkg/networking/core/envoyfilter``.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from wasmnb.plugin.enums import Mode, Phase, PluginType
from wasmnb.plugin.rendering.capabilities import refuse
from wasmnb.plugin.rendering.common import manifest, pinned, sha256
from wasmnb.plugin.rendering.envoy import plugin_config
from wasmnb.plugin.rendering.istio import scope
from wasmnb.plugin.rendering.names import ENVOY_FILTER, object_name, resource_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.plugin import Plugin

__all__ = ["envoy_filter"]

_TYPES = "type.googleapis.com/envoy.extensions.filters."
_MANAGER = "envoy.filters.network.http_connection_manager"
_ROUTER = "envoy.filters.http.router"
_INBOUND, _OUTBOUND, _GATEWAY = "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"
_CONTEXTS = {
    Mode.SERVER: (_INBOUND,),
    Mode.CLIENT: (_OUTBOUND, _GATEWAY),
    Mode.CLIENT_AND_SERVER: (_INBOUND, _OUTBOUND, _GATEWAY),
}


def envoy_filter(plugin: Plugin, namespace: str) -> dict[str, Any]:
    """Render an ``EnvoyFilter``.

    Parameters
    ----------
    plugin : Plugin
        With the root id to use: without one, the module must register the empty one.
    namespace : str

    Raises
    ------
    UsageError
        It asks for what an ``EnvoyFilter`` has no word for.
    """
    refuse(plugin, ENVOY_FILTER)
    name = object_name(plugin.id)
    resource = resource_names(namespace, name, ENVOY_FILTER)[0]
    first = plugin.type is PluginType.NETWORK or plugin.phase is Phase.AUTHN
    spec = {
        **scope(plugin, namespace, "workloadSelector", "labels"),
        # What comes later stands nearer to the router, or, where each goes to the front, before those that came first.
        "priority": (plugin.priority if first else -plugin.priority) or None,
        "configPatches": [
            {
                "applyTo": "EXTENSION_CONFIG",
                "match": {"context": "ANY"},
                "patch": {"operation": "ADD", "value": _extension(plugin, resource)},
            },
            *(_place(plugin, resource, context, port, first=first) for context, port in _listeners(plugin)),
        ],
    }
    return manifest("networking.istio.io/v1alpha3", ENVOY_FILTER, name, namespace, spec)


def _kind(plugin: Plugin) -> str:
    return "http" if plugin.type is PluginType.HTTP else "network"


def _extension(plugin: Plugin, resource: str) -> dict[str, Any]:
    # The agent fetches it, so that no cluster is needed; Envoy's own rules want one to be named.
    uri = {"uri": pinned(plugin), "timeout": "30s", "cluster": "_"}
    config = plugin_config(plugin, {"remote": {"http_uri": uri, "sha256": sha256(plugin)}}, plugin.root_id or "")
    if plugin.env and not plugin.vm_id:
        # An Envoy before 1.39 tells VMs apart without their environment, and would go on with the one that there is.
        config["vm_config"]["vm_id"] += f"~{_short(plugin.env)}"
    kind = f"{_TYPES}{_kind(plugin)}.wasm.v3.Wasm"
    return {"name": resource, "typed_config": {"@type": kind, "config": config}}


def _short(env: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(env), sort_keys=True).encode()).hexdigest()[:8]


def _listeners(plugin: Plugin) -> list[tuple[str, int]]:
    """List contexts and ports (0 for any), none of them twice: a filter would stand twice in a chain."""
    if not plugin.match:
        return [("ANY", 0)]
    ports: dict[str, set[int]] = {}
    for one in plugin.match:
        for context in _CONTEXTS[one.mode]:
            ports.setdefault(context, set()).update(one.ports or (0,))
    return [(context, port) for context, found in ports.items() for port in ([0] if 0 in found else sorted(found))]


def _place(plugin: Plugin, resource: str, context: str, port: int, *, first: bool) -> dict[str, Any]:
    http = plugin.type is PluginType.HTTP
    listener: dict[str, Any] = {"portNumber": port} if port else {}
    if http:
        manager = {"name": _MANAGER} if first else {"name": _MANAGER, "subFilter": {"name": _ROUTER}}
        listener["filterChain"] = {"filter": manager}
    kinds = [f"{_TYPES}{_kind(plugin)}.{name}" for name in ("wasm.v3.Wasm", "rbac.v3.RBAC")]
    discovery = {"config_source": {"ads": {}, "initial_fetch_timeout": "0s"}, "type_urls": kinds}
    return {
        "applyTo": "HTTP_FILTER" if http else "NETWORK_FILTER",
        "match": {"context": context, **({"listener": listener} if listener else {})},
        "patch": {
            "operation": "INSERT_FIRST" if first else "INSERT_BEFORE",
            "value": {"name": resource, "config_discovery": discovery},
        },
    }
