"""What is typed in cells of filters, compiled while it is typed; nothing of it acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.cell_magic import FILTER
from wasmnb.errors import MeshError
from wasmnb.lab.marks import failure
from wasmnb.lab.standing import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.ahead import Ahead, Draft, Tried
    from wasmnb.live.messages import DraftMessage

__all__ = ["Drafts", "draft_message"]

_LONGEST = 200_000  # characters of a cell that is compiled while it is typed
_MOST_WORDS = 200
_READY = {"none": "compiles", "tried": "compiles, tested on an Envoy here", "ready": "compiles, ready to run"}
_ABOUT = {
    "none": "",
    "tried": "Pods load it when the cell is run.",
    "ready": "All that can be done before the run is done: the run only puts it in force.",
}


class Drafts:
    """Has cells compiled that were edited in this session.

    Parameters
    ----------
    read : callable
        Says what a cell's text would make; its options have no effect.
    tell : callable
        Told what became of each text, in a thread of its own.
    """

    def __init__(self, read: Callable[[str], Draft], tell: Callable[[Tried], None]) -> None:
        self._read, self._tell = read, tell
        self._ahead: Ahead | None = None
        self._running: dict[str, str] = {}

    def typed(self, cell: str, source: str | None) -> None:
        """Take what the page says of a cell: its text, or that somebody types in it and what was asked is past."""
        if source is None or not FILTER.match(source) or len(source) > _LONGEST:
            self._forget(cell)
        elif not _wanted():
            self.let_go()
        elif self._running.get(cell) != source:
            if self._ahead is None:
                from wasmnb.ahead import Ahead  # noqa: PLC0415 - for those who type

                self._ahead = Ahead(self._tell)
            self._ahead.ask(cell, source, self._read)

    def run(self, cell: str, source: str) -> None:
        """Make way for a cell that is run; the same text is not compiled a second time beside it."""
        self._running[cell] = source
        if self._ahead is not None:
            self._ahead.make_way(cell, source)

    def let_go(self) -> None:
        """End all work, and have pods let go of what was loaded ahead: nobody types any more."""
        if self._ahead is not None:
            self._ahead.let_go()

    def close(self) -> None:
        """End all work."""
        if self._ahead is not None:
            self._ahead.close()

    def _forget(self, cell: str) -> None:
        if self._ahead is not None:
            self._ahead.forget(cell)


def draft_message(tried: Tried, size: int, mask: Callable[[str], str]) -> DraftMessage:
    """Say what became of a text.

    Parameters
    ----------
    tried : Tried
    size : int
        Of the module that the cell was when it ran; 0 where it did not.
    mask : callable
        Takes secrets out of a text.
    """
    text, tone, about = tried.waits, "quiet", ""
    if tried.error is not None and tried.module is not None:
        why = "".join(f": {one}" for one in [*map(str, tried.error.why)][:1])
        text = mask(f"compiles; not ready: {tried.error.what.rstrip('.')}{why}")
        tone = "quiet" if isinstance(tried.error, MeshError) else "bad"
    elif tried.error is not None:
        # Nothing has failed yet that a run would do.
        text, tone = failure(tried.error, mask).removeprefix("failed: "), "bad"
    elif tried.module is not None:
        now = len(tried.module.wasm)
        change = f" ({(now - size) / 1000:+.1f})" if size and now != size else ""
        text = _READY[tried.ready.value]
        about = " ".join(filter(None, (_ABOUT[tried.ready.value], f"{now / 1000:.1f} kB{change}")))
    cut = text if len(text) <= _MOST_WORDS else f"{text[: _MOST_WORDS - 1]}…"
    return {
        "cell": tried.cell,
        "mark": mark(tried.text),
        "text": cut,
        "tone": "bad" if tone == "bad" else "quiet",
        "about": about,
        "ready": tried.ready.value == "ready",
    }


def _wanted() -> bool:
    """Tell whether cells are to be compiled while they are typed."""
    from wasmnb.ahead import Extent, extent  # noqa: PLC0415 - for those who type
    from wasmnb.session import default  # noqa: PLC0415

    return extent(default().context.defaults["ahead"]) is not Extent.OFF
