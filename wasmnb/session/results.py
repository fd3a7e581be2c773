"""What the session's methods give: plain records of what was done, with nothing in them that may not be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.plugin.identity import plugin_dict
from wasmnb.rollout.result import Deployment

if TYPE_CHECKING:
    from datetime import datetime

    from wasmnb.compile import Filter
    from wasmnb.compile.languages import Guess
    from wasmnb.mesh import Pod
    from wasmnb.module import Module
    from wasmnb.plugin import Plugin

__all__ = ["BuildTime", "Deployment", "FilterResult", "MeshState", "Removal"]


@dataclass(frozen=True)
class FilterResult:
    """A filter with its module, and, when asked for, where it is live.

    Parameters
    ----------
    filter : Filter
    module : Module
    unchanged : bool
        The cell was the same as before; nothing was compiled.
    deployment : Deployment or None
        None when only the module was asked for.
    stages : tuple of (str, float)
        Seconds per stage, from the cell to the module or to LIVE.
    guess : Guess or None
        How its language was found, when nobody had said it.
    """

    filter: Filter
    module: Module
    unchanged: bool
    deployment: Deployment | None = None
    stages: tuple[tuple[str, float], ...] = ()
    guess: Guess | None = None

    @property
    def seconds(self) -> float:
        """From the cell to the module, or to LIVE when it was deployed."""
        return sum(seconds for _, seconds in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "filter": self.filter.name,
            "language": self.filter.language,
            "guessed": str(self.guess) if self.guess else "",
            "module": self.module.digest,
            "size": self.module.size,
            "unchanged": self.unchanged,
            "deployment": self.deployment and self.deployment.to_dict(),
            "stages": dict(self.stages),
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class BuildTime:
    """A build of the session.

    Parameters
    ----------
    at : datetime
        When it was done (aware, UTC).
    filter, language : str
    stages : tuple of (str, float)
        Seconds per stage.
    """

    at: datetime
    filter: str
    language: str
    stages: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "at": self.at.isoformat(),
            "filter": self.filter,
            "language": self.language,
            "stages": dict(self.stages),
        }


@dataclass(frozen=True)
class MeshState:
    """A mesh after ``Session.mesh``.

    Parameters
    ----------
    name : str
    pods : tuple of Pod
        Empty once stopped.
    change : str
        ``started``, ``kept`` or ``stopped``.
    seconds : float
        What the change took.
    gateway : str
        ``host:port`` of the way in; empty when there is none.
    about : tuple of str
        What else is to be known of it, such as the cluster and the version of Istio.
    """

    name: str
    pods: tuple[Pod, ...]
    change: str
    seconds: float = 0.0
    gateway: str = ""
    about: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "mesh": self.name,
            "pods": [pod.to_dict() for pod in self.pods],
            "change": self.change,
            "seconds": self.seconds,
            "gateway": self.gateway,
            "about": list(self.about),
        }


@dataclass(frozen=True)
class Removal:
    """A plugin that was taken away.

    Parameters
    ----------
    plugin : Plugin
        What was in force, whole; ``Mesh.apply`` puts it back.
    pods : tuple of str
        Names of the pods it was taken from.
    seconds : float
    """

    plugin: Plugin = field(repr=False)
    pods: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"plugin": plugin_dict(self.plugin), "pods": list(self.pods), "seconds": self.seconds}
