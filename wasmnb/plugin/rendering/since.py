"""Since which Istio there are the fields of its objects: an older API server drops one without a word.

Source: the releases of istio/api, ``extensions/v1alpha1/wasm.proto``, ``networking/v1alpha3/envoy_filter.proto``
and ``type/v1beta1/selector.proto``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import UsageError
from wasmnb.plugin.enums import FailPolicy
from wasmnb.plugin.rendering.capabilities import option, said
from wasmnb.plugin.rendering.names import ENVOY_FILTER, WASM_PLUGIN
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.plugin import Plugin

__all__ = ["Version", "dotted", "refuse_newer"]

Version = tuple[int, ...]

_OPEN = f"fail-policy {FailPolicy.OPEN.value}"
_FIELDS: dict[str, dict[str, Version]] = {
    WASM_PLUGIN: {
        "env": (1, 14),
        "env NAME": (1, 14),
        "match": (1, 16),
        _OPEN: (1, 19),
        "type NETWORK": (1, 20),
        "target-ref": (1, 22),
        f"fail-policy {FailPolicy.RELOAD.value}": (1, 27),
    },
    ENVOY_FILTER: {"target-ref": (1, 22)},
}
_TARGETS: dict[str, Version] = {"Service": (1, 23), "ServiceEntry": (1, 24), "GatewayClass": (1, 25)}


def dotted(version: Version) -> str:
    """Write a version as people do: ``1.22``."""
    return ".".join(str(part) for part in version)


def refuse_newer(plugin: Plugin, kind: str, version: Version) -> None:
    """Refuse a plugin that says what this Istio's object has no field for yet.

    Parameters
    ----------
    plugin : Plugin
    kind : str
        The object that it becomes.
    version : tuple of int
        Istio's.

    Raises
    ------
    UsageError
        It names the option, and the version that the field came with.
    """
    fields = _FIELDS.get(kind, {})
    words = [*said(plugin), *([_OPEN] if plugin.fail_policy is FailPolicy.OPEN else [])]
    for word in words:
        if word in fields and version < fields[word]:
            raise _newer(plugin, kind, version, option(word), fields[word])
    for target in plugin.targets:
        since = _TARGETS.get(target.kind, version)
        if version < since:
            raise _newer(plugin, kind, version, Option("target_ref", str(target)), since)


def _newer(plugin: Plugin, kind: str, version: Version, named: Option, since: Version) -> UsageError:
    instead = Wording("; {} names the pods", Option("selector", "LABELS")) if named.keyword == "target_ref" else ""
    return UsageError(
        Wording("The {} of Istio {} has no field for {}, which {} asks for.", kind, dotted(version), named, plugin.id),
        why=[f"the field came with Istio {dotted(since)}; an older API server drops it silently"],
        hint=Wording("leave it out{}", instead),
    )
