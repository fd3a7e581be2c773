"""What things are called on a cluster, and what proxies call them."""

from __future__ import annotations

import hashlib
import re

from wasmnb.plugin.enums import Kind, words

__all__ = ["ENVOY_FILTER", "KINDS", "TRAFFIC_EXTENSION", "WASM_PLUGIN", "object_name", "resource_names"]

TRAFFIC_EXTENSION, WASM_PLUGIN, ENVOY_FILTER = KINDS = words(kind for kind in Kind if kind.istio)

_LONGEST = 63  # a label (RFC 1123), so that it may become the value of one, and a part of other names
_NO_LETTER = re.compile(r"[^a-z0-9]+")


def object_name(plugin: str) -> str:
    """Give the name of a Kubernetes object for a plugin's id: the id itself where it is one (RFC 1123 label).

    Where letters had to go, a few digits of a hash keep two ids from meeting under one name.
    """
    name = _NO_LETTER.sub("-", plugin.lower()).strip("-")
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", plugin) and len(plugin) <= _LONGEST:
        return plugin
    mark = hashlib.sha256(plugin.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST - 9].rstrip('-') or 'plugin'}-{mark}"


def resource_names(namespace: str, name: str, kind: str) -> tuple[str, ...]:
    """Give what a proxy may call the extension that an object stands for, in its ECDS and as its filter, newest first.

    A ``WasmPlugin`` is called otherwise since Istio 1.30 (which makes a ``TrafficExtension`` of it) and since 1.26
    (which mended a spelling); who looks for it must know all three. Source: ``pilot/pkg/model/extensions.go`` and
    ``pilot/pkg/config/kube/extensions/translate.go`` at the tags 1.23.0 to 1.30.3.

    Parameters
    ----------
    namespace, name : str
        Of the object.
    kind : str
        ``TrafficExtension``, ``WasmPlugin`` or ``EnvoyFilter`` (which names what it adds; this is our name for it).
    """
    if kind == TRAFFIC_EXTENSION:
        return (f"extensions.istio.io/trafficextension/{namespace}.{name}",)
    if kind == WASM_PLUGIN:
        return (
            f"extensions.istio.io/trafficextension/{namespace}.{name}~istio-translated-wasmplugin",
            f"extensions.istio.io/wasmplugin/{namespace}.{name}",
            f"extenstions.istio.io/wasmplugin/{namespace}.{name}",
        )
    return (f"{namespace}/{name}",)
