"""The widgets that controls are made of: one input per field, texts in HTML, nothing that knows a deployment."""

from __future__ import annotations

import html
import json
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import ipywidgets

from wasmnb.dashboards.schema_form import parsed
from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.dashboards.schema_form import Field
    from wasmnb.display import Record
    from wasmnb.errors import Explained

__all__ = ["button", "failed", "in_magics", "input_of", "label_of", "made", "quoted", "said", "shown", "value_of"]

Given = ParamSpec("Given")
Gives = TypeVar("Gives")

_LABEL = 9  # em
_LAYOUT = {"width": "min(46em, 98%)"}


def in_magics(act: Callable[Given, Gives]) -> Callable[Given, Gives]:
    """Have what a front end calls speak of magics: to Python it is nobody's cell."""

    @wraps(act)
    def worded(*args: Given.args, **keywords: Given.kwargs) -> Gives:
        with words_for(Front.NOTEBOOK):
            return act(*args, **keywords)

    return worded


def made(kind: Any, label: str, *, room: int = _LABEL, **more: Any) -> Any:
    """Make an input of ipywidgets with its label before it, for which there is so much room (em)."""
    return kind(description=label, style={"description_width": f"{room}em"}, layout=_LAYOUT, **more)


def button(label: str, tip: str, style: str = "") -> Any:
    """Make a button."""
    return ipywidgets.Button(description=label, tooltip=tip, button_style=style)


def label_of(one: Field) -> str:
    """Give the label of a field."""
    return f"{one.title}{' (required)' if one.required else ''}"


def input_of(one: Field, room: int = _LABEL) -> Any:
    """Make the input for a field, with so much room for its label (em)."""
    label = label_of(one)
    if one.kind == "choice":
        start = one.default if one.default in one.choices else one.choices[0]
        return made(ipywidgets.Dropdown, label, room=room, options=[(str(c), c) for c in one.choices], value=start)
    if one.kind == "switch":
        return made(ipywidgets.Checkbox, label, room=room, value=bool(one.default), indent=True)
    if one.kind == "json":
        text = "" if one.default is None else json.dumps(one.default, ensure_ascii=False)
        return made(ipywidgets.Textarea, label, room=room, value=text, placeholder="JSON")
    if one.kind == "list":
        text = "\n".join(map(str, one.default or ()))
        return made(ipywidgets.Textarea, label, room=room, value=text, placeholder="one a line")
    kind = ipywidgets.Password if one.secret else ipywidgets.Text
    return made(kind, label, room=room, value="" if one.default is None else str(one.default))


def value_of(one: Field, control: Any) -> Any:
    """Read a field from its input; None when nothing was said.

    Raises
    ------
    ConfigError
        It should be JSON, and is not.
    """
    if one.kind == "choice":
        return control.value
    if one.kind == "switch":
        # Off is only said where schema or user had something to say.
        return control.value if control.value or one.default is not None or one.required else None
    if one.kind == "json":
        return parsed(control.value)
    if not control.value.strip():
        return None
    if one.kind == "list":
        lines = [line.strip() for line in control.value.splitlines() if line.strip()]
        return [line if one.items == "text" else _number(one.items, line) for line in lines]
    return control.value if one.kind == "text" else _number(one.kind, control.value)


def _number(kind: str, text: str) -> Any:
    try:
        return int(text) if kind == "integer" else float(text)
    except ValueError:
        return text  # the schema says that it is no number


def said(text: str, *, sign: str = "") -> str:
    """Give the HTML of a text that a screen reader reads out when it changes."""
    return f'<div role="status" style="white-space:pre-wrap;line-height:1.5">{html.escape(sign + text)}</div>'


def shown(record: Record) -> str:
    """Give the HTML of a record, which widgets would cut off where it is wider than they are."""
    return f'<div style="overflow-x:auto;white-space:normal;line-height:1.5">{record._repr_html_()}</div>'


def failed(error: Explained) -> str:
    """Give the HTML of an error."""
    return quoted(f"✗ {type(error).__name__}", str(error).splitlines())


def quoted(label: str, lines: list[str]) -> str:
    """Give the HTML of lines that can be chosen with one click; nothing when there are none."""
    if not lines:
        return ""
    quoted = html.escape("\n".join(lines))
    style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5;user-select:all"
    return f'<div style="line-height:1.5">{html.escape(label)}</div><pre style="{style}">{quoted}</pre>'
