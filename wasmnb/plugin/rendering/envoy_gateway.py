"""A plugin for Envoy Gateway: an ``EnvoyExtensionPolicy`` with one Wasm extension.

Sources: envoyproxy/gateway ``api/v1alpha1/envoyextensionypolicy_types.go``, ``wasm_types.go``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError
from wasmnb.plugin.enums import FailPolicy, Kind, PullPolicy
from wasmnb.plugin.rendering.capabilities import ENVOY_GATEWAY, references, refuse
from wasmnb.plugin.rendering.common import as_json, carried, manifest, pinned, sha256
from wasmnb.plugin.rendering.names import object_name
from wasmnb.plugin.rendering.targets import Place, Rendition, Target
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.plugin import Plugin

__all__ = ["TARGET", "extension_policy", "render"]

TARGET = Target(ENVOY_GATEWAY, "Envoy Gateway", f"{__name__}:render", kind=Kind.ENVOY_GATEWAY)

_KINDS = ("Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute", "TCPRoute", "UDPRoute", "TLSRoute")


def render(plugin: Plugin, place: Place) -> Rendition:
    """Render the policy (`TARGET`)."""
    value = extension_policy(plugin, place.namespace)
    return Rendition("EnvoyExtensionPolicy", value, f"it is for {ENVOY_GATEWAY}")


def extension_policy(plugin: Plugin, namespace: str) -> dict[str, Any]:
    """Render an ``EnvoyExtensionPolicy``.

    The gateway's controller fetches the image, and the proxies fetch the module from it.

    Parameters
    ----------
    plugin : Plugin
        With the root id to use: without one, the module must register the empty one. It needs a target.
    namespace : str

    Raises
    ------
    UsageError
        It names no target, one of another kind or namespace, or asks for what the policy has no word for.
    ConfigError
        Its configuration is not valid JSON.
    """
    refuse(plugin, ENVOY_GATEWAY)
    if not plugin.targets:
        raise UsageError(
            f"Envoy Gateway must be told what {plugin.id} is for.",
            hint=Wording(
                "name a gateway or a route: {}, {}",
                Option("target_ref", "Gateway/NAME"),
                Option("target_ref", "HTTPRoute/NAME"),
            ),
        )
    name = object_name(plugin.id)
    image: dict[str, Any] = {"url": pinned(plugin), **({"sha256": sha256(plugin)} if sha256(plugin) else {})}
    if plugin.pull_secret:
        image["pullSecretRef"] = {"group": "", "kind": "Secret", "name": plugin.pull_secret}
    code: dict[str, Any] = {"type": "Image", "image": image}
    if plugin.pull_policy is not PullPolicy.UNSPECIFIED:
        code["pullPolicy"] = plugin.pull_policy.value
    wasm: dict[str, Any] = {"name": name, "code": code, "failOpen": plugin.fail_policy is FailPolicy.OPEN}
    if plugin.root_id:
        wasm["rootID"] = plugin.root_id
    config = carried(plugin, "Envoy Gateway", as_json)
    if plugin.config_text:
        wasm["config"] = config
    if plugin.host_env:
        wasm["env"] = {"hostKeys": list(plugin.host_env)}
    targets = references(plugin, "Envoy Gateway", namespace, _KINDS)
    spec = {"targetRefs": targets, "wasm": [wasm]}
    return manifest("gateway.envoyproxy.io/v1alpha1", "EnvoyExtensionPolicy", name, namespace, spec)
