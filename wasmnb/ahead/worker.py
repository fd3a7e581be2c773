"""The thread that compiles what stands in cells: the newest text of each, at low priority, ended when it hangs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wasmnb.ahead.ready import Readiness, ready
from wasmnb.compile.languages import at_hand
from wasmnb.compile.process import Leash, StoppedError
from wasmnb.errors import Explained
from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.ahead.draft import Draft
    from wasmnb.ahead.ready import Loaded
    from wasmnb.module import Module

__all__ = ["Ahead", "Tried"]

_PATIENCE = 120.0  # seconds that a compiler may take for a cell
_LINGERS = 600.0  # seconds for which pods keep what was loaded ahead, and is not used


@dataclass(frozen=True)
class Tried:
    """What became of a text that nobody has run.

    Parameters
    ----------
    cell : str
        Whose text it is.
    text : str
    module : Module, optional
    error : Explained, optional
        Why there is no module; or, where there is one, why it would not be put in force.
    waits : str
        Why nothing was tried.
    ready : Readiness
        How much of its run is done.
    """

    cell: str
    text: str
    module: Module | None = None
    error: Explained | None = None
    waits: str = ""
    ready: Readiness = Readiness.NONE


class Ahead:
    """Takes texts as far as their drafts say in a thread of its own, one at a time.

    A newer text of a cell ends the work at an older one. Modules go where those of cells that are run go, so that a
    cell that is run afterwards finds its own; what was seen of them on an Envoy here is kept as well. Nothing is
    fetched, nothing is put in force, and nothing is remembered of a filter that was not run.

    Parameters
    ----------
    tell : callable
        Told, in that thread, what became of each text that was not overtaken: when it is compiled, and when more of its
        run is done.
    patience : float
        Seconds after which a compiler is taken to hang.
    lingers : float
        Seconds after which pods let go of what they loaded ahead, and nobody used.
    """

    def __init__(
        self, tell: Callable[[Tried], None], *, patience: float = _PATIENCE, lingers: float = _LINGERS
    ) -> None:
        self._tell, self._patience, self._lingers = tell, patience, lingers
        self._moved = threading.Condition()
        self._wanted: dict[str, tuple[str, Callable[[str], Draft]]] = {}
        self._at: tuple[str, str] = ("", "")
        self._compiled = False
        self._leash = Leash()
        self._loaded: dict[str, tuple[Loaded, float]] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, cell: str, text: str, read: Callable[[str], Draft]) -> None:
        """Have a text compiled soon, in place of an earlier one of the same cell.

        Parameters
        ----------
        cell : str
        text : str
        read : callable
            Makes a draft of it, or raises one of our errors; called in the thread.
        """
        with self._moved:
            self._forget(cell)
            self._wanted[cell] = (text, read)
            if (self._thread is None or not self._thread.is_alive()) and not self._closed:
                self._thread = threading.Thread(target=self._work, name="wasmnb-ahead", daemon=True)
                self._thread.start()
            self._moved.notify_all()

    def forget(self, cell: str) -> None:
        """End the work at a cell."""
        with self._moved:
            self._forget(cell)

    def make_way(self, cell: str = "", text: str = "") -> None:
        """End all work, because somebody waits for a cell now; what is left of that very text is of use to it."""
        with self._moved:
            self._wanted.clear()
            if not (self._compiled and self._at == (cell, text)):
                self._leash.stop()

    def let_go(self) -> None:
        """End all work, and have pods let go of what they loaded ahead."""
        with self._moved:
            self._wanted.clear()
            self._leash.stop()
            self._loaded = {one: (loaded, 0.0) for one, (loaded, _) in self._loaded.items()}
            self._moved.notify_all()

    def close(self) -> None:
        """End all work for good."""
        self._closed = True
        self.let_go()

    def _forget(self, cell: str) -> None:
        self._wanted.pop(cell, None)
        if self._at[0] == cell:
            self._leash.stop()

    def _work(self) -> None:
        while True:
            with self._moved:
                self._at, self._compiled = ("", ""), False
                self._moved.wait_for(lambda: self._wanted or self._closed or self._due(), self._until_due())
                gone = [self._loaded.pop(cell)[0] for cell in self._due()]
                work = self._wanted.popitem() if self._wanted and not self._closed else None
                self._at = (work[0], work[1][0]) if work is not None else ("", "")
                self._leash = leash = Leash()
                closed = self._closed
            for loaded in gone:
                loaded.let_go()
            if closed:
                return
            if work is not None:
                cell, (text, read) = work
                self._take(cell, text, read, leash)

    def _until_due(self) -> float | None:
        """Give the seconds until pods are to let go of something; None where they have nothing."""
        moments = [moment for _, moment in self._loaded.values()]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _due(self) -> list[str]:
        now = time.monotonic()
        return [cell for cell, (_, moment) in self._loaded.items() if moment <= now]

    def _take(self, cell: str, text: str, read: Callable[[str], Draft], leash: Leash) -> None:
        """Compile a text, then do what else there is to do before it is run; tell of both."""
        tried, draft = self._try(cell, text, read, leash)
        if tried is None or leash.stopped:
            return
        self._tell(tried)
        with self._moved:
            self._compiled = True
            before, _ = self._loaded.pop(cell, (None, 0.0))
        loaded = None
        try:
            if draft is not None and tried.module is not None:
                loaded = self._ready(tried, tried.module, draft, leash)
        finally:
            if before is not None and before != loaded:
                before.let_go()
            if loaded is not None:
                with self._moved:
                    # What was overtaken meanwhile is of no use any more.
                    self._loaded[cell] = (loaded, time.monotonic() + (0.0 if leash.stopped else self._lingers))

    def _try(
        self, cell: str, text: str, read: Callable[[str], Draft], leash: Leash
    ) -> tuple[Tried | None, Draft | None]:
        hangs = threading.Event()

        def end() -> None:
            hangs.set()
            leash.stop(kept=True)

        clock = threading.Timer(self._patience, end)
        clock.daemon = True
        clock.start()
        try:
            with leash.on(), words_for(Front.NOTEBOOK):
                draft = read(text)
                if not at_hand(draft.filter):
                    waits = "run the cell once: it needs something that is not on this machine yet"
                    return Tried(cell, text, waits=waits), None
                return Tried(cell, text, draft.filter.build()), draft
        except StoppedError:
            pass
        except Explained as error:
            error.front = Front.NOTEBOOK
            if not leash.stopped:
                return Tried(cell, text, error=error), None
        except Exception as error:  # noqa: BLE001 - the thread goes on; whoever runs the cell meets it again
            return Tried(cell, text, waits=f"not checked: {type(error).__name__}"), None
        finally:
            clock.cancel()
        if hangs.is_set():
            self._tell(Tried(cell, text, waits=f"the compiler was stopped after {self._patience:g} s"))
        return None, None

    def _ready(self, tried: Tried, module: Module, draft: Draft, leash: Leash) -> Loaded | None:
        """Do what is left before a module is put in force, and tell of it; give what pods have of it."""
        loaded, now = None, tried
        try:
            with leash.on(), words_for(Front.NOTEBOOK):
                readiness, loaded = ready(draft, module, tried.cell)
                now = replace(tried, ready=readiness)
        except Explained as error:
            error.front = Front.NOTEBOOK
            now = replace(tried, error=error)
        except Exception:  # noqa: BLE001, S110 - one that was overtaken, or a mesh that ended: the run meets it again
            pass
        if now != tried and not leash.stopped:
            self._tell(now)
        return loaded
