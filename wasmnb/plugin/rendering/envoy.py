"""A plugin as Envoy reads it: one Wasm filter, and an ordered list of them as one filter chain.

Sources: Envoy 1.40 API ``extensions.wasm.v3.PluginConfig``, ``extensions.filters.http.wasm.v3.Wasm``,
``extensions.filters.network.wasm.v3.Wasm``, ``extensions.filters.http.filter_chain.v3.FilterChainConfig``,
``extensions.filters.http.composite.v3.Composite``, ``extensions.wasm.v3.WasmService``,
``service.discovery.v3.DiscoveryResponse``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.plugin.enums import FailPolicy, Phase, PluginType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.plugin.plugin import Plugin

__all__ = [
    "AHEAD_NAME",
    "CHAIN_NAME",
    "CHAIN_TYPE",
    "NETWORK_TYPES",
    "ahead_resource",
    "chain_resource",
    "idle_filter",
    "in_order",
    "network_resource",
    "plugin_config",
    "wasm_filter",
]

CHAIN_NAME = "plugins"
"""What a listener calls the chain that it discovers; the statistics of the discovery carry this name."""

AHEAD_NAME = "ahead"
"""What a listener without traffic calls the modules that it discovers, which are loaded and never act."""

# What Go's runtime asks of a host while it is initialized, and traps without: nothing here tells or changes anything.
_WHILE_LOADED = (
    *("args_get", "args_sizes_get", "environ_get", "environ_sizes_get", "fd_fdstat_get", "fd_prestat_get"),
    *("clock_time_get", "poll_oneoff", "random_get", "sched_yield"),
)

_TYPES = "type.googleapis.com/"
_SERVICE = _TYPES + "envoy.extensions.wasm.v3.WasmService"
_HTTP_WASM = _TYPES + "envoy.extensions.filters.http.wasm.v3.Wasm"
_RUNTIME = "envoy.wasm.runtime.v8"
# Its named chains are made with it; a request takes one only where a matcher says so, and there is none.
_COMPOSITE = _TYPES + "envoy.extensions.filters.http.composite.v3.Composite"
CHAIN_TYPE = _TYPES + "envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig"

NETWORK_TYPES = (
    _TYPES + "envoy.extensions.filters.network.wasm.v3.Wasm",
    _TYPES + "envoy.extensions.filters.network.rbac.v3.RBAC",
)
"""What a listener may discover as its filter of connections: a plugin, or what lets everything pass."""

_PHASES = tuple(Phase)
_POLICIES = {
    FailPolicy.CLOSE: "FAIL_CLOSED",
    FailPolicy.OPEN: "FAIL_OPEN",
    FailPolicy.RELOAD: "FAIL_RELOAD",
}
# A filter chain may not be empty (FilterChainConfig's own constraint); RBAC without rules lets everything pass.
_PASS_THROUGH = {
    "name": "pass-through",
    "typed_config": {"@type": _TYPES + "envoy.extensions.filters.http.rbac.v3.RBAC"},
}
_PASS_CONNECTIONS = {"@type": NETWORK_TYPES[1], "stat_prefix": "pass-through."}


def in_order(plugins: Iterable[Plugin], *, by_id: bool = True) -> list[Plugin]:
    """Sort plugins into the order in which a request meets them: phase, then priority (high first), then id.

    Parameters
    ----------
    plugins : iterable of Plugin
    by_id : bool
        False: those of equal phase and priority keep the order in which they are given.
    """
    return sorted(plugins, key=lambda one: (_PHASES.index(one.phase), -one.priority, one.id if by_id else ""))


def plugin_config(plugin: Plugin, code: dict[str, Any], root_id: str) -> dict[str, Any]:
    """Render what a proxy's Wasm runtime is told of a plugin.

    Parameters
    ----------
    plugin : Plugin
    code : dict
        ``AsyncDataSource``: where the module is.
    root_id : str
        The root id to use; a wrong one is a silent no-op in Envoy, so it is never guessed here.

    Returns
    -------
    dict
        ``PluginConfig`` as JSON values. The VM is named after the plugin, unless that says another id: two plugins
        never share one then, and the shared data of a plugin (which Envoy keeps per VM name) outlives an exchange of
        its module.
    """
    machine: dict[str, Any] = {"vm_id": plugin.vm_id or plugin.id, "runtime": _RUNTIME, "code": code}
    if plugin.vm_config is not None:
        machine["configuration"] = _string(plugin.vm_config_text)
    variables = {"key_values": dict(plugin.env), "host_env_keys": list(plugin.host_env)}
    if any(variables.values()):
        machine["environment_variables"] = {key: value for key, value in variables.items() if value}
    config: dict[str, Any] = {
        "name": plugin.id,
        "root_id": root_id,
        "failure_policy": _POLICIES[plugin.fail_policy],
        "vm_config": machine,
    }
    if plugin.config is not None:
        config["configuration"] = _string(plugin.config_text)
    return config


def _string(text: str) -> dict[str, str]:
    return {"@type": _TYPES + "google.protobuf.StringValue", "value": text}


def wasm_filter(plugin: Plugin, *, filename: str, root_id: str) -> dict[str, Any]:
    """Render one plugin as a filter of requests or of connections, or as a service of a proxy's bootstrap.

    Parameters
    ----------
    plugin : Plugin
    filename : str
        Where the proxy finds the module.
    root_id : str
        As for `plugin_config`.

    Returns
    -------
    dict
        ``HttpFilter``, ``Filter`` of a listener, or ``TypedExtensionConfig``, as JSON values.
    """
    config = plugin_config(plugin, {"local": {"filename": filename}}, root_id)
    if plugin.type is PluginType.SINGLETON:
        return {"name": plugin.id, "typed_config": {"@type": _SERVICE, "config": config, "singleton": True}}
    kind = NETWORK_TYPES[0] if plugin.type is PluginType.NETWORK else _HTTP_WASM
    return {"name": plugin.id, "typed_config": {"@type": kind, "config": config}}


def idle_filter(service: dict[str, Any]) -> dict[str, Any]:
    """Render a singleton service as a filter that starts and ticks, and that no request meets.

    Parameters
    ----------
    service : dict
        As `wasm_filter` gives it.
    """
    typed = {"@type": _HTTP_WASM, "config": service["typed_config"]["config"]}
    chains = {"idle": {"typed_config": [{"name": service["name"], "typed_config": typed}]}}
    return {"name": "idle", "typed_config": {"@type": _COMPOSITE, "named_filter_chains": chains}}


def chain_resource(version: str, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Render an ordered list of filters as the one resource of a discovery response.

    Parameters
    ----------
    version : str
        What Envoy reports as ``version_text`` once it has accepted the list.
    filters : sequence of dict
        As `wasm_filter` gives them; an empty list lets every request pass.
    """
    chain = {"@type": CHAIN_TYPE, "default_filter_chain": {"filters": list(filters) or [_PASS_THROUGH]}}
    return _resource(version, chain)


