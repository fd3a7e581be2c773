"""How long work reports itself: one small interface that a notebook, a terminal and a test can all show."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


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


class Silent:
    """A progress that nobody looks at."""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Take the report and do nothing."""
