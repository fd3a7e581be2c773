"""A closable stream of numbered changes, from a thread that looks at the mesh now and then, and when it is told to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.protocol import Change

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["LocalWatch", "Snapshot"]

Snapshot = Mapping[tuple[str, str], dict[str, Any]]
"""The state of everything: (kind, name) to plain JSON values."""

_PERIOD = 0.5
_GONE = {"pod": "pod-gone", "plugin": "plugin-gone", "verdict": "verdict"}
# What differs at every look without anything having changed.
_RESTLESS = ("at", "evidence")


class LocalWatch:
    """Changes of a local mesh.

    Parameters
    ----------
    look : callable
        Gives the state now; None once the mesh has ended.
    closed : callable
        Told when the stream is closed.
    """

    def __init__(self, look: Callable[[], Snapshot | None], closed: Callable[[LocalWatch], None]) -> None:
        self._look = look
        self._closed = closed
        self._wake = threading.Event()
        self._end = threading.Event()
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._number = 0
        self._thread = threading.Thread(target=self._run, name="wasmnb-mesh-watch", daemon=True)
        self._thread.start()

    def __iter__(self) -> LocalWatch:
        return self

    def __next__(self) -> Change:
        if self._end.is_set():
            raise StopIteration
        change = self._changes.get()
        if change is None or self._end.is_set():
            # One more for an iteration in another thread.
            self._changes.put(None)
            raise StopIteration
        return change

    def __enter__(self) -> LocalWatch:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wake(self) -> None:
        """Have the mesh looked at now."""
        self._wake.set()

    def close(self) -> None:
        """End the stream; an iteration that waits ends too."""
        if not self._end.is_set():
            self._end.set()
            self._wake.set()
            self._changes.put(None)
            self._closed(self)

    def _run(self) -> None:
        known: Snapshot | None = None
        while not self._end.is_set():
            self._wake.clear()
            found = self._look()
            if found is None:
                self._changes.put(None)
                return
            self._compare(known or {}, found)
            if known is None:
                self._tell("fresh", "mesh", {})
            known = found
            self._wake.wait(_PERIOD)

    def _compare(self, known: Snapshot, found: Snapshot) -> None:
        for (kind, name), value in found.items():
            if _calm(value) != _calm(known.get((kind, name))):
                self._tell(kind, name, value)
        for kind, name in known:
            if (kind, name) not in found:
                self._tell(_GONE[kind], name, {})

    def _tell(self, kind: str, name: str, value: dict[str, Any]) -> None:
        self._number += 1
        self._changes.put(Change(self._number, datetime.now(timezone.utc), kind, name, value))


def _calm(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else {key: item for key, item in value.items() if key not in _RESTLESS}
