"""One request, sent again when a plugin changes and every few seconds: what differed, and which pod answered."""

from __future__ import annotations

import threading
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.display import Record
from wasmnb.errors import in_words
from wasmnb.live.feed import Feed, Freshness, now
from wasmnb.traffic.lines import VARYING
from wasmnb.views.board import freshness_text
from wasmnb.views.traffic import change_cell, headers_record

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from datetime import datetime

    from wasmnb.live.messages import CaptureMessage, HeaderMessage, HeadersMessage, HeadersPaintMessage, Kind
    from wasmnb.mesh import Mesh
    from wasmnb.mesh.protocol import Change
    from wasmnb.traffic import Capture

__all__ = ["Entry", "HeadersWatch"]

_MOST = 100  # captures that differ, the newest
_SOON = 0.15  # seconds in which what changes together is one change
_MOVES = ("plugin", "plugin-gone", "verdict")


@dataclass
class Entry:
    """An answer, and how often it came."""

    record: Record
    pod: str
    first: datetime
    last: datetime
    times: int = 1

    def message(self) -> CaptureMessage:
        """Give the entry as a front end reads it."""
        rows = [_line(*row) for row in self.record.rows]
        return {
            "rows": rows,
            "status": self.record.status,
            "tone": self.record.tone,
            "notes": list(self.record.notes),
            "compared": any(row["change"] for row in rows),
            "pod": self.pod,
            "first": self.first.timestamp(),
            "last": self.last.timestamp(),
            "times": self.times,
        }


def _line(name: str, before: str | None, after: str | None, change: str) -> HeaderMessage:
    cell = change_cell(change)
    return {"name": name, "before": before, "after": after, "change": change, "sign": cell.sign, "tone": cell.tone}


class HeadersWatch:
    """Sends a request and keeps the answers that differ; a `wasmnb.dashboards.live.Source`.

    Parameters
    ----------
    send : callable
        Sends it once; gives the capture with its ``before``, secrets masked.
    mesh : Mesh
        Whose changes have it sent at once.
    title : str
    every : float
        Seconds between requests.
    mask : callable
        Takes secrets out of a text.
    """

    front = "headers"

    def __init__(
        self,
        send: Callable[[], Capture],
        mesh: Mesh,
        *,
        title: str,
        every: float = 2.0,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._send, self._mesh, self._title, self._every, self._mask = send, mesh, title, every, mask
        self._entries: dict[Hashable, Entry] = {}
        self._latest: Hashable = None
        self.freshness = Freshness("paused", now())
        self._heard = now()
        self._number = 0
        self._tell: Callable[[Mapping[str, Any]], None] = lambda _: None
        self._wake, self._stop, self._first = threading.Event(), threading.Event(), threading.Event()
        self._lock = threading.RLock()
        self._feed: Feed | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send, again after `pause`."""
        if self._thread is not None or self.freshness.kind == "ended":
            return
        self._stop.clear()
        self.freshness = Freshness("starting", now())
        self._feed = Feed(self._mesh, take=self._moved, opened=_pass, settled=_pass, moved=self._believe)
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="wasmnb-dashboard-headers", daemon=True
        )
        self._thread.start()

    def pause(self, reason: str = "") -> None:
        """Send nothing more, for now."""
        self._rest("paused", reason)

    def close(self, reason: str = "") -> None:
        """Send nothing more; what came stays."""
        self._rest("ended", reason)

    def ready(self, seconds: float) -> None:
        """Wait for the first answer."""
        self._first.wait(seconds)

    @property
    def entries(self) -> list[Entry]:
        """What differed, in the order it first came."""
        with self._lock:
            return list(self._entries.values())

    def record(self) -> Record:
        """Give the last answer as a record, and how many others there were."""
        from dataclasses import replace  # noqa: PLC0415

        with self._lock:
            entry = self._entries.get(self._latest)
            text = freshness_text(self.freshness)
            if entry is None:
                return Record(self._title, text or "no answer yet", "warn")
            others = len(self._entries) - 1
            were = "response was" if others == 1 else "responses were"
            notes = (f"{others} earlier {were} different",) if others else ()
            stale = self.freshness.kind == "stale"
            return replace(
                entry.record,
                status="; ".join(part for part in (entry.record.status, text) if part),
                tone="warn" if stale else entry.record.tone,
                notes=(*entry.record.notes, *notes),
            )

    def whole(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell every capture."""
        with self._lock:
            message: HeadersMessage = {
                **self._message(None),
                "entries": [entry.message() for entry in self._entries.values()],
                "title": self._title,
            }
            tell(message)

    def on_change(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Have each answer told."""
        self._tell = tell

    def said(self, message: Mapping[str, Any]) -> None:
        """The slider is the front end's own business."""

    def _moved(self, change: Change) -> None:
        if change.kind in _MOVES:
            self._wake.set()

    def _believe(self) -> None:
        """Believe the last answer no longer than the mesh is heard of: a request may hang for long before it fails."""
        feed = self._feed
        if feed is not None and feed.freshness.kind == "stale":
            self._be_stale(feed.freshness.reason)
        elif self.freshness.kind == "stale":
            self._wake.set()

    def _be_stale(self, reason: str) -> None:
        with self._lock:
            stale = Freshness("stale", self._heard, self._mask(reason))
            if self.freshness != stale and not self._stop.is_set():
                self.freshness = stale
                self._told(None)

    def _rest(self, kind: Kind, reason: str) -> None:
        if self.freshness.kind == "ended":
            return
        self.freshness = Freshness(kind, now(), reason)
        self._stop.set()
        self._wake.set()
        if self._feed is not None:
            self._feed.close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(6)
        self._feed = self._thread = None
        self.freshness = Freshness(kind, self.freshness.since, reason)
        self._told(None)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            self._once()
            self._first.set()
            if self._wake.wait(self._every):
                self._stop.wait(_SOON)

    def _once(self) -> None:
        try:
            capture = self._send()
        except Exception as error:  # noqa: BLE001 - what was answered last would pass for the answer of now
            self._be_stale(in_words(error))
            return
        with self._lock:
            self._heard = capture.after.at
            if not self._stop.is_set():
                self.freshness = Freshness("live", self._heard)
            self._take(capture)

    def _take(self, capture: Capture) -> None:
        key = _fingerprint(capture)
        known = self._entries.get(key)
        if known is None:
            record = headers_record(capture)
            known = self._entries[key] = Entry(record, capture.after.pod, capture.after.at, capture.after.at)
            while len(self._entries) > _MOST:
                del self._entries[next(iter(self._entries))]
        else:
            known.last, known.times = capture.after.at, known.times + 1
        self._latest = key
        self._told(known)

    def _message(self, entry: Entry | None) -> HeadersPaintMessage:
        keys = list(self._entries)
        return {
            "number": self._number,
            "freshness": self.freshness.message(),
            "latest": keys.index(self._latest) if self._latest in self._entries else 0,
            "length": len(keys),
            "entry": entry.message() if entry is not None else None,
        }

    def _told(self, entry: Entry | None) -> None:
        with self._lock:
            self._number += 1
            self._tell(self._message(entry))


def _pass() -> None:
    """Do nothing: how fresh the answers are is known from the answers."""


def _fingerprint(capture: Capture) -> Hashable:
    """Give what two answers have in common when nobody would call them different."""
    before, response = capture.before, capture.after.response
    lines = tuple(line for line in response.headers if line[0].lower() not in VARYING)
    since = before.at if before is not None else None
    return (response.status, response.reason, lines, response.trailers.lines, response.body, capture.after.pod, since)
