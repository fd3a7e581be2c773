"""A table of names and texts in HTML: no style of its own, so that it reads in a light and in a dark theme."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["facts_table"]

_LEFT = "text-align:left"
_CODE = re.compile(r"`([^`]+)`")


def facts_table(caption: str, rows: Iterable[tuple[str, str]], *, sentences: bool = False) -> str:
    """Give a table with one named fact per row.

    Parameters
    ----------
    caption : str
        What the table is about; a screen reader says it first.
    rows : iterable of (str, str)
        Name and text of each fact; both are escaped.
    sentences : bool
        The texts are sentences of ours, in which code stands between backquotes.

    Returns
    -------
    str
        HTML.
    """
    body = "".join(
        f'<tr><td role="rowheader" style="{_LEFT}"><strong>{html.escape(name)}</strong></td>'
        f'<td style="{_LEFT}">{_sentence(text) if sentences else html.escape(text)}</td></tr>'
        for name, text in rows
    )
    title = html.escape(caption)
    return f'<div>{title}</div><table role="table" aria-label="{title}">{body}</table>'


def _sentence(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))
