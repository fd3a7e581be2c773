"""The live views and panels that a session has open: each ends when the mesh that it shows does."""

from __future__ import annotations

from typing import Protocol

__all__ = ["OpenViews", "View"]


class View(Protocol):
    """Something that is open before the user's eyes."""

    def close(self, reason: str) -> None:
        """End it, and say why."""


class OpenViews:
    """The views that are open, in the order they came."""

    def __init__(self) -> None:
        self._open: list[View] = []

    def __len__(self) -> int:
        return len(self._open)

    def add(self, view: View) -> None:
        """Keep a view, to be closed with the mesh."""
        self._open.append(view)

    def ended(self, view: View) -> None:
        """Forget a view that has ended by itself."""
        if view in self._open:
            self._open.remove(view)

    def close(self, reason: str) -> None:
        """End every view."""
        for view in list(self._open):
            view.close(reason)
