"""A plugin as Istio's own objects: ``TrafficExtension``, and the ``WasmPlugin`` that came before it.

Sources: istio/api ``extensions/v1alpha1/traffic_extension.proto`` and ``wasm.proto``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.plugin.enums import FailPolicy, Phase, PluginType, PullPolicy
from wasmnb.plugin.rendering.capabilities import references, refuse
from wasmnb.plugin.rendering.common import as_object, carried, manifest, pinned, sha256
from wasmnb.plugin.rendering.names import TRAFFIC_EXTENSION, WASM_PLUGIN, object_name

if TYPE_CHECKING:
    from wasmnb.plugin import Plugin

__all__ = ["environment", "order", "scope", "traffic_extension", "wasm_plugin"]

_API = "extensions.istio.io/v1alpha1"
_KINDS = ("Gateway", "GatewayClass", "Service", "ServiceEntry")
_STRATEGIES = {
    FailPolicy.CLOSE: "FAIL_CLOSE",
    FailPolicy.OPEN: "FAIL_OPEN",
    FailPolicy.RELOAD: "FAIL_RELOAD",
}


def traffic_extension(plugin: Plugin, namespace: str) -> dict[str, Any]:
    """Render a ``TrafficExtension`` (Istio 1.30 and later).

    Parameters
    ----------
    plugin : Plugin
        With the root id to use: without one, the module must register the empty one.
    namespace : str

    Raises
    ------
    UsageError
        A target is none that Istio takes.
    ConfigError
        Its configuration cannot be a JSON object without loss.
    """
    refuse(plugin, TRAFFIC_EXTENSION)
    spec = {
        **scope(plugin, namespace, "selector", "matchLabels"),
        **order(plugin),
        "wasm": _wasm(plugin, TRAFFIC_EXTENSION),
    }
    return manifest(_API, TRAFFIC_EXTENSION, object_name(plugin.id), namespace, spec)


def wasm_plugin(plugin: Plugin, namespace: str) -> dict[str, Any]:
    """Render a ``WasmPlugin`` (Istio 1.12 and later); as `traffic_extension`."""
    refuse(plugin, WASM_PLUGIN)
    spec = {**scope(plugin, namespace, "selector", "matchLabels"), **_wasm(plugin, WASM_PLUGIN), **order(plugin)}
    return manifest(_API, WASM_PLUGIN, object_name(plugin.id), namespace, spec)


def scope(plugin: Plugin, namespace: str, key: str, labels: str) -> dict[str, Any]:
    """Render what a plugin is for: a selector, targets, or neither for everything of the namespace."""
    if plugin.targets:
        return {"targetRefs": references(plugin, "Istio", namespace, _KINDS)}
    return {key: {labels: dict(plugin.selector)}} if plugin.selector else {}


def environment(plugin: Plugin) -> dict[str, Any]:
    """Render the environment of the VM; no member where there is none."""
    variables = [{"name": name, "valueFrom": "INLINE", "value": value} for name, value in plugin.env.items()]
    variables += [{"name": name, "valueFrom": "HOST"} for name in plugin.host_env]
    return {"vmConfig": {"env": variables}} if variables else {}


def _wasm(plugin: Plugin, kind: str) -> dict[str, Any]:
    wasm: dict[str, Any] = {
        "url": pinned(plugin),
        "sha256": sha256(plugin),
        "imagePullPolicy": plugin.pull_policy.value if plugin.pull_policy is not PullPolicy.UNSPECIFIED else "",
        "imagePullSecret": plugin.pull_secret,
        "pluginConfig": carried(plugin, kind, as_object),
        "pluginName": plugin.root_id,
        "failStrategy": _STRATEGIES[plugin.fail_policy],
        "type": plugin.type.value if plugin.type is not PluginType.HTTP else "",
        **environment(plugin),
    }
    return {key: value for key, value in wasm.items() if value not in (None, "")}


def order(plugin: Plugin) -> dict[str, Any]:
    """Render where a plugin stands: phase, priority, listeners."""
    order: dict[str, Any] = {}
    if plugin.phase is not Phase.UNSPECIFIED:
        order["phase"] = plugin.phase.value
    # Always said: one without a priority comes behind all others (Istio, ``pilot/pkg/model/extensions.go``).
    order["priority"] = plugin.priority
    if plugin.match:
        order["match"] = [
            {"mode": one.mode.value, **({"ports": [{"number": port} for port in one.ports]} if one.ports else {})}
            for one in plugin.match
        ]
    return order
