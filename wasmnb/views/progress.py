"""Progress as people like it: nothing for a moment, then one line that is updated in place, then nothing again."""

from __future__ import annotations

import html
import shutil
import sys
import threading
import time
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol

from wasmnb.display.text import cut, duration, visible
from wasmnb.notebook import in_kernel, noninteractive

if TYPE_CHECKING:
    from types import TracebackType

    from wasmnb.display.record import Record

__all__ = ["Line", "LiveProgress"]

_SOON, _PART = 5.0, 0.04  # seconds, and the part of the work, before which nothing can be estimated
_MINUTE = 60.0


def left_text(spent: float, part: float) -> str:
    """Say about how long work still takes, of which a part was done in so many seconds; empty where that is a guess."""
    if spent < _SOON or not _PART <= part < 1:
        return ""
    left = spent * (1 - part) / part
    if left < _SOON:
        return ""
    if left < 1.5 * _MINUTE:
        return f"about {max(10, round(left, -1)):.0f} s left"
    return f"about {left / _MINUTE:.0f} minutes left"


class Line(Protocol):
    """One line that can be written over."""

    room: bool
    """Whether a whole record can stand there, and stay."""

    def write(self, text: str, record: Record | None = None) -> None:
        """Show a text, or where there is room the record that says more."""

    def clear(self) -> None:
        """Take away what is shown."""


class LiveProgress:
    """Shows what is being done once it takes longer than a moment; takes the line away at the end.

    In a notebook the line is a display that is updated in place and is empty at the end; in a terminal it is one line
    of stderr. Where nobody looks (``WASMNB_NONINTERACTIVE=1``, or stderr is a file) nothing is shown. A rollout is
    shown pod by pod where there is room; of one that fails or is stopped, the record stays. It is a context manager
    and a `wasmnb.progress.Following`.

    Parameters
    ----------
    after : float
        Seconds before anything is shown.
    every : float
        Seconds between updates.
    line : Line, optional
        Where; otherwise what kernel or terminal offer.
    """

    def __init__(self, *, after: float = 2.0, every: float = 0.5, line: Line | None = None) -> None:
        self.after, self.every = after, every
        self._begin = time.monotonic()
        self._text = self._stage = ""
        self._since, self._first = self._begin, 0.0
        self._line = line or (None if noninteractive() else _line())
        self._shown = self._paused = False
        self._state: object = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        # A kernel's context says which cell is running; without it what is shown is put down to the last message of any
        # kind, such as one of a widget, below which nothing is displayed.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="wasmnb-progress", daemon=True
        )
        if self._line is not None:
            self._thread.start()

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Take a report; see `wasmnb.progress.Progress`."""
        self._paused = False
        if stage != self._stage:
            self._stage, self._since, self._first = stage, time.monotonic(), done or 0.0
        if done is None or not total:
            self._text = stage
            return
        part = (done - self._first) / (total - self._first) if total > self._first else 1.0
        left = left_text(time.monotonic() - self._since, part)
        self._text = ", ".join(filter(None, (f"{stage} {100 * done / total:.0f} %", left)))

    @property
    def room(self) -> bool:
        """Whether a whole record can be shown; see `wasmnb.progress.Following`."""
        line = self._line
        return line is not None and line.room

    def advance(self, state: object) -> None:
        """Take how far a deployment has come; see `wasmnb.progress.Following`."""
        self._state = state

    def pause(self) -> None:
        """Show the state of now, and write nothing until the next report; see `wasmnb.progress.Pausing`."""
        with self._lock:
            self._paused = True
            record = self._rollout()
            if self._line is not None and record is not None:
                self._line.write("", record)
                self._shown = True
            elif self._line is not None and self._shown:
                self._line.clear()

    def close(self, error: BaseException | None = None) -> None:
        """Take the line away, or leave the record of a rollout that ended with an error; later reports show nothing."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            line, self._line = self._line, None
            left = self._left(error) if line is not None and line.room else None
            if line is not None and left is not None:
                line.write("", left)
            elif line is not None and self._shown:
                line.clear()

    def __enter__(self) -> LiveProgress:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close(error)

    def _run(self) -> None:
        wait = self.after
        while not self._ended.wait(wait):
            wait = self.every
            with self._lock:
                if self._line is not None and self._text and not self._paused:
                    spent = duration(time.monotonic() - self._begin)
                    self._line.write(visible(f"… {self._text} ({spent})"), self._rollout())
                    self._shown = True

    def _rollout(self) -> Record | None:
        if self._state is None or not self.room:
            return None
        return self._record(self._text)

    def _left(self, error: BaseException | None) -> Record | None:
        """Give what stays of a rollout that ended with an error: all that it saw, which the error's lines cut short."""
        stopped = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        rollout = getattr(error, "rollout", None)
        if rollout is not None:
            from wasmnb.views.rollout import rollout_record  # noqa: PLC0415 - for rollouts only

            return rollout_record(rollout, stage=stopped)
        if error is None or self._state is None or not self._shown:
            return None
        return self._record(stopped)

    def _record(self, stage: str) -> Record:
        from wasmnb.views.rollout_progress import state_record  # noqa: PLC0415 - for rollouts only

        return state_record(self._state, stage=stage, seconds=time.monotonic() - self._begin)


def _line() -> Line | None:
    if in_kernel():
        return _Display()
    # A program without a console has no stderr at all.
    return _Terminal() if sys.stderr is not None and sys.stderr.isatty() else None


class _Terminal:
    room = False

    def write(self, text: str, record: Record | None = None) -> None:  # noqa: ARG002 - one line is all there is
        # A line that is wider than the terminal is broken by it, and only its last part would be written over.
        room = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\x1b[2K{cut(text, room)}")
        sys.stderr.flush()

    def clear(self) -> None:
        self.write("")


class _Display:
    """A display of the running cell, made when it is first written to."""

    room = True

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str, record: Record | None = None) -> None:
        page = f'<div role="status">{html.escape(text)}</div>' if text else ""
        bundle = {"text/plain": text, "text/html": page}
        self._show(bundle if record is None else record._repr_mimebundle_())

    def clear(self) -> None:
        self.write("")

    def _show(self, bundle: dict[str, str]) -> None:
        from IPython.display import display  # noqa: PLC0415 - only in a notebook

        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)
