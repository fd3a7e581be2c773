"""A plugin as what other things read: objects of Istio and of gateways, a bootstrap of a plain Envoy.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.plugin.rendering.bootstrap import Site
    from wasmnb.plugin.rendering.choice import Choice, choose, render_istio
    from wasmnb.plugin.rendering.common import yaml_text
    from wasmnb.plugin.rendering.names import KINDS, object_name, resource_names
    from wasmnb.plugin.rendering.targets import ISTIO, TARGETS, Place, Rendition, Target

_HOMES = {
    "ISTIO": ".targets",
    "KINDS": ".names",
    "TARGETS": ".targets",
    "Choice": ".choice",
    "Place": ".targets",
    "Rendition": ".targets",
    "Site": ".bootstrap",
    "Target": ".targets",
    "choose": ".choice",
    "object_name": ".names",
    "render_istio": ".choice",
    "resource_names": ".names",
    "yaml_text": ".common",
}

__all__ = [
    "ISTIO",
    "KINDS",
    "TARGETS",
    "Choice",
    "Place",
    "Rendition",
    "Site",
    "Target",
    "choose",
    "object_name",
    "render_istio",
    "resource_names",
    "yaml_text",
]

__getattr__ = lazily(__name__, _HOMES)
