"""What results have in common: one that says of what time it is, one that is a table, and one that is many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Generic, TypeVar, overload

if TYPE_CHECKING:
    import pandas as pd

    from wasmnb.display.table import Table

__all__ = ["Dated", "Plural", "Tabled", "now"]

_Item_co = TypeVar("_Item_co", covariant=True)


def now() -> datetime:
    """Give the present (aware, UTC)."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Dated:
    """A result that says of what time it is: one that is shown later does not claim the present.

    Parameters
    ----------
    at : datetime
        When it was so (aware, UTC). Not part of equality: the same at another time is the same.
    """

    at: datetime = field(default_factory=now, compare=False, repr=False)


class Tabled:
    """A result that is rows and columns."""

    @property
    def table(self) -> Table:
        """The rows and columns."""
        raise NotImplementedError

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame, whose columns and dtypes are the same also when there are none."""
        return self.table.frame


@dataclass(frozen=True)
class Plural(Tabled, Sequence[_Item_co], Generic[_Item_co]):
    """Things of one kind, in an order that does not change; a slice is a tuple of them.

    Parameters
    ----------
    items : tuple
    """

    items: tuple[_Item_co, ...] = ()

    @overload
    def __getitem__(self, index: int) -> _Item_co: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[_Item_co, ...]: ...

    def __getitem__(self, index: int | slice) -> _Item_co | tuple[_Item_co, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)
