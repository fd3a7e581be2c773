"""A static record of what happened: one table with a sentence, as plain text, HTML, DataFrame and JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from wasmnb.display.table import frame_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["Block", "Cell", "Column", "Record", "Tone"]

Tone = Literal["", "good", "warn", "bad", "quiet"]
"""What a sign means; it is never told by colour alone."""

_SIGNS: dict[Tone, str] = {"good": "✓", "warn": "!", "bad": "✗", "quiet": "", "": ""}


@dataclass(frozen=True)
class Cell:
    """A value as it is shown.

    Parameters
    ----------
    text : str
    full : str
        What ``text`` is short for.
    sign : str
        Goes before the text, in the colour of ``tone``.
    tone : Tone
    fleeting : bool
        Another run would have another value, and it would mean nothing.
    """

    text: str
    full: str = ""
    sign: str = ""
    tone: Tone = ""
    fleeting: bool = False

    def __str__(self) -> str:
        return f"{self.sign} {self.text}" if self.sign else self.text


def _default(value: Any) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, datetime):
        return Cell(value.strftime("%H:%M:%S"), value.isoformat())
    return Cell(str(value))


@dataclass(frozen=True)
class Column:
    """A column of a record.

    Parameters
    ----------
    name : str
        In the frame.
    dtype : str
        ``string``, ``Int64``, ``Float64``, ``boolean`` or ``datetime64[us, UTC]``.
    heading : str
        As shown; the name when empty.
    under : str
        What its values are of, such as the filter that was in force; stands beside the heading.
    when : str
        When they were; another run has another.
    show : callable
        Turns a value into a `Cell`.
    shown : bool
        False for a column that only the frame has.
    code : bool
        Shown in the font of code.
    categories : tuple of str
        When given, the dtype is a ``category`` of exactly these.
    """

    name: str
    dtype: str = "string"
    heading: str = ""
    show: Callable[[Any], Cell] = _default
    shown: bool = True
    code: bool = False
    categories: tuple[str, ...] = ()
    under: str = ""
    when: str = ""

    @property
    def numeric(self) -> bool:
        """Whether values line up on the right."""
        return self.dtype in {"Int64", "Float64"}


@dataclass(frozen=True)
class Block:
    """Lines quoted as they are, under a label if it has one.

    Parameters
    ----------
    label : str
    lines : tuple of str
    open : bool
        False for one that is folded away.
    wraps : bool
        A line that is longer than a page is wide goes on in the next one: sentences, and not a program's text.
    """

    label: str
    lines: tuple[str, ...]
    open: bool = True
    wraps: bool = False


@dataclass(frozen=True, repr=False)
class Record:
    """What a notebook keeps of one step; no script, no network, readable without colour.

    Parameters
    ----------
    title : str
        What the record is about; the table's caption.
    status : str
        One sentence: how it went.
    tone : Tone
        How it went, as a sign.
    columns : tuple of Column
    rows : tuple of tuple
        Plain values, one per column.
    blocks : tuple of Block
        Quoted lines under the table.
    notes : tuple of str
        What a reader must know.
    tall : bool
        Shown with one line per column; for a record of one row.
    settled : str
        The status without what another run would change though nothing happened, such as seconds; empty: the status.
    passing : tuple of str
        Notes of which another run would have others.
    varying : frozenset of int
        Of the rows that are shown, those whose values another run would change though nothing happened.
    folded : frozenset of int
        Rows that only the frame has.
    """

    title: str
    status: str = ""
    tone: Tone = ""
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    blocks: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    tall: bool = False
    settled: str = ""
    passing: tuple[str, ...] = ()
    varying: frozenset[int] = frozenset()
    folded: frozenset[int] = frozenset()

    @property
    def sign(self) -> str:
        """The sign of the tone."""
        return _SIGNS[self.tone]

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a table: every column of the record, shown or not, with a dtype that never changes."""
        return frame_of(self.columns, self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the record as plain JSON values."""
        return {
            "title": self.title,
            "status": self.status,
            "rows": [{column.name: _plain(value) for column, value in self._pairs(row)} for row in self.rows],
            "blocks": [{"label": block.label, "lines": list(block.lines)} for block in self.blocks],
            "notes": [*self.notes, *self.passing],
        }

    def noting(self, *notes: str) -> Record:
        """Give the same with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def grid(self) -> tuple[list[Column], list[list[Cell]]]:
        """Give the columns and cells that are shown."""
        shown = [(index, column) for index, column in enumerate(self.columns) if column.shown]
        if not shown:
            return [], []
        cells = [[column.show(row[index]) for index, column in shown] for row in self._unfolded()]
        if not self.tall:
            return [column for _, column in shown], cells
        facts = [
            [Cell(column.heading or column.name), cell]
            for row in cells
            for (_, column), cell in zip(shown, row, strict=True)
            if cell.text
        ]
        return [Column("fact"), Column("value", code=True)], facts

    def _unfolded(self) -> list[tuple[Any, ...]]:
        return [row for index, row in enumerate(self.rows) if index not in self.folded]

    def _pairs(self, row: tuple[Any, ...]) -> zip[tuple[Column, Any]]:
        return zip(self.columns, row, strict=True)

    def __repr__(self) -> str:
        from wasmnb.display.plain import render  # noqa: PLC0415 - the renderer knows the record

        return render(self)

    def saved(self) -> str:
        """Give the text that a saved notebook keeps: only what would be another if something else had happened."""
        from wasmnb.display.plain import render  # noqa: PLC0415

        return render(self, saved=True)

    def _repr_html_(self) -> str:
        from wasmnb.display.html import render  # noqa: PLC0415

        return render(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Give every form at once (IPython protocol)."""
        bundle = {"text/plain": repr(self), "text/html": self._repr_html_()}
        kept = set(include or bundle) - set(exclude or ())
        return {kind: text for kind, text in bundle.items() if kind in kept}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
