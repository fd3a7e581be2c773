"""A question in the midst of a running cell: its text, and buttons that answer the prompt below it.

A kernel hears no widget while a cell runs, so the buttons write into the front end's own prompt (`input`). Where that
is another one, or there are no widgets, the prompt says what to type.
"""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

from wasmnb.dashboards.outputs import EMPTY, widget_bundle
from wasmnb.display.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["asked"]


@contextmanager
def asked(question: str, answers: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Show a question with a button for each answer, until it has been answered.

    Parameters
    ----------
    question : str
    answers : sequence of (str, str)
        What is typed, and what it means.
    """
    from IPython.display import display  # noqa: PLC0415 - only in a notebook

    from wasmnb.dashboards.widget import answer_buttons  # noqa: PLC0415 - ipywidgets, for views only

    text = visible(question)
    page = f'<div class="wasmnb" role="alert"><strong>? Needs your answer.</strong> {escape(text)}</div>'
    buttons = answer_buttons(answers)
    bundles = ({"text/plain": f"? Needs your answer. {text}", "text/html": page}, widget_bundle(buttons))
    handles = [display(bundle, raw=True, display_id=True) for bundle in bundles]  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for handle in handles:
            handle.update(EMPTY, raw=True)
        buttons.close()
