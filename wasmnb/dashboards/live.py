"""A view in a notebook: a record at once, a widget as soon as a front end says that it is there, a record at the end.

A front end cannot be asked whether it shows widgets. So the widget is only made at first; it says hello where a front
end runs it, and then takes the record's place before the eye, while the record stays in the notebook. Headless runs
(nbclient, papermill) say of themselves that nobody can be asked anything, and keep the record.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
import zlib
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from wasmnb.dashboards.outputs import EMPTY, record_bundle, widget_bundle
from wasmnb.live.feed import now
from wasmnb.notebook import attended, in_kernel, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.display import Record
    from wasmnb.live.feed import Freshness

__all__ = ["LiveView", "Source"]

_ANSWER = 20.0  # seconds in which a front end says hello
_SILENCE, _HIDDEN = 30.0, 150.0  # seconds without a heartbeat; browsers slow down what is hidden to one beat a minute
_BYE = 7.0  # seconds in which another front end, or the same output elsewhere, may take over
_TICK = 1.0
_MOMENT, _WHOLE = 1.0, 30.0  # seconds to wait for what is shown: first, and where nothing follows
_BEAT = 5.0
_REFRESH, _KEEP = 2.0, 10.0  # seconds between records: where they are all there is, and behind a widget
_OLD = 60.0  # seconds after which a record is renewed although nothing changed
_LARGE = 20_000  # bytes from which on a message is compressed


class Source(Protocol):
    """What a view shows."""

    front: str
    """The script that shows it."""

    @property
    def freshness(self) -> Freshness:
        """How much the record can be believed."""

    def start(self) -> None:
        """Follow what is shown, again after `pause`."""

    def pause(self, reason: str = "") -> None:
        """Stop following it, for now."""

    def close(self, reason: str = "") -> None:
        """Stop for good."""

    def ready(self, seconds: float) -> None:
        """Wait until there is everything to show, so many seconds at most."""

    def record(self) -> Record:
        """Give what stays in the notebook."""

    def whole(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell everything to a front end that knows nothing, before any later change; ``number`` is the last one's.

        A change that overtook it would be taken for one that was missed, and everything be asked for again.
        """

    def on_change(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Have changes told, numbered one by one."""

    def said(self, message: Mapping[str, Any]) -> None:
        """Take what a user did in the front end."""


class LiveView:
    """Shows a source in a notebook, and lets go of it once nobody looks.

    Parameters
    ----------
    source : Source
    closed : callable
        Told when the view has ended for good.
    """

    def __init__(self, source: Source, *, closed: Callable[[LiveView], None] = lambda _: None) -> None:
        self.source = source
        self._closed = closed
        self._key = uuid.uuid4().hex[:12]
        self._widget: Any = None
        self._handles: list[Any] = []
        self._answered = self._farewell = self._hidden = self._ended = False
        self._running = _Running()
        self._begin = self._heard = self._beaten = self._recorded = time.monotonic()
        self._recorded_text, self._renewed = "", 0.0
        self._lock = threading.RLock()
        self._stop = threading.Event()
        source.on_change(self._tell)

    def __repr__(self) -> str:
        return repr(self.source.record())

    @property
    def live(self) -> bool:
        """Whether a front end shows it."""
        return self._answered and not self._ended

    def record(self) -> Record:
        """Give what is shown now as a static record."""
        return self.source.record()

    def watch(self, seconds: float | None = None) -> LiveView:
        """Show it here; with ``seconds``, wait for so long, and end with a record."""
        try:
            self._show(brief=seconds is not None)
            if seconds is not None:
                self._stop.wait(seconds)
        except BaseException:
            self._finish()
            raise
        if seconds is not None:
            self._finish()
        return self

    def _finish(self) -> None:
        self.close()
        if not self._handles:
            self._show(brief=True)

    def _ipython_display_(self) -> None:
        self._show(brief=False)

    def close(self, reason: str = "") -> None:
        """End the watch and the widget; a record stays in the notebook."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
        self._stop.set()
        self.source.close(reason)
        if self._handles:
            self._record(final=True)
            self._handles[1].update(EMPTY, raw=True)
        if self._widget is not None:
            self._widget.close()
        self._running.close()
        self._closed(self)

    def _show(self, *, brief: bool) -> None:
        from IPython.display import display  # noqa: PLC0415 - only in a notebook

        if self._handles or self._ended:
            display(self.record())  # type: ignore[no-untyped-call]
            return
        self.source.start()
        if not in_kernel() or not (attended() or brief):
            if not brief:
                self.source.ready(_WHOLE)
                self.close()
                display(self.record())  # type: ignore[no-untyped-call]
            return
        self.source.ready(_MOMENT)
        first = display(self._bundle(self.record()), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        second = display(EMPTY, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self._handles = [first, second]
        if attended():
            from wasmnb.dashboards.widget import widget  # noqa: PLC0415 - ipywidgets, for views only

            self._widget = widget(self.source.front, self._key, self._said)
        threading.Thread(
            target=copy_context().run, args=(self._keep,), name="wasmnb-dashboard-view", daemon=True
        ).start()

    def _said(self, message: Mapping[str, Any]) -> None:
        kind = message.get("kind")
        with self._lock:
            if self._ended:
                return
            self._heard = time.monotonic()
            self._farewell = kind == "bye"
            self._hidden = bool(message.get("hidden"))
            first, self._answered = not self._answered, True
        if kind == "bye":
            return
        self.source.start()
        if kind == "hello":
            self.source.whole(lambda told: self._send("all", told))
            if first:
                self._handles[1].update(widget_bundle(self._widget), raw=True)
        elif kind != "alive":
            self.source.said(message)

    def _tell(self, told: Mapping[str, Any]) -> None:
        if self.live:
            self._send("paint", told)

    def _send(self, kind: str, told: Mapping[str, Any]) -> None:
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        if len(text) < _LARGE:
            self._widget.send({"kind": kind, **told})
        else:
            self._widget.send({"kind": kind}, [zlib.compress(text.encode(), 1)])

    def _keep(self) -> None:
        while not self._stop.wait(_TICK):
            present = time.monotonic()
            silent = present - max(self._heard, self._running.until())
            if self.live and present - self._beaten > _BEAT:
                self._beaten = present
                self._widget.send({"kind": "tick"})
            if present - self._recorded > (_KEEP if self._answered else _REFRESH):
                self._record()
            if self._farewell and silent > _BYE:
                self.close()
            elif not self._answered:
                if self._widget is not None and present - self._begin > _ANSWER and silent > _ANSWER / 2:
                    self.source.pause("no front end answered")
            elif silent > (_HIDDEN if self._hidden else _SILENCE):
                self.source.pause("the view was hidden or closed")

    def _record(self, *, final: bool = False) -> None:
        """Renew the record in the notebook; one that says the same only now and then, for its time."""
        self._recorded = time.monotonic()
        record = self.record()
        text = str(record.to_dict())
        with self._lock:
            same = text == self._recorded_text and self._recorded - self._renewed < _OLD
            if not final and (self._ended or same):
                return
            self._recorded_text, self._renewed = text, self._recorded
            self._handles[0].update(self._bundle(record), raw=True)

    def _bundle(self, record: Record) -> dict[str, str]:
        """Give the display of a record: a saved notebook must tell of what time it is."""
        if self.source.freshness.believed:
            record = replace(record, notes=(*record.notes, f"as of {now():%H:%M:%S} UTC"))
        return record_bundle(record, self._key)


class _Running:
    """Until when a cell ran: meanwhile a kernel may not hear a front end."""

    def __init__(self) -> None:
        self._shell = shell()
        self._busy, self._last = True, time.monotonic()
        if self._shell is not None:
            self._shell.events.register("pre_execute", self._began)
            self._shell.events.register("post_execute", self._done)

    def until(self) -> float:
        return time.monotonic() if self._busy and self._shell is not None else self._last

    def close(self) -> None:
        if self._shell is not None:
            for name, told in (("pre_execute", self._began), ("post_execute", self._done)):
                if told in self._shell.events.callbacks[name]:
                    self._shell.events.unregister(name, told)

    def _began(self) -> None:
        self._busy = True

    def _done(self) -> None:
        self._busy, self._last = False, time.monotonic()
