"""What to run where: an image with its configuration, for the pods that a selector names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from wasmnb.errors import ConfigError, Place, UsageError, did_you_mean

if TYPE_CHECKING:
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
        The plugin configuration; a mapping is handed over as JSON, a string as it is. A plugin keeps a copy: what
        becomes of the mapping afterwards is another configuration.
    root_id : str or None
        None: the only one that the module registers.
    phase : Phase
    priority : int
        Higher runs first within a phase; ties run in order of id.
    fail_policy : FailPolicy

    Raises
    ------
    UsageError
        The image is none, the selector is no mapping of text, the phase, priority or policy is none.
    ConfigError
        The configuration cannot be written as text.
    """

    id: str
    image: Image
    selector: Mapping[str, str] = field(default_factory=dict)
    config: str | Mapping[str, Any] | None = field(default=None, repr=False)  # it may hold secrets
    root_id: str | None = None
    phase: Phase = Phase.UNSPECIFIED
    priority: int = 0
    fail_policy: FailPolicy = FailPolicy.CLOSE

    def __post_init__(self) -> None:
        if not hasattr(self.image, "digest") or not hasattr(self.image, "module"):
            raise UsageError(
                f"The image of {self.id} is a {type(self.image).__name__}, not an Image.", hint="give module.image()"
            )
        object.__setattr__(self, "selector", _labels(self.selector))
        object.__setattr__(self, "config", _copied(self.config, self.id))
        object.__setattr__(self, "phase", _word(Phase, self.phase))
        object.__setattr__(self, "fail_policy", _word(FailPolicy, self.fail_policy))
        if not isinstance(self.priority, int):
            raise UsageError(f"{self.priority!r} is no priority.", hint="give a whole number; higher runs first")

    @property
    def config_text(self) -> str:
        """The configuration as the bytes a filter reads, decoded."""
        if self.config is None:
            return ""
        if isinstance(self.config, str):
            return self.config
        return json.dumps(self.config, ensure_ascii=False, separators=(",", ":"))

    def _repr_html_(self) -> str:
        from wasmnb import redact  # noqa: PLC0415 - only for a display
        from wasmnb.module.faces import facts_table  # noqa: PLC0415

        rows = [
            ("image", self.image.reference),
            ("digest", self.image.digest),
            ("selector", ",".join(f"{key}={value}" for key, value in self.selector.items()) or "every pod"),
            *([("configuration", redact.config(self.config_text))] if self.config is not None else []),
            ("root id", self.root_id if self.root_id is not None else "the only one"),
            ("phase", self.phase.value),
            ("priority", str(self.priority)),
            ("fail policy", self.fail_policy.value),
        ]
        return facts_table(f"Plugin {self.id}", rows)

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Say whether a pod with these labels is selected."""
        return all(labels.get(key) == value for key, value in self.selector.items())

    def with_image(self, image: Image) -> Plugin:
        """Give the same plugin with another image."""
        return replace(self, image=image)


_Words = TypeVar("_Words", bound=Enum)


def _word(kind: type[_Words], given: object) -> _Words:
    try:
        return kind(given)
    except ValueError:
        words = [str(one.value) for one in kind]
        near = did_you_mean(str(given), words)
        raise UsageError(
            f"{given!r} is no {kind.__name__}.", hint=f"{near} there is: {', '.join(words)}".strip()
        ) from None


def _labels(given: object) -> dict[str, str]:
    pairs = dict(given) if isinstance(given, Mapping) else None
    if pairs is None or not all(isinstance(word, str) for pair in pairs.items() for word in pair):
        raise UsageError(
            f"{given!r} is no selector.",
            where=Place("the selector"),
            hint='give labels as a mapping of text, for instance {"app": "details"}; {} is every pod',
        )
    return pairs


def _copied(config: Any, name: str) -> Any:
    if config is None:
        return None
    try:
        text = config if isinstance(config, str) else json.dumps(config, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"The configuration of {name} cannot be written as text: {error}.",
            where=Place("the configuration"),
            hint="use text, or what JSON has: objects, lists, strings, numbers, true, false and null",
        ) from error
    return deepcopy(config)