def network_resource(version: str, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Render the filter of connections, one at most, as `chain_resource` does those of requests."""
    return _resource(version, filters[0]["typed_config"] if filters else _PASS_CONNECTIONS)


def ahead_resource(version: str, filenames: Sequence[str]) -> dict[str, Any]:
    """Render modules that are loaded ahead: V8 compiles each, and what has the same bytes later need not be compiled.

    Time, chance, and an empty environment are all that they have: no callback is called, not even those of the start,
    and no function of a proxy can be. What an SDK does before them (static constructors) is done.

    Parameters
    ----------
    version : str
    filenames : sequence of str
        Where the proxy finds them.
    """
    filters = []
    for filename in filenames:
        code = {"local": {"filename": filename}}
        config = {
            "name": AHEAD_NAME,
            "failure_policy": _POLICIES[FailPolicy.OPEN],
            "vm_config": {"vm_id": AHEAD_NAME, "runtime": _RUNTIME, "code": code},
            "capability_restriction_config": {"allowed_capabilities": {name: {} for name in _WHILE_LOADED}},
        }
        filters.append({"name": AHEAD_NAME, "typed_config": {"@type": _HTTP_WASM, "config": config}})
    chain = {"@type": CHAIN_TYPE, "default_filter_chain": {"filters": filters or [_PASS_THROUGH]}}
    return _resource(version, chain, AHEAD_NAME)


def _resource(version: str, config: dict[str, Any], name: str = CHAIN_NAME) -> dict[str, Any]:
    kind = _TYPES + "envoy.config.core.v3.TypedExtensionConfig"
    return {"version_info": version, "resources": [{"@type": kind, "name": name, "typed_config": config}]}
