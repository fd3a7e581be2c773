"""How long work reports itself: one small interface that a notebook, a terminal and a test can all show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.mesh import Mesh
    from wasmnb.plugin import Plugin
    from wasmnb.session import Rollout

__all__ = ["Following", "Progress", "Silent"]


class Progress(Protocol):
    """Something that wants to know how far a piece of long work has come."""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Say what is being done now.

        Parameters
        ----------
        stage : str
            A short phrase, such as ``building the C++ runtime``.
        done, total : float, optional
            How much of the stage is done, in any one unit; both or neither.
        """


@runtime_checkable
class Following(Progress, Protocol):
    """A progress that also shows how far a rollout has come, pod by pod."""

    def follow(self, mesh: Mesh, plugin: Plugin, mask: Callable[[str], str] = str) -> None:
        """Look for itself on which pods a plugin is live, from now on; ``mask`` takes secrets out of a text."""

    def walked(self, rollout: Rollout) -> None:
        """Take how far a rollout in steps has come."""


class Silent:
    """A progress that nobody looks at."""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Take the report and do nothing."""
