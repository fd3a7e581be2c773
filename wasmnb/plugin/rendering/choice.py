"""Which object of a cluster a plugin becomes, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError, did_you_mean
from wasmnb.plugin.enums import Kind
from wasmnb.plugin.rendering.capabilities import ENVOY_GATEWAY, HIGRESS, MACHINE, refuse, said
from wasmnb.plugin.rendering.common import Unsaid, as_object, carried
from wasmnb.plugin.rendering.envoy_gateway import extension_policy
from wasmnb.plugin.rendering.envoyfilter import envoy_filter
from wasmnb.plugin.rendering.higress import higress_plugin
from wasmnb.plugin.rendering.istio import traffic_extension, wasm_plugin
from wasmnb.plugin.rendering.names import ENVOY_FILTER, KINDS, TRAFFIC_EXTENSION, WASM_PLUGIN
from wasmnb.plugin.rendering.since import Version, dotted, refuse_newer
from wasmnb.plugin.rendering.targets import ISTIO, Place, Rendition, Target
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.plugin import Plugin

__all__ = ["KINDS", "TARGET", "Choice", "choose", "render", "render_istio"]

_RENDER: dict[str, Callable[[Plugin, str], dict[str, Any]]] = {
    TRAFFIC_EXTENSION: traffic_extension,
    WASM_PLUGIN: wasm_plugin,
    ENVOY_FILTER: envoy_filter,
    ENVOY_GATEWAY: extension_policy,
    HIGRESS: higress_plugin,
}
# EnvoyFilter: since then proxies discover extensions through the agent, which fetches images.
_SINCE = {TRAFFIC_EXTENSION: (1, 30), WASM_PLUGIN: (1, 12), ENVOY_FILTER: (1, 9)}

TARGET = Target(ISTIO, "Istio", f"{__name__}:render", kind=Kind.AUTO)


@dataclass(frozen=True)
class Choice:
    """The kind of object that a plugin becomes, and why, in words."""

    kind: str
    reason: str


def choose(plugin: Plugin, version: str = "", as_: str = "") -> Choice:
    """Choose the kind of object that a plugin becomes.

    The newest that this Istio knows; an ``EnvoyFilter`` where the plugin's configuration is not a JSON object, or would
    not arrive as it is.

    Parameters
    ----------
    plugin : Plugin
    version : str
        Istio's, as it says it: ``1.30.3``, ``1.29-alpha.…``. Without numbers (a build of one's own says ``unknown``) it
        is taken for the newest, as Istio itself does (``pilot/pkg/model/context.go``).
    as_ : str
        The kind that the user wants, compared without case; the plugin's own when empty.

    Raises
    ------
    UsageError
        There is no such kind, or this Istio does not know it, or a field of it that the plugin needs.
    ConfigError
        The kind wanted cannot carry the configuration.
    """
    if not as_ and plugin.kind.foreign:
        return Choice(plugin.kind.value, f"it is for {plugin.kind.value}")
    numbers = _numbers(version)
    chosen = _chosen(plugin, version, numbers, as_)
    refuse_newer(plugin, chosen.kind, numbers)
    return chosen


def _chosen(plugin: Plugin, version: str, numbers: Version, as_: str) -> Choice:
    lost = _lost(plugin)
    if as_ or plugin.kind is not Kind.AUTO:
        return _wanted(plugin, as_ or plugin.kind.value, numbers, lost)
    if lost:
        return Choice(ENVOY_FILTER, f"{lost}; an {ENVOY_FILTER} carries it")
    kind = next((kind for kind in KINDS if numbers >= _SINCE[kind]), None)
    if kind is None:
        raise UsageError(
            f"Istio {version} is too old: its proxies do not fetch images.", hint="Istio 1.12 and later do"
        )
    newest = f"Istio {version}" if version else "the newest Istio"
    return Choice(kind, f"{newest} has it (since {dotted(_SINCE[kind])})")


def render_istio(plugin: Plugin, namespace: str, *, version: str = "", as_: str = "") -> dict[str, Any]:
    """Render the object that `choose` chooses.

    Raises
    ------
    UsageError, ConfigError
        As `choose`; or the plugin asks for what the object has no word for.
    """
    return _RENDER[choose(plugin, version, as_).kind](plugin, namespace)


def render(plugin: Plugin, place: Place) -> Rendition:
    """Render what `choose` chooses (`TARGET`)."""
    choice = choose(plugin, place.version, place.kind)
    return Rendition(choice.kind, _RENDER[choice.kind](plugin, place.namespace), choice.reason)


def _wanted(plugin: Plugin, as_: str, numbers: Version, lost: str) -> Choice:
    kind = next((kind for kind in KINDS if kind.lower() == as_.lower()), None)
    if kind is None:
        raise UsageError(
            f"{as_!r} is not an object that a plugin can become.",
            why=[f"available: {', '.join(KINDS)}"],
            hint=did_you_mean(as_, KINDS),
        )
    if numbers < _SINCE[kind]:
        raise UsageError(
            f"Istio {dotted(numbers)} has no {kind}; it came with {dotted(_SINCE[kind])}.",
            hint=Wording("leave {} out", Option("as_")),
        )
    if lost and kind != ENVOY_FILTER:
        carried(plugin, kind, as_object)
        refuse(plugin, kind)
    return Choice(kind, "it was asked for")


def _lost(plugin: Plugin) -> str:
    if set(MACHINE) & {*said(plugin)}:
        return "Istio's own objects can set only the environment of a VM"
    try:
        as_object(plugin)
    except Unsaid as reason:
        return str(reason)
    return ""


def _numbers(version: str) -> Version:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (99, 0)
