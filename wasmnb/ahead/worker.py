"""The thread that compiles what stands in cells: the newest text of each, at low priority, ended when it hangs."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.compile.languages import at_hand
from wasmnb.compile.process import Leash, StoppedError
from wasmnb.errors import Explained
from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.compile import Filter
    from wasmnb.module import Module

__all__ = ["Ahead", "Tried"]

_PATIENCE = 120.0  # seconds that a compiler may take for a cell


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
        Why there is no module.
    waits : str
        Why nothing was tried.
    """

    cell: str
    text: str
    module: Module | None = None
    error: Explained | None = None
    waits: str = ""


class Ahead:
    """Compiles texts in a thread of its own, one at a time; a newer text of a cell ends the work at an older one.

    Modules go where those of cells that are run go, so that a cell that is run afterwards finds its own. Nothing is
    fetched, and nothing is remembered of a filter that was not run.

    Parameters
    ----------
    tell : callable
        Told, in that thread, what became of each text that was not overtaken.
    patience : float
        Seconds after which a compiler is taken to hang.
    """

    def __init__(self, tell: Callable[[Tried], None], *, patience: float = _PATIENCE) -> None:
        self._tell, self._patience = tell, patience
        self._moved = threading.Condition()
        self._wanted: dict[str, tuple[str, Callable[[str], Filter]]] = {}
        self._at = ""
        self._leash = Leash()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ask(self, cell: str, text: str, read: Callable[[str], Filter]) -> None:
        """Have a text compiled soon, in place of an earlier one of the same cell.

        Parameters
        ----------
        cell : str
        text : str
        read : callable
            Makes a filter of it, or raises one of our errors; called in the thread.
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

    def make_way(self) -> None:
        """End all work: somebody waits for a cell now."""
        with self._moved:
            self._wanted.clear()
            self._leash.stop()

    def close(self) -> None:
        """End all work for good."""
        with self._moved:
            self._closed = True
            self._wanted.clear()
            self._leash.stop()
            self._moved.notify_all()

    def _forget(self, cell: str) -> None:
        self._wanted.pop(cell, None)
        if self._at == cell:
            self._leash.stop()

    def _work(self) -> None:
        while True:
            with self._moved:
                self._at = ""
                self._moved.wait_for(lambda: self._wanted or self._closed)
                if self._closed:
                    return
                cell, (text, read) = self._wanted.popitem()
                self._at, leash = cell, Leash()
                self._leash = leash
            tried = self._try(cell, text, read, leash)
            if tried is not None and not leash.stopped:
                self._tell(tried)

    def _try(self, cell: str, text: str, read: Callable[[str], Filter], leash: Leash) -> Tried | None:
        hangs = threading.Event()

        def end() -> None:
            hangs.set()
            leash.stop(kept=True)

        clock = threading.Timer(self._patience, end)
        clock.daemon = True
        clock.start()
        try:
            with leash.on(), words_for(Front.NOTEBOOK):
                found = read(text)
                if not at_hand(found):
                    return Tried(cell, text, waits="run the cell once: it needs what is not on this machine yet")
                return Tried(cell, text, found.build())
        except StoppedError:
            pass
        except Explained as error:
            error.front = Front.NOTEBOOK
            if not leash.stopped:
                return Tried(cell, text, error=error)
        except Exception as error:  # noqa: BLE001 - the thread goes on; whoever runs the cell meets it again
            return Tried(cell, text, waits=f"not looked at: {type(error).__name__}")
        finally:
            clock.cancel()
        if hangs.is_set():
            self._tell(Tried(cell, text, waits=f"the compiler was ended after {self._patience:g} s"))
        return None
