"""A record as static HTML: no script, nothing fetched, the colours of the theme it is shown in.

It is one line of a saved notebook. Colours are JupyterLab's CSS variables (``--jp-*``); elsewhere text keeps the colour
of the page around it. Colour is only ever on a sign that stands beside its word.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from wasmnb.display.text import cut, visible

if TYPE_CHECKING:
    from wasmnb.display.record import Block, Cell, Column, Record

__all__ = ["render"]

_LONGEST = 160
_LONG_CODE = 24  # characters that are not broken within a word

# Styles stand in attributes, and are few: a notebook that is saved, cleaned or not trusted keeps them, and no style
# sheet becomes text. A heading has its own in a ``div``: nbconvert's sanitizer shows a ``th`` and its attributes.
_ROOT = "color:var(--jp-content-font-color1,inherit);container-type:inline-size"
# Chromium centres what is in a caption, also a block that has no margins of its own.
_CAPTION = (
    "color:var(--jp-content-font-color1,inherit);margin:0 auto 0 0;max-width:min(60em,100cqi);text-align:left;"
    "width:max-content"
)
_LEFT, _RIGHT = "text-align:left", "text-align:right"
_CODE = "min-width:9em;overflow-wrap:anywhere"
_LINES = "white-space:pre-wrap"
_PRE = "margin:.2em 0 .4em;overflow-x:auto;padding-left:1em;white-space:pre"
_COLOURS = {
    "good": "var(--jp-success-color1,inherit)",
    "warn": "var(--jp-warn-color1,inherit)",
    "bad": "var(--jp-error-color1,inherit)",
    "quiet": "var(--jp-content-font-color2,inherit)",
}


def render(record: Record) -> str:
    """Give the record as one HTML element."""
    columns, rows = record.grid()
    headline = _headline(record)
    table = _table(headline, columns, rows, heading=not record.tall) if rows else f"<p>{headline}</p>"
    blocks = "".join(_block(block) for block in record.blocks)
    notes = "".join(f"<p><strong>note</strong>: {_text(note)}</p>" for note in (*record.notes, *record.passing))
    return f'<div class="wasmnb" style="{_ROOT}">{table}{blocks}{notes}</div>'


def _headline(record: Record) -> str:
    title = f"<strong>{_text(record.title)}</strong>"
    if not record.status:
        return title
    sign = _sign(record.sign, record.tone) if record.sign else ""
    return f'<span role="status">{sign}{title}: {_text(record.status)}</span>'


def _table(headline: str, columns: list[Column], rows: list[list[Cell]], *, heading: bool) -> str:
    head = "".join(f'<th scope="col">{_placed(_text(_heading(column)), column)}</th>' for column in columns)
    body = "".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    thead = f"<thead><tr>{head}</tr></thead>" if heading else ""
    caption = f'<caption><div style="{_CAPTION}">{headline}</div></caption>'
    return f'<table style="margin:0 0 .4em">{caption}{thead}<tbody>{body}</tbody></table>'


def _heading(column: Column) -> str:
    return " · ".join(filter(None, (column.heading or column.name, column.under, column.when)))


def _row(columns: list[Column], row: list[Cell]) -> str:
    first, *rest = zip(columns, row, strict=True)
    head = f'<th scope="row">{_placed(_cell(first[1], code=first[0].code), first[0])}</th>'
    return head + "".join(f'<td style="{_style_of(*one)}">{_cell(one[1], code=one[0].code)}</td>' for one in rest)


def _placed(inner: str, column: Column) -> str:
    return f'<div style="{_RIGHT if column.numeric else _LEFT}">{inner}</div>'


def _style_of(column: Column, cell: Cell) -> str:
    styles = [_RIGHT if column.numeric else _LEFT]
    if column.code and len(cell.text) > _LONG_CODE:
        styles.append(_CODE)
    if "\n" in cell.text or "  " in cell.text:
        styles.append(_LINES)
    return ";".join(styles)


def _cell(cell: Cell, *, code: bool = False) -> str:
    text = visible(cell.text, keep="\n")
    shown = cut(text, _LONGEST)
    full = visible(cell.full) or (text if shown != text else "")
    inner = f'<span title="{_line(full)}">{_line(shown)}</span>' if full else _line(shown)
    inner = f"<code>{inner}</code>" if code and shown else inner
    return _sign(cell.sign, cell.tone) + inner if cell.sign else inner


def _block(block: Block) -> str:
    lines = _line("\n".join(visible(line, keep="\t") for line in block.lines))
    quoted = f'<pre style="{_PRE}">{lines}</pre>'
    if not block.label:
        return quoted
    state = " open" if block.open else ""
    return f"<details{state}><summary>{_text(block.label)}</summary>{quoted}</details>"


def _sign(sign: str, tone: str) -> str:
    colour = f' style="color:{_COLOURS[tone]}"' if tone in _COLOURS else ""
    return f'<span class="sign {tone}" aria-hidden="true"{colour}>{escape(sign)}</span> '


def _line(text: str) -> str:
    """Escape text, its line breaks too: a record is one line of a saved notebook, whatever changes in it."""
    return escape(text).replace("\n", "&#10;")


def _text(text: str) -> str:
    return escape(visible(text))
