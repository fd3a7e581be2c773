"""What an object says of the plugin that it holds: its image, configuration and pods, and its name in Envoy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.proxies.pods import labels
from wasmnb.plugin import FailPolicy, Mode
from wasmnb.plugin.enums import PluginType
from wasmnb.plugin.identity import same_values
from wasmnb.plugin.rendering.names import ENVOY_FILTER
from wasmnb.plugin.scope import carries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wasmnb.mesh.istio.objects.objects import Stored
    from wasmnb.plugin import Plugin

__all__ = [
    "as_recorded",
    "digest_of",
    "envoy_name",
    "is_for",
    "policy_of",
    "ports_of",
    "said_by",
    "selects",
    "serves",
    "takes",
]

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SAID = {"pluginConfig", "configuration", "config_text", "vmConfig", "environment_variables", "default_config"}
"""Members that hold what the user said to the filter: a digest in there is none of ours."""


def digest_of(stored: Stored) -> str:
    """Read off an object which image it names; somebody may have changed it by hand."""
    named = list(_named(stored.item.get("spec", {})))
    found = next((match[1] for _, text in named if (match := _DIGEST.search(text))), "")
    noted = next((text for name, text in named if name == "sha256" and _SHA256.fullmatch(text)), "")
    return found or (f"sha256:{noted}" if noted else "")


def _named(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Give the texts in an object, each with the name of its member, but for what was said to the filter."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in _SAID:
                yield from _named(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from _named(one, name)
    elif isinstance(value, str):
        yield name, value


def said_by(stored: Stored) -> tuple[Any, dict[str, str], tuple[str, str]]:
    """Read off an object the configuration, the environment, and the VM's id and configuration that it names."""
    spec = stored.item.get("spec", {})
    if stored.kind.name == ENVOY_FILTER:
        from wasmnb.mesh.istio.proxies.config_dump import machine_of  # noqa: PLC0415 - where one is in force

        config = _patched(stored)
        values = (config.get("vm_config") or {}).get("environment_variables") or {}
        told = (config.get("configuration") or {}).get("value")
        return told, dict(values.get("key_values") or {}), machine_of(config)
    # Envoy Gateway's policies have a list of extensions; ours is the only one of its policy.
    wasm = spec.get("wasm") or spec
    if isinstance(wasm, list):
        wasm = wasm[0]
    env = {
        one["name"]: one.get("value", "")
        for one in (wasm.get("vmConfig") or {}).get("env") or ()
        if one.get("valueFrom", "INLINE") == "INLINE"
    }
    return wasm.get("pluginConfig", wasm.get("defaultConfig")), env, ("", "")


def takes(stored: Stored) -> bool:
    """Say whether an object's plugin filters connections."""
    return (stored.record.get("plugin") or {}).get("type") == PluginType.NETWORK.value


def as_recorded(stored: Stored) -> bool:
    """Say whether an object names the image, the configuration and the environment of the plugin in its record."""
    plugin = stored.record.get("plugin") or {}
    config, env, (_, machine) = said_by(stored)
    same = _same(config, plugin.get("config")) and (plugin.get("env") or {}).items() <= env.items()
    same = same and (stored.kind.name != ENVOY_FILTER or _same(machine or None, plugin.get("vm_config")))
    return bool(same and digest_of(stored) == plugin.get("image"))


def _same(told: Any, wanted: Any) -> bool:
    """Say whether an object names a configuration; an ``EnvoyFilter`` has it as text."""
    if not isinstance(told, str) or isinstance(wanted, str):
        return same_values(told, wanted)
    try:
        return same_values(json.loads(told), wanted)
    except ValueError:
        return False


def envoy_name(stored: Stored) -> str:
    """Read off an object what Envoy's messages call its plugin: an ``EnvoyFilter`` says it, else Istio makes it."""
    if stored.kind.name == ENVOY_FILTER:
        return str(_patched(stored).get("name", ""))
    return f"{stored.item['metadata']['namespace']}.{stored.name}"


def policy_of(stored: Stored) -> FailPolicy:
    """Give the fail policy of an object's plugin."""
    return FailPolicy((stored.record.get("plugin") or {}).get("fail_policy", "close"))


def serves(stored: Stored) -> bool:
    """Say whether an object's plugin is for what comes to a pod, not only for what the pod sends."""
    modes = [one.get("mode") for one in (stored.record.get("plugin") or {}).get("match") or ()]
    return not modes or any(mode != Mode.CLIENT.value for mode in modes)


def ports_of(plugin: Mapping[str, Any]) -> tuple[int, ...]:
    """Give the ports to which a plugin's matches confine it; none where it is for all.

    Parameters
    ----------
    plugin : mapping
        As `Plugin.to_dict` gives it. What it matches of what a pod sends says nothing of what comes to it.
    """
    every = plugin.get("match") or ()
    chosen = [one for one in every if one.get("mode") != Mode.CLIENT.value] or every
    ports = [tuple(one.get("ports") or ()) for one in chosen]
    return tuple(dict.fromkeys(port for one in ports for port in one)) if all(ports) else ()


def is_for(plugin: Plugin, item: Mapping[str, Any]) -> bool:
    """Say whether a plugin is for a pod: by its selector, or by what it is attached to."""
    has = labels(item)
    return plugin.selects(has) or any(_is_for(target.to_dict(), has) for target in plugin.targets)


def selects(stored: Stored, item: Mapping[str, Any]) -> bool:
    """Say whether an object of ours is for a pod."""
    plugin = stored.record.get("plugin") or {}
    if plugin.get("targets"):
        return any(_is_for(target, labels(item)) for target in plugin["targets"])
    return carries(labels(item), {**(plugin.get("selector") or {}), **stored.part})


def _patched(stored: Stored) -> Mapping[str, Any]:
    """Give the ``PluginConfig`` that an ``EnvoyFilter`` adds; empty when it adds none."""
    for patch in stored.item.get("spec", {}).get("configPatches") or ():
        value = patch.get("patch", {}).get("value") or {}
        found: Mapping[str, Any] = (value.get("typed_config") or {}).get("config") or {}
        if found:
            return found
    return {}


def _is_for(target: Mapping[str, Any], has: Mapping[str, str]) -> bool:
    # Istio, ``pilot/pkg/config/kube/gateway``: what it makes for a Gateway carries its name and class.
    if target.get("kind") == "Gateway":
        return has.get("gateway.networking.k8s.io/gateway-name") == target.get("name")
    if target.get("kind") == "GatewayClass":
        return has.get("gateway.networking.k8s.io/gateway-class-name") == target.get("name")
    return "gateway.istio.io/managed" in has
