"""The log of a pod's proxy while it grows: the last lines as a table."""

from __future__ import annotations

import threading
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import in_words
from wasmnb.live.feed import Freshness, now
from wasmnb.live.log_tail import PAUSE, grown
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import level_cell, logs_record, time_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.display import Record
    from wasmnb.live.messages import Kind, LogLineMessage, LogMessage, LogPaintMessage
    from wasmnb.mesh.log_lines import LogLine
    from wasmnb.mesh.results import Logs

__all__ = ["LogsWatch"]


class LogsWatch:
    """Reads the last lines of a log again and again; a `wasmnb.dashboards.live.Source`.

    Parameters
    ----------
    read : callable
        Gives the lines to show, secrets masked.
    first : Logs
        What it gave at first.
    every : float
        Seconds between looks.
    """

    front = "logs"

    def __init__(self, read: Callable[[], Logs], first: Logs, *, every: float = PAUSE) -> None:
        self._read, self._logs, self._every = read, first, every
        self.freshness = Freshness("live", first.at)
        self._number = 0
        self._tell: Callable[[Mapping[str, Any]], None] = lambda _: None
        self._stop = threading.Event()
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read, again after `pause`."""
        if self._thread is not None or self.freshness.kind == "ended":
            return
        self._stop.clear()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="wasmnb-dashboard-logs", daemon=True
        )
        self._thread.start()

    def pause(self, reason: str = "") -> None:
        """Read nothing more, for now."""
        self._rest("paused", reason)

    def close(self, reason: str = "") -> None:
        """Read nothing more; the lines stay."""
        self._rest("ended", reason)

    def ready(self, seconds: float) -> None:
        """There are lines from the beginning."""

    def record(self) -> Record:
        """Give the last lines as a record."""
        with self._lock:
            record, stale = logs_record(self._logs), self.freshness.kind == "stale"
            status = "; ".join(part for part in (record.status, freshness_text(self.freshness)) if part)
            return replace(record, status=status, tone="warn" if stale else record.tone)

    def whole(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell every line."""
        with self._lock:
            message: LogMessage = {**self._message(0, 0), "title": f"Log of {self._logs.pod}"}
            tell(message)

    def on_change(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Have each look told."""
        self._tell = tell

    def said(self, message: Mapping[str, Any]) -> None:
        """What is folded is the front end's own business."""

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._once()

    def _once(self) -> None:
        try:
            logs = self._read()
        except Exception as error:  # noqa: BLE001 - what was read last would pass for the log of now
            with self._lock:
                stale = Freshness("stale", self._logs.at, in_words(error))
                if self.freshness != stale:
                    self._told(self._logs, stale)
            return
        with self._lock:
            self._told(logs, Freshness("live", logs.at))

    def _told(self, logs: Logs, freshness: Freshness) -> None:
        if self._stop.is_set():
            return
        before, self._logs, self.freshness = self._logs, logs, freshness
        self._number += 1
        self._tell(self._message(*grown(before.items, logs.items)))

    def _rest(self, kind: Kind, reason: str) -> None:
        if self.freshness.kind == "ended":
            return
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(6)
        self._thread = None
        with self._lock:
            self.freshness = Freshness(kind, now(), reason)
            self._number += 1
            self._tell(self._message(0, len(self._logs)))

    def _message(self, gone: int, kept: int) -> LogPaintMessage:
        return {
            "number": self._number,
            "freshness": self.freshness.message(),
            "gone": gone,
            "kept": kept,
            "lines": [_line(line) for line in self._logs.lines[kept:]],
        }


def _line(line: LogLine) -> LogLineMessage:
    level = level_cell(line.level)
    return {
        "time": time_cell(line.time).text,
        "level": level.text,
        "sign": level.sign,
        "tone": level.tone,
        "plugin": line.plugin,
        "cell_line": line.cell_line,
        "message": line.message,
        "text": line.text,
    }
