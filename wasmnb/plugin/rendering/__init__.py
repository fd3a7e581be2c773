"""A plugin as what other things read: objects of Istio and of gateways, a bootstrap of a plain Envoy."""

from wasmnb.plugin.rendering.bootstrap import Site, bootstrap
from wasmnb.plugin.rendering.choice import Choice, choose, render_istio
from wasmnb.plugin.rendering.common import yaml_text
from wasmnb.plugin.rendering.names import KINDS, object_name, resource_names
from wasmnb.plugin.rendering.targets import ISTIO, TARGETS, Place, Rendition, Target

__all__ = [
    "ISTIO",
    "KINDS",
    "TARGETS",
    "Choice",
    "Place",
    "Rendition",
    "Site",
    "Target",
    "bootstrap",
    "choose",
    "object_name",
    "render_istio",
    "resource_names",
    "yaml_text",
]
