"""A closable stream of numbered changes, from a thread that looks at a mesh now and then, and when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from datetime import datetime, timezone
from typing import Any

from wasmnb.errors import in_words
from wasmnb.mesh.changes import Changes

__all__ = ["Snapshot", "Stream"]

Snapshot = Mapping[tuple[str, str], dict[str, Any]]
"""The state of things: (kind, name) to plain JSON values."""

_AGAIN = 0.5  # seconds after a look that failed
_GONE = {"pod": "pod-gone", "plugin": "plugin-gone", "verdict": "verdict"}
# What differs at every look without anything having changed.
_RESTLESS = ("at", "evidence")


class Stream(Changes):
    """What every mesh's watch shares; a mesh says in `_look` what it looks at.

    Parameters
    ----------
    closed : callable
        Told when the stream is closed.
    """

    def __init__(self, closed: Callable[[Any], None]) -> None:
        super().__init__()
        self._closed = closed
        self._closing = threading.Lock()
        self._wake = threading.Event()
        self._told: dict[tuple[str, str], dict[str, Any]] = {}
        self._stale = self._fresh = False
        self._heard = datetime.now(timezone.utc)
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name="wasmnb-watch", daemon=True)

    def wake(self) -> None:
        """Have the mesh looked at now."""
        self._wake.set()

    def close(self) -> None:
        """End the stream; an iteration that waits ends too."""
        with self._closing:
            if self._end.is_set():
                return
            self._end.set()
        self._wake.set()
        self._release()
        self._over()
        self._closed(self)

    def _release(self) -> None:
        """Let go of what `_look` needs."""

    def _look(self, *, woken: bool) -> float | None:
        """Tell what has changed, and give the seconds to the next look; None where nothing will change any more."""
        raise NotImplementedError

    def _doubt(self, problem: str) -> None:
        """See that the next look finds the state of then: what was heard up to now may be old."""

    def _run(self) -> None:
        while not self._end.is_set():
            woken = self._wake.is_set()
            self._wake.clear()
            try:
                pause = self._look(woken=woken)
            except Exception as error:  # noqa: BLE001 - a watch that ended unseen would pass old for new
                if self._end.is_set():
                    return
                self._freshness(in_words(error))
                pause = _AGAIN
            if pause is None:
                self._over()
                return
            self._wake.wait(pause)

    def _compare(self, found: Snapshot, *kinds: str) -> None:
        """Tell how what was found differs from what was told of these kinds."""
        for (kind, name), value in found.items():
            if _calm(value) != _calm(self._told.get((kind, name))):
                self._told[kind, name] = value
                self._tell(kind, name, value)
        for kind, name in [key for key in self._told if key[0] in kinds and key not in found]:
            del self._told[kind, name]
            self._tell(_GONE[kind], name, {})

    def _freshness(self, problem: str = "") -> None:
        """Tell when what was told is the state of now, and when it is not any more, and why."""
        if problem and not self._stale:
            self._stale, self._fresh = True, False
            self._doubt(problem)
            self._tell("stale", "mesh", {"since": self._heard.isoformat(), "reason": problem})
        elif not problem and not self._fresh:
            self._stale, self._fresh = False, True
            self._tell("fresh", "mesh", {})


def _calm(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else {key: item for key, item in value.items() if key not in _RESTLESS}
