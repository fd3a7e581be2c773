"""How long work reports itself: one small interface that a notebook, a terminal and a test can all show."""

from __future__ import annotations

import sys
from typing import Protocol, runtime_checkable

__all__ = ["Following", "Lines", "Pausing", "Progress", "Silent"]


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
    """A progress that also shows how far a deployment has come."""

    after: float
    """Seconds before it shows anything."""

    every: float
    """Seconds between what it shows."""

    @property
    def room(self) -> bool:
        """Whether there is room to show it."""

    def advance(self, state: object) -> None:
        """Take how far a deployment has come: a value; how it looks is known by its type."""


@runtime_checkable
class Pausing(Progress, Protocol):
    """A progress that can stand still, so that nothing is written over a question to the user."""

    def pause(self) -> None:
        """Show the state of now, and write nothing until the next report."""


class Silent:
    """A progress that nobody looks at."""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Take the report and do nothing."""


class Lines:
    """Progress as lines on standard error, for a program that prepares something."""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Write what is being done now."""
        del done, total
        sys.stderr.write(f"{stage}\n")
