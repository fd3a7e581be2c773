"""A record's table for a terminal of any width: in columns, in narrower columns, or one line per value."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from wasmnb.cli.terminal import tinted
from wasmnb.display.text import cut, pad, visible, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.display import Cell, Column, Record

__all__ = ["lines", "wrapped"]

_GAP = 2
_TINTED = re.compile(r"(\x1b\[\d+m)(.*?)(\x1b\[0m)")
_WIDEST = 72
_LEAST = 8  # columns below which a cut text says nothing


def lines(record: Record, *, room: int = 0, wide: bool = False, colours: bool = False) -> list[str]:
    """Give the rows of a record as lines of text.

    Parameters
    ----------
    record : Record
    room : int
        Columns of the terminal; 0 where there is none, and every value is whole.
    wide : bool
        Every column that the record has, with whole values.
    colours : bool
    """
    columns, rows = _whole(record) if wide else record.grid()
    if not rows:
        return []
    texts = [[_shown(cell, wide=wide or not room) for cell in row] for row in rows]
    heads = [] if record.tall and not wide else [(column.heading or column.name).upper() for column in columns]
    natural = [
        max(map(width, [*heads[index : index + 1], *(row[index] for row in texts)])) for index in range(len(columns))
    ]
    widths = natural if not room else _fitted(natural, [width(head) for head in heads] or natural[:1], room)
    if widths is None:
        return _tall(heads, rows, texts, room, colours=colours)
    out = [_line(heads, columns, widths)] if heads else []
    for row, text in zip(rows, texts, strict=True):
        out.append(_line(text, columns, widths, row if colours else ()))
    return out


def _whole(record: Record) -> tuple[list[Column], list[list[Cell]]]:
    from wasmnb.display import Cell  # noqa: PLC0415

    def cell(column: Column, value: object) -> Cell:
        seen = column.show(value)
        return Cell(seen.full or seen.text, sign=seen.sign, tone=seen.tone)

    return list(record.columns), [
        [cell(column, value) for column, value in zip(record.columns, row, strict=True)] for row in record.rows
    ]


def _shown(cell: Cell, *, wide: bool) -> str:
    text = visible(str(cell), keep="\n").replace("\n", " ")
    return text if wide else cut(text, _WIDEST)


def _fitted(natural: list[int], heads: list[int], room: int) -> list[int] | None:
    """Take columns from the widest until all fit; None where too little would be left of one."""
    widths = list(natural)
    gaps = _GAP * (len(widths) - 1)
    while sum(widths) + gaps > room:
        widest = max(range(len(widths)), key=lambda index: widths[index])
        least = max(_LEAST, heads[widest] if widest < len(heads) else 0)
        if widths[widest] <= least:
            return None
        widths[widest] -= min(widths[widest] - least, sum(widths) + gaps - room)
    return widths


def _line(texts: Sequence[str], columns: Sequence[Column], widths: list[int], cells: Sequence[Cell] = ()) -> str:
    parts = []
    for index, (text, column, wide) in enumerate(zip(texts, columns, widths, strict=True)):
        part = pad(cut(text, wide), wide, right=column.numeric)
        parts.append(tinted(part, cells[index].tone, colours=True) if cells and cells[index].sign else part)
    return (" " * _GAP).join(parts).rstrip()


def _tall(heads: list[str], rows: list[list[Cell]], texts: list[list[str]], room: int, *, colours: bool) -> list[str]:
    """Give each value a line of its own, wrapped; an empty line between rows."""
    out: list[str] = []
    for row, text in zip(rows, texts, strict=True):
        # Without heads the first cell of a row is the name of the second.
        pairs = list(zip(heads, row, text, strict=True)) if heads else [(text[0].upper(), row[1], text[1])]
        out += [""] if out and heads else []
        for name, cell, value in pairs:
            if value:
                tone = cell.tone if cell.sign else ""
                out += [tinted(line, tone, colours=colours) for line in wrapped(f"{name}: {value}", room)]
    return out


def wrapped(text: str, room: int, *, indent: int = 0) -> list[str]:
    """Break a text into lines of so many columns; those behind the first are indented by two more."""
    sign = _TINTED.match(text)
    if sign is not None:
        # A colour takes no room.
        first, *more = wrapped(sign[2] + text[sign.end() :], room, indent=indent)
        return [sign[0] + first.removeprefix(sign[2]), *more]
    if width(text) == len(text):
        behind = " " * (indent + 2)
        return textwrap.wrap(text, room, subsequent_indent=behind, break_on_hyphens=False, drop_whitespace=True)
    # What takes two columns a sign is cut by its width.
    found, left = [], text
    while left:
        part = left
        while width(part) > room:
            part = part[:-1]
        found.append(part)
        left = left[len(part) :]
    return found
