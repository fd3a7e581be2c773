"""Responses that cells show, each of which a button makes a case of a filter's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wasmnb.errors import WasmnbError, in_words
from wasmnb.session import default
from wasmnb.traffic import Capture
from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmnb.live.messages import AnswerMessage, CaseMessage

__all__ = ["Answers"]


class Answers:
    """The responses that cells of a notebook show.

    Parameters
    ----------
    tell : callable
        Told the case that was made, in a thread of its own.
    """

    def __init__(self, tell: Callable[[CaseMessage], None]) -> None:
        self._tell = tell
        self._shown: dict[str, Capture] = {}
        self._one = threading.Lock()

    def take(self, cell: str, value: object) -> list[AnswerMessage]:
        """Take what a cell came to, a result or an error; give what is to be told of it."""
        if isinstance(value, Capture):
            self._shown[cell] = value
        elif self._shown.pop(cell, None) is None:
            return []
        return [self._told(cell)]

    def shows(self, cell: str) -> bool:
        """Say whether a cell shows a response."""
        return cell in self._shown

    def told(self) -> Iterable[AnswerMessage]:
        """Give what is to be told to a page that has just come."""
        return [self._told(cell) for cell in self._shown]

    def save(self, cell: str, name: str) -> None:
        """Make a case of what a cell shows; the filter is run for it, which takes a moment."""
        threading.Thread(target=self._save, args=(cell, name), name="wasmnb-case", daemon=True).start()

    def _save(self, cell: str, name: str) -> None:
        shown = self._shown.get(cell)
        before = source = problem = ""
        with self._one, words_for(Front.NOTEBOOK):
            try:
                if shown is not None:
                    before = default().context.cases.text(name)
                    source = f"%%wasm_test {name}\n{default().requests.save_test(name, shown)}"
            except WasmnbError as error:
                problem = default().mask("; ".join([error.what, *error.why]))
            except Exception as error:  # noqa: BLE001 - whoever pressed the button waits for an answer
                problem = default().mask(f"it was not saved: {in_words(error)}")
        if shown is not None:
            self._tell({"cell": cell, "before": before, "source": source, "problem": problem})

    def _told(self, cell: str) -> AnswerMessage:
        shown = self._shown.get(cell)
        return {"cell": cell, "filters": [] if shown is None else [*default().requests.filters_of(shown)]}
