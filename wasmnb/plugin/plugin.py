"""What to run where: an image with its configuration, for the pods that a selector names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.image import Image

__all__ = ["FailPolicy", "Phase", "Plugin"]


class Phase(str, Enum):
    """Where in the filter chain a plugin stands (Istio ``extensions/v1alpha1``, ``PluginPhase``)."""

    AUTHN = "AUTHN"
    AUTHZ = "AUTHZ"
    STATS = "STATS"
    UNSPECIFIED = "UNSPECIFIED"


class FailPolicy(str, Enum):
    """What a proxy does with requests once the plugin's VM has crashed."""

    CLOSE = "close"
    OPEN = "open"
    RELOAD = "reload"


@dataclass(frozen=True)
class Plugin:
    """An image, its configuration, and the pods it is for.

    Parameters
    ----------
    id : str
        Names the plugin on the mesh; deploying the same id again replaces it.
    image : Image
        What runs; its digest is what a verdict is about.
    selector : mapping of str to str
        Labels that a pod must carry. An empty selector is every pod.
    config : str, mapping or None
        The plugin configuration; a mapping is handed over as JSON, a string as it is.
    root_id : str or None
        None: the only one that the module registers.
    phase : Phase
    priority : int
        Higher runs first within a phase; ties run in order of id.
    fail_policy : FailPolicy
    """

    id: str
    image: Image
    selector: Mapping[str, str] = field(default_factory=dict)
    config: str | Mapping[str, Any] | None = field(default=None, repr=False)  # it may hold secrets
    root_id: str | None = None
    phase: Phase = Phase.UNSPECIFIED
    priority: int = 0
    fail_policy: FailPolicy = FailPolicy.CLOSE

    @property
    def config_text(self) -> str:
        """The configuration as the bytes a filter reads, decoded."""
        if self.config is None:
            return ""
        if isinstance(self.config, str):
            return self.config
        return json.dumps(self.config, ensure_ascii=False, separators=(",", ":"))

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Say whether a pod with these labels is selected."""
        return all(labels.get(key) == value for key, value in self.selector.items())

    def with_image(self, image: Image) -> Plugin:
        """Give the same plugin with another image."""
        return replace(self, image=image)
