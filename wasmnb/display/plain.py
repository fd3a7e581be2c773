"""A record for a terminal, a log and text/plain: columns that line up, whatever the script of their text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.display.text import cut, pad, several, visible, width

if TYPE_CHECKING:
    from wasmnb.display.record import Block, Cell, Column, Record

__all__ = ["render"]

_WIDEST = 72
_LONGEST = 200
_CLOSED_LINES = 3
_FLEETING = "·"


def render(record: Record, *, saved: bool = False) -> str:
    """Give the record as lines of text.

    Parameters
    ----------
    record : Record
    saved : bool
        Without what another run would change though nothing happened.
    """
    status = (record.settled or record.status) if saved else record.status
    headline = f"{record.title}: {status}" if status else record.title
    lines = [visible(f"{record.sign} {headline}" if record.sign else headline)]
    columns, rows = record.grid()
    if rows:
        kept = [_settled(row, whole=index in record.varying) for index, row in enumerate(rows)] if saved else rows
        lines += _table([] if record.tall else _headings(columns, saved=saved), columns, kept)
    for block in record.blocks:
        lines += _block(block)
    notes = record.notes if saved else (*record.notes, *record.passing)
    lines += [f"note: {visible(note)}" for note in notes]
    return "\n".join(lines)


def _settled(row: list[Cell], *, whole: bool) -> list[Cell]:
    """Give a row without its values that vary; ``whole``: all but its name and what has a sign."""
    return [
        replace(cell, text=_FLEETING) if cell.fleeting or (whole and index and not cell.sign and cell.text) else cell
        for index, cell in enumerate(row)
    ]


def _headings(columns: list[Column], *, saved: bool) -> list[list[str]]:
    """Give the lines above a table: what the columns are, and of what and of when their values are."""
    names = [(column.heading or column.name).upper() for column in columns]
    under, when = [column.under for column in columns], [column.when for column in columns]
    return [names, *(line for line in (under, [] if saved else when) if any(line))]


def _table(headings: list[list[str]], columns: list[Column], rows: list[list[Cell]]) -> list[str]:
    cells = [[str(cell) for cell in row] for row in rows]
    texts = [[cut(visible(text), _WIDEST) for text in row] for row in (*headings, *cells)]
    widths = [max(width(row[index]) for row in texts) for index in range(len(columns))]
    return [
        "  ".join(
            pad(text, columns_wide, right=column.numeric)
            for text, columns_wide, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in texts
    ]


def _block(block: Block) -> list[str]:
    lines = block.lines if block.open else block.lines[:_CLOSED_LINES]
    left = len(block.lines) - len(lines)
    more = [f"    … {several(left, 'more line')}"] if left else []
    quoted = [f"    {cut(visible(line, keep=chr(9)), _LONGEST)}".rstrip() for line in lines]
    return [*([visible(block.label)] if block.label else []), *quoted, *more]
