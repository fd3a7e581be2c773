"""What a plugin can be rendered for: each target's name, where its objects live, and what renders them.

A target is one `Target`, registered in the group ``wasmnb.targets``; docs/targets.md tells how one is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.registered import Group, load

if TYPE_CHECKING:
    from wasmnb.plugin import Plugin
    from wasmnb.plugin.enums import Kind
    from wasmnb.plugin.rendering.bootstrap import Site

__all__ = ["ISTIO", "TARGETS", "Place", "Rendition", "Target"]

ISTIO = "istio"
"""The target of a plugin of which nothing else is said."""


@dataclass(frozen=True)
class Place:
    """Where what is rendered will live, as far as a target asks for it.

    Parameters
    ----------
    namespace : str
        Of an object of a cluster.
    version : str
        Of the mesh, as it says it; empty for the newest.
    kind : str
        The object that is wanted, where a target has several; empty for its own choice.
    site : Site, optional
        Of a plain Envoy.
    output : str
        The file that it will be written to; empty for none.
    module : str
        The file that holds the module, where a target reads it from one; beside ``output`` when empty.
    """

    namespace: str = "default"
    version: str = ""
    kind: str = ""
    site: Site | None = None
    output: str = ""
    module: str = ""


@dataclass(frozen=True)
class Rendition:
    """A plugin as JSON values that a target reads.

    Parameters
    ----------
    kind : str
        Of the object, such as ``TrafficExtension``.
    value : dict
    reason : str
        Why it is this one.
    modules : tuple of str
        Files that it expects the module in.
    """

    kind: str
    value: dict[str, Any]
    reason: str
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """One target.

    Parameters
    ----------
    word : str
        The name that it is registered by, which ``--target`` takes.
    name : str
        What people call it.
    renderer : str
        ``module:function`` that makes a `Rendition` of a plugin and a `Place`, imported when it is first asked for. It
        refuses what the target has no word for (`wasmnb.plugin.rendering.capabilities.refuse`).
    namespace : str
        Where its objects live, when nothing is said.
    fetches : bool
        Its proxies fetch the image from a registry; else they read the module from a file.
    kind : Kind, optional
        How a mesh is told to deploy for it; None when it is only rendered.
    """

    word: str
    name: str
    renderer: str
    namespace: str = "default"
    fetches: bool = True
    kind: Kind | None = None

    def render(self, plugin: Plugin, place: Place) -> Rendition:
        """Render a plugin.

        Raises
        ------
        UsageError
            The target has no word for what the plugin says.
        ConfigError
            It cannot carry the configuration.
        """
        made: Rendition = load(self.renderer)(plugin, place)
        return made


#: Every target by its word, ours and those that other packages register.
TARGETS: Group[Target] = Group(
    "wasmnb.targets",
    "target",
    {
        ISTIO: "wasmnb.plugin.rendering.choice:TARGET",
        "envoy-gateway": "wasmnb.plugin.rendering.envoy_gateway:TARGET",
        "higress": "wasmnb.plugin.rendering.higress:TARGET",
        "envoy": "wasmnb.plugin.rendering.bootstrap:TARGET",
    },
    Target,
)
