"""What deploying a plugin, and taking it away, came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.display.result import Dated, Tabled
from wasmnb.mesh import Verdict
from wasmnb.mesh.results import verdicts_table
from wasmnb.plugin.identity import plugin_dict
from wasmnb.plugin.plugins import plugins_table

if TYPE_CHECKING:
    from wasmnb.display import Table
    from wasmnb.mesh import PodVerdict
    from wasmnb.plugin import Plugin

__all__ = ["Deployment", "Removal"]


@dataclass(frozen=True)
class Deployment(Dated, Tabled):
    """A plugin that is in force, as it was asked for.

    Parameters
    ----------
    plugin : Plugin
    verdicts : tuple of PodVerdict
        One per selected pod: LIVE, or what was taken for enough; without waiting, what was seen at once.
    unchanged : bool
        The very same was live already; nothing was done.
    stages : tuple of (str, float)
        Seconds per stage.
    notes : tuple of str
        What the user should know of where the image came from.
    left : tuple of str
        Names of the pods that had the plugin before, and are not selected any more.
    """

    plugin: Plugin = field(repr=False)
    verdicts: tuple[PodVerdict, ...]
    unchanged: bool
    stages: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """``sha256:...`` of the image that is in force."""
        return self.plugin.image.digest

    @property
    def seconds(self) -> float:
        """From the module to LIVE on every selected pod."""
        return sum(seconds for _, seconds in self.stages)

    @property
    def judged(self) -> tuple[PodVerdict, ...]:
        """The verdicts about pods that are selected."""
        return tuple(one for one in self.verdicts if one.verdict is not Verdict.NOT_SELECTED)

    @property
    def table(self) -> Table:
        """The verdicts in rows; see `wasmnb.mesh.results.verdicts_table`."""
        return verdicts_table(self.judged)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "plugin": plugin_dict(self.plugin),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "unchanged": self.unchanged,
            "stages": dict(self.stages),
            "seconds": self.seconds,
            "notes": list(self.notes),
            "left": list(self.left),
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Removal(Dated, Tabled):
    """A plugin that was taken away.

    Parameters
    ----------
    plugin : Plugin
        What was in force, whole; ``Mesh.apply`` puts it back.
    pods : tuple of str
        Names of the pods it was taken from.
    seconds : float
    verdicts : tuple of PodVerdict
        GONE for each pod from which it is proven to be gone.
    """

    plugin: Plugin = field(repr=False)
    pods: tuple[str, ...] = ()
    seconds: float = 0.0
    verdicts: tuple[PodVerdict, ...] = ()

    @property
    def table(self) -> Table:
        """The plugin in one row; see `wasmnb.plugin.plugins.plugins_table`."""
        return plugins_table([self.plugin])

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "plugin": plugin_dict(self.plugin),
            "pods": list(self.pods),
            "verdicts": [one.to_dict() for one in self.verdicts],
            "seconds": self.seconds,
            "at": self.at.isoformat(),
        }
