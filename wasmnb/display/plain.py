"""A record for a terminal, a log and text/plain: columns that line up, whatever the script of their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.text import cut, pad, visible, width

if TYPE_CHECKING:
    from wasmnb.display.record import Block, Cell, Column, Record

__all__ = ["render"]

_WIDEST = 72
_LONGEST = 200
_CLOSED_LINES = 3


def render(record: Record) -> str:
    """Give the record as lines of text."""
    headline = f"{record.title}: {record.status}" if record.status else record.title
    lines = [visible(f"{record.sign} {headline}" if record.sign else headline)]
    columns, rows = record.grid()
    if rows:
        lines += _table(columns, rows, heading=not record.tall)
    for block in record.blocks:
        lines += _block(block)
    lines += [f"note: {visible(note)}" for note in record.notes]
    return "\n".join(lines)


def _table(columns: list[Column], rows: list[list[Cell]], *, heading: bool) -> list[str]:
    texts = [[cut(visible(str(cell)), _WIDEST) for cell in row] for row in rows]
    if heading:
        texts.insert(0, [(column.heading or column.name).upper() for column in columns])
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
    more = [f"    … {len(block.lines) - len(lines)} more lines"] if len(lines) < len(block.lines) else []
    quoted = [f"    {cut(visible(line, keep=chr(9)), _LONGEST)}".rstrip() for line in lines]
    return [*([visible(block.label)] if block.label else []), *quoted, *more]
