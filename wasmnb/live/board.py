"""The pods of a mesh, live: rows that follow a watch, told to whoever paints them a few times a second."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wasmnb.errors import in_words
from wasmnb.live.feed import Feed, Freshness, now
from wasmnb.live.rates import Rates
from wasmnb.live.row import Rate, Row
from wasmnb.live.rows import rows_table
from wasmnb.live.table import PodTable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from wasmnb.live.messages import Kind
    from wasmnb.mesh import Mesh

__all__ = ["Board", "Paint"]

_TOGETHER = 0.02  # seconds in which what comes together is painted together
_COUNTING = 5.0  # seconds between counts, and at least so many times what counting took:
_SHARE = 10


@dataclass(frozen=True)
class Paint:
    """What changed since the paint before.

    Parameters
    ----------
    number : int
        Counts up by one; who misses one asks for everything.
    rows : tuple of Row
        Rows that are new or changed.
    gone : tuple of str
        Names of rows that are no more.
    freshness : Freshness
    """

    number: int
    rows: tuple[Row, ...]
    gone: tuple[str, ...]
    freshness: Freshness


class Board:
    """Follows the pods of a mesh.

    Parameters
    ----------
    mesh : Mesh
    mask : callable
        Takes secrets out of a text.
    pace : float
        Seconds between paints, at least.
    rates : bool
        Read ``Mesh.counts()`` now and then.
    """

    def __init__(self, mesh: Mesh, *, mask: Callable[[str], str] = str, pace: float = 0.2, rates: bool = True) -> None:
        self._mesh, self._pace, self._counted = mesh, pace, rates
        self._table = PodTable(mask)
        self._mask = mask
        self._feed: Feed | None = None
        self._freshness = Freshness("paused", now())
        self._painters: list[Callable[[Paint], None]] = []
        self._number = 0
        self._moved, self._stop = threading.Event(), threading.Event()
        self._painting = threading.RLock()
        self._threads: list[threading.Thread] = []

    @property
    def freshness(self) -> Freshness:
        """Whether the rows are the state of now."""
        feed = self._feed
        if feed is None:
            return self._freshness
        found = feed.freshness
        return replace(found, reason=self._mask(found.reason))

    def start(self) -> None:
        """Follow the mesh, again after `pause`; a board that was closed stays so."""
        if self._feed is not None or self._freshness.kind == "ended":
            return
        self._stop.clear()
        self._feed = Feed(self._mesh, take=self._take, opened=self._open, settled=self._settle, moved=self._moved.set)
        self._threads = [
            threading.Thread(
                target=copy_context().run, args=(self._paint_on,), name="wasmnb-dashboard-paint", daemon=True
            )
        ]
        if self._counted:
            self._threads.append(
                threading.Thread(
                    target=copy_context().run, args=(self._count_on,), name="wasmnb-dashboard-count", daemon=True
                )
            )
        for thread in self._threads:
            thread.start()

    def pause(self, reason: str = "nobody looks at it") -> None:
        """End the watch and every thread; the rows stay as they are."""
        self._rest("paused", reason)

    def close(self, reason: str = "") -> None:
        """End for good; the rows stay readable."""
        self._rest("ended", reason)

    def painted(self, painter: Callable[[Paint], None]) -> None:
        """Have a painter told what changes, from a thread of the board."""
        self._painters.append(painter)

    def whole(self, take: Callable[[Paint], None]) -> None:
        """Give everything as one paint, of the number of the last one, before any later one is told."""
        with self._painting:
            self._paint()
            take(Paint(self._number, tuple(self._table.rows()), (), self.freshness))

    def rows(self) -> list[Row]:
        """Give every row, by name."""
        return self._table.rows()

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame; see `wasmnb.live.rows.rows_table`."""
        return rows_table(self.rows()).frame

    def await_rows(self, seconds: float) -> None:
        """Wait until the mesh has told its pods and what runs on them, or cannot."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.freshness.kind == "starting":
            time.sleep(0.02)

    def _rest(self, kind: Kind, reason: str) -> None:
        if self._freshness.kind == "ended":
            return
        feed, self._feed = self._feed, None
        last = feed.freshness if feed is not None else None
        # What was stale when it ended must not look fresher afterwards.
        since = last.since if last is not None and last.kind == "stale" else now()
        self._freshness = Freshness(kind, since, self._mask(reason))
        self._stop.set()
        self._moved.set()
        if feed is not None:
            feed.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5)
        self._paint()

    def _open(self) -> None:
        self._table.renew()
        self._moved.set()

    def _settle(self) -> None:
        self._table.settle()
        self._moved.set()

    def _take(self, change: object) -> None:
        self._table.take(change)  # type: ignore[arg-type]
        self._moved.set()

    def _paint_on(self) -> None:
        last = 0.0
        while not self._stop.is_set():
            self._moved.wait()
            self._stop.wait(max(self._pace - (time.monotonic() - last), _TOGETHER))
            self._moved.clear()
            last = time.monotonic()
            self._paint()

    def _paint(self) -> None:
        with self._painting:
            rows, gone = self._table.changes()
            self._number += 1
            paint = Paint(self._number, tuple(rows), tuple(gone), self.freshness)
            for painter in self._painters:
                painter(paint)

    def _count_on(self) -> None:
        rates = Rates()
        while not self._stop.is_set():
            start = time.monotonic()
            try:
                found = rates.take(self._mesh.counts())
            except Exception as error:  # noqa: BLE001 - rates that are not read any more must not pass for those of now
                found = {row.name: Rate(reason=self._mask(in_words(error))) for row in self.rows()}
            self._table.rate(found)
            self._moved.set()
            took = time.monotonic() - start
            self._stop.wait(max(_COUNTING, _SHARE * took))
