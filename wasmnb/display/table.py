"""Values in rows and columns: what a result is as a table, before anybody says how it looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from wasmnb.display.record import Column

__all__ = ["Table", "frame_of"]


def frame_of(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Give rows as a DataFrame whose dtypes follow from the columns alone, not from what happens to be in the rows."""
    import pandas as pd  # noqa: PLC0415 - slow to import, and only a frame needs it

    data = {}
    for index, column in enumerate(columns):
        values = [row[index] for row in rows]
        if column.categories:
            data[column.name] = pd.Series(pd.Categorical(values, categories=list(column.categories)))
        elif column.dtype.startswith("datetime64"):
            data[column.name] = pd.Series(pd.to_datetime(values, utc=True).as_unit("us"))
        else:
            data[column.name] = pd.Series(values, dtype=column.dtype)
    frame: pd.DataFrame = pd.DataFrame(data)
    return frame


@dataclass(frozen=True)
class Table:
    """The rows of a result.

    Parameters
    ----------
    columns : tuple of Column
        Names and dtypes.
    rows : tuple of tuple
        Plain values, one per column.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame; see `frame_of`."""
        return frame_of(self.columns, self.rows)

    def values(self, name: str) -> list[Any]:
        """Give the values of a column."""
        index = [column.name for column in self.columns].index(name)
        return [row[index] for row in self.rows]

    def look(self, *, hidden: Iterable[str] = (), **looks: dict[str, Any]) -> tuple[Column, ...]:
        """Give the columns as they are shown.

        Parameters
        ----------
        hidden : iterable of str
            Columns that only the frame has.
        **looks : dict
            By column: what of ``heading``, ``show``, ``shown`` and ``code`` of a `Column` is another than usual.
        """
        unseen = set(hidden)
        return tuple(
            replace(column, **{"shown": column.name not in unseen, **looks.get(column.name, {})})
            for column in self.columns
        )
