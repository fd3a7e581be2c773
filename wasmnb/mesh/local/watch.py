"""Changes of a local mesh: it is looked at twice a second, and when something is put in force or its processes tell."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.mesh.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.mesh.stream import Snapshot

__all__ = ["LocalWatch"]

_PERIOD = 0.5


class LocalWatch(Stream):
    """Changes of a local mesh.

    Parameters
    ----------
    snapshot : callable
        Gives the state now; None once the mesh has ended.
    closed : callable
        Told when the stream is closed.
    """

    def __init__(self, snapshot: Callable[[], Snapshot | None], closed: Callable[[LocalWatch], None]) -> None:
        super().__init__(closed)
        self._snapshot = snapshot
        self._thread.start()

    def _look(self, *, woken: bool) -> float | None:  # noqa: ARG002 - every look is whole
        found = self._snapshot()
        if found is None:
            return None
        self._heard = datetime.now(timezone.utc)
        self._compare(found, "pod", "plugin", "verdict")
        self._freshness()
        return _PERIOD
