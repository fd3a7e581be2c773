"""A record as static HTML: no script, nothing fetched, the colours of the theme it is shown in.

It is one line of a saved notebook. Colours are JupyterLab's CSS variables (``--jp-*``); elsewhere text keeps the colour
of the page around it. Colour is only ever on a sign that stands beside its word.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from wasmnb.display.text import cut, visible

if TYPE_CHECKING:
    from wasmnb.display.record import Block, Cell, Column, Record

__all__ = ["render"]

_LONGEST = 160
_LONG_CODE = 24  # characters that are not broken within a word
_SHORT_NAME = 16  # characters that are not broken at a hyphen

# Styles stand in attributes, and are few: a notebook that is saved, cleaned or not trusted keeps them, and no style
# sheet becomes text. ``nbconvert --sanitize-html`` knows no ``th``, ``caption`` and ``p``, and would show their tags as
# text beside the table: a heading is a cell with a role, and a table has its name as a label.
_ROOT = "color:var(--jp-content-font-color1,inherit)"
_HEADLINE, _NOTE = "max-width:60em;margin:0 0 .3em", "max-width:60em;margin:.3em 0"
_LEFT, _RIGHT = "text-align:left", "text-align:right"
_CODE = "min-width:9em;overflow-wrap:anywhere"
_LINES = "white-space:pre-wrap"
_WHOLE = "white-space:nowrap"
_PRE = "margin:.2em 0 .4em;overflow-x:auto;padding-left:1em;white-space:"
_ADDRESS = re.compile(r"http://(?:127\.0\.0\.1|localhost)(?::\d+)?")
_COLOURS = {
    "good": "var(--jp-success-color1,inherit)",
    "warn": "var(--jp-warn-color1,inherit)",
    "bad": "var(--jp-error-color1,inherit)",
    "quiet": "var(--jp-content-font-color2,inherit)",
}


def render(record: Record) -> str:
    """Give the record as one HTML element."""
    columns, rows = record.grid()
    headline = f'<div style="{_HEADLINE}">{_headline(record)}</div>'
    table = _table(record.title, columns, rows, heading=not record.tall) if rows else ""
    blocks = "".join(_block(block) for block in record.blocks)
    notes = "".join(
        f'<div style="{_NOTE}"><strong>note</strong>: {note}</div>'
        for note in (*map(_text, record.notes), *(_linked(_text(note)) for note in record.passing))
    )
    return f'<div class="wasmnb" style="{_ROOT}">{headline}{table}{blocks}{notes}</div>'


def _headline(record: Record) -> str:
    title = f"<strong>{_text(record.title)}</strong>"
    if not record.status:
        return title
    sign = f"{_sign(record.sign, record.tone)} " if record.sign else ""
    return f'<span role="status">{sign}{title}: {_text(record.status)}</span>'


def _table(title: str, columns: list[Column], rows: list[list[Cell]], *, heading: bool) -> str:
    head = "".join(_head("column", _text(_heading(column)), _RIGHT if column.numeric else _LEFT) for column in columns)
    body = "".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    # Without its role a table that has neither caption nor headings may be taken for a layout.
    return (
        f'<table role="table" aria-label="{_text(title)}" style="margin:0 0 .4em">'
        f"{f'<tr>{head}</tr>' if heading else ''}{body}</table>"
    )


def _heading(column: Column) -> str:
    return " · ".join(filter(None, (column.heading or column.name, column.under, column.when)))


def _head(kind: str, inner: str, style: str) -> str:
    """Give a heading cell of a column or a row."""
    return f'<td role="{kind}header" style="{style}"><strong>{inner}</strong></td>'


def _row(columns: list[Column], row: list[Cell]) -> str:
    first, *rest = zip(columns, row, strict=True)
    head = _head("row", _cell(first[1], code=first[0].code), _style_of(*first))
    return head + "".join(f'<td style="{_style_of(*one)}">{_cell(one[1], code=one[0].code)}</td>' for one in rest)


def _style_of(column: Column, cell: Cell) -> str:
    styles = [_RIGHT if column.numeric else _LEFT]
    if column.code and len(cell.text) > _LONG_CODE:
        styles.append(_CODE)
    if "\n" in cell.text or "  " in cell.text:
        styles.append(_LINES)
    elif "-" in cell.text and " " not in cell.text and len(cell.text) <= _SHORT_NAME:
        styles.append(_WHOLE)
    return ";".join(styles)


def _cell(cell: Cell, *, code: bool = False) -> str:
    text = visible(cell.text, keep="\n")
    shown = cut(text, _LONGEST)
    full = visible(cell.full) or (text if shown != text else "")
    inner = f'<span title="{_line(full)}">{_line(shown)}</span>' if full else _line(shown)
    inner = f"<code>{inner}</code>" if code and shown else inner
    # Not broken between the two, however narrow the column is.
    return f"{_sign(cell.sign, cell.tone)}&nbsp;{inner}" if cell.sign else inner


def _block(block: Block) -> str:
    lines = _line("\n".join(visible(line, keep="\t") for line in block.lines))
    quoted = f'<pre style="{_PRE}{"pre-wrap" if block.wraps else "pre"}">{lines}</pre>'
    if not block.label:
        return quoted
    if block.open:
        return f"<div>{_text(block.label)}</div>{quoted}"
    return f"<details><summary>{_text(block.label)}</summary>{quoted}</details>"


def _sign(sign: str, tone: str) -> str:
    colour = f' style="color:{_COLOURS[tone]}"' if tone in _COLOURS else ""
    return f'<span class="sign {tone}" aria-hidden="true"{colour}>{escape(sign)}</span>'


def _line(text: str) -> str:
    """Escape text, its line breaks too: a record is one line of a saved notebook, whatever changes in it."""
    return escape(text).replace("\n", "&#10;")


def _linked(text: str) -> str:
    """Have addresses of this machine lead there; what is saved fetches nothing, and they mean nothing elsewhere."""
    return _ADDRESS.sub(r'<a href="\g<0>" target="_blank" rel="noopener noreferrer">\g<0></a>', text)


def _text(text: str) -> str:
    return escape(visible(text))
