"""The manifest that puts a project's filter in force, rendered as every plugin is, for an image that is to come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from wasmnb.errors import ImageError, UsageError
from wasmnb.image.lazy_image import NamedImage
from wasmnb.plugin import Phase, Plugin, TargetRef
from wasmnb.plugin.rendering import ISTIO, Place, yaml_text
from wasmnb.plugin.rendering.capabilities import ENVOY_GATEWAY
from wasmnb.plugin.rendering.names import WASM_PLUGIN

if TYPE_CHECKING:
    from wasmnb.plugin.rendering import Target
    from wasmnb.project.templates import Template

__all__ = ["manifest"]

# What an example is for, where a platform must be told.
_SCOPES: dict[str, dict[str, Any]] = {
    ISTIO: {"selector": {"app": "details"}},
    ENVOY_GATEWAY: {"targets": (TargetRef("HTTPRoute", "backend"),)},
}
# The object that every Istio of today has.
_KINDS = {ISTIO: WASM_PLUGIN}


def manifest(platform: Target, name: str, template: Template, config: dict[str, Any]) -> str:
    """Give the text of the manifest.

    Parameters
    ----------
    platform : Target
    name : str
        Of the filter.
    template : Template
        Its phase is left out where the platform has no word for it.
    config : dict
        The example configuration.

    Raises
    ------
    UsageError, ConfigError
        The platform cannot carry the example.
    """
    image: Any = NamedImage(f"registry.example/team/{name}:v1", "", _unbuilt)
    plugin = Plugin(
        name, image, config=config, root_id=template.root_id, phase=template.phase, **_SCOPES.get(platform.word, {})
    )
    place = Place(platform.namespace, kind=_KINDS.get(platform.word, ""), module="build/filter.wasm")
    try:
        made = platform.render(plugin, place)
    except UsageError:
        made = platform.render(replace(plugin, phase=Phase.UNSPECIFIED), place)
    return yaml_text(made.value)


def _unbuilt(reference: str) -> NoReturn:
    raise ImageError(f"{reference} is not built yet.")
