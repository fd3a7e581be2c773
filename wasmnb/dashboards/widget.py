"""The one widget of this package: it runs a script of ours, and hands messages back and forth."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["LinesWidget", "LiveWidget", "QuestionWidget", "answer_buttons", "panel_lines", "widget"]


class LiveWidget(anywidget.AnyWidget):
    """Shows what a `wasmnb.dashboards.live.LiveView` tells it."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)
    model_key = traitlets.Unicode().tag(sync=True)


class LinesWidget(anywidget.AnyWidget):
    """Shows lines that can be copied, and closes the widget around it when the kernel is gone."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)
    around = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode("The same as magics, for a runbook").tag(sync=True)
    lines = traitlets.List(traitlets.Unicode()).tag(sync=True)
    looks = traitlets.Int(0).tag(sync=True)


class QuestionWidget(anywidget.AnyWidget):
    """Buttons, each of which types an answer into the prompt of the running cell."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    answers = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)


def answer_buttons(answers: Sequence[tuple[str, str]]) -> QuestionWidget:
    """Make the buttons of a question.

    Parameters
    ----------
    answers : sequence of (str, str)
        What is typed, and what stands on the button.
    """
    return QuestionWidget(_esm=_text("question.js"), _css=_text("live.css"), answers=[list(one) for one in answers])


def panel_lines(key: str, around: str, looked: Callable[[], None]) -> LinesWidget:
    """Make the lines of a panel.

    Parameters
    ----------
    key : str
        Names the panel's record.
    around : str
        The model of the widget that the lines are a part of.
    looked : callable
        Told when the user turns to the panel. The page asks for the next look once it has heard of this one.
    """
    made = LinesWidget(_esm=_text("lines.js"), _css=_text("live.css"), key=key, around=around)

    def look(*_: object) -> None:
        try:
            looked()
        finally:
            made.looks += 1

    made.on_msg(look)
    return made


def widget(front: str, key: str, said: Callable[[Mapping[str, Any]], None]) -> LiveWidget:
    """Make a widget.

    Parameters
    ----------
    front : str
        Name of its script, such as ``pods``.
    key : str
        Names its view, and the record that belongs to it.
    said : callable
        Told each message of a front end.
    """
    made = LiveWidget(_esm=_text(f"{front}.js"), _css=_text("live.css"), key=key)
    made.on_msg(lambda _, message, __: said(message))
    made.model_key = made.model_id
    return made


@lru_cache
def _text(name: str) -> str:
    return (files("wasmnb.dashboards") / "front" / name).read_text("utf-8")
