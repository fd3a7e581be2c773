"""A plugin for Higress: its own ``WasmPlugin``, which is always for the whole gateway.

Sources: alibaba/higress ``api/extensions/v1alpha1/wasmplugin.proto``, ``pkg/ingress/config/ingress_config.go``;
its page *Plugin Usage Guide*. The configuration is the ``defaultConfig`` of that page, which the filter reads as it is
where there are no ``matchRules``, and beside which somebody may write some. A ``pluginConfig`` reaches the filter as
well, but both are passed over then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.plugin.enums import FailPolicy, Kind, PullPolicy
from wasmnb.plugin.rendering.capabilities import HIGRESS, refuse
from wasmnb.plugin.rendering.common import as_object, carried, manifest, pinned, sha256
from wasmnb.plugin.rendering.istio import environment, order
from wasmnb.plugin.rendering.names import object_name
from wasmnb.plugin.rendering.targets import Place, Rendition, Target

if TYPE_CHECKING:
    from wasmnb.plugin import Plugin

__all__ = ["TARGET", "higress_plugin", "render"]

TARGET = Target(HIGRESS, "Higress", f"{__name__}:render", namespace="higress-system", kind=Kind.HIGRESS)


def render(plugin: Plugin, place: Place) -> Rendition:
    """Render the ``WasmPlugin`` (`TARGET`)."""
    return Rendition("WasmPlugin", higress_plugin(plugin, place.namespace), f"it is for {HIGRESS}")


def higress_plugin(plugin: Plugin, namespace: str) -> dict[str, Any]:
    """Render the ``WasmPlugin`` of Higress.

    Parameters
    ----------
    plugin : Plugin
        With the root id to use: without one, the module must register the empty one.
    namespace : str
        Where Higress looks for plugins, by default ``higress-system``.

    Raises
    ------
    UsageError
        It asks for what this object has no word for.
    ConfigError
        Its configuration is not a JSON object.
    """
    refuse(plugin, HIGRESS)
    spec = {
        "url": pinned(plugin),
        "sha256": sha256(plugin),
        "imagePullPolicy": plugin.pull_policy.value if plugin.pull_policy is not PullPolicy.UNSPECIFIED else "",
        "imagePullSecret": plugin.pull_secret,
        "defaultConfig": carried(plugin, "Higress", as_object),
        "pluginName": plugin.root_id,
        "failStrategy": "FAIL_OPEN" if plugin.fail_policy is FailPolicy.OPEN else "FAIL_CLOSE",
        **environment(plugin),
        **order(plugin),
    }
    return manifest("extensions.higress.io/v1alpha1", "WasmPlugin", object_name(plugin.id), namespace, spec)
