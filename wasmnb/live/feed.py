"""A watch that comes back: it is opened again after it ended, and says since when nothing has been heard."""

from __future__ import annotations

import threading
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.errors import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.live.messages import FreshnessMessage, Kind
    from wasmnb.mesh import Mesh
    from wasmnb.mesh.protocol import Change, Watch

__all__ = ["Feed", "Freshness"]

_PAUSE, _LONGEST = 0.25, 10.0  # seconds between attempts to open a watch again


@dataclass(frozen=True)
class Freshness:
    """How much what is shown can be believed.

    Parameters
    ----------
    kind : Kind
        ``starting``, ``live``, ``stale`` (nothing has been heard since), ``paused`` (nobody looks) or ``ended``.
    since : datetime
        When that began; for ``stale``, when the mesh was last heard of (aware, UTC).
    reason : str
    """

    kind: Kind
    since: datetime
    reason: str = ""

    @property
    def believed(self) -> bool:
        """Whether it is the state of now."""
        return self.kind == "live"

    def message(self) -> FreshnessMessage:
        """Give the freshness as a front end reads it."""
        return {"kind": self.kind, "since": self.since.timestamp(), "reason": self.reason}


def now() -> datetime:
    """Give the present (aware, UTC)."""
    return datetime.now(timezone.utc)


class Feed:
    """Follows a mesh in a thread of its own until it is closed.

    Parameters
    ----------
    mesh : Mesh
    take : callable
        Told each change.
    opened : callable
        Told when a watch was opened, before its first change.
    settled : callable
        Told when everything has been told.
    moved : callable
        Told when ``freshness`` is another one.
    """

    def __init__(
        self,
        mesh: Mesh,
        *,
        take: Callable[[Change], None],
        opened: Callable[[], None],
        settled: Callable[[], None],
        moved: Callable[[], None],
    ) -> None:
        self._mesh, self._take, self._moved = mesh, take, moved
        self._opened, self._settled = opened, settled
        self.freshness = Freshness("starting", now())
        self._heard = now()
        self._watch: Watch | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="wasmnb-dashboard-feed", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End the watch and the thread."""
        self._end.set()
        watch = self._watch
        if watch is not None:
            watch.close()
        if self._thread is not threading.current_thread():
            self._thread.join(5)

    def _run(self) -> None:
        pause = _PAUSE
        while not self._end.is_set():
            try:
                with self._mesh.watch() as self._watch:
                    self._follow(self._watch)
                reason = "the watch ended"
            except Exception as error:  # noqa: BLE001 - whatever breaks a watch, it is opened again
                reason = in_words(error)
            self._watch = None
            if self._end.is_set():
                return
            if self.freshness.kind != "stale":
                pause = _PAUSE
                self._be(Freshness("stale", self._heard, reason))
            elif reason != self.freshness.reason:
                self._be(replace(self.freshness, reason=reason))
            self._end.wait(pause)
            pause = min(pause * 2, _LONGEST)

    def _follow(self, watch: Watch) -> None:
        if self._end.is_set():
            return
        self._opened()
        for change in watch:
            if change.kind == "stale":
                since = change.value.get("since")
                heard = datetime.fromisoformat(since) if since else self._heard
                self._be(Freshness("stale", heard, str(change.value.get("reason", ""))))
            elif change.kind == "fresh":
                self._settled()
                self._be(Freshness("live", now()))
            else:
                self._take(change)
            self._heard = now()

    def _be(self, freshness: Freshness) -> None:
        self.freshness = freshness
        self._moved()
