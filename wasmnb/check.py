"""What must work here, one row per thing: what ``%wasm_doctor`` reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural

__all__ = ["Check", "Checks"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What was looked at, such as ``C++ compiler``.
    ok : bool
    detail : str
        What was found: a version, a path relative to the cache, the reason it does not work.
    hint : str
        The command that mends it; empty when nothing is to be mended.
    needed : bool
        False for what works without it: a language that nobody has chosen.
    """

    name: str
    ok: bool
    detail: str
    hint: str = ""
    needed: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Checks(Dated, Plural[Check]):
    """Everything that was looked at."""

    @property
    def passed(self) -> bool:
        """Whether everything works that is needed."""
        return all(check.ok for check in self.items if check.needed)

    @property
    def table(self) -> Table:
        """The checks in rows: ``check`` (``string``), ``ok`` (``boolean``), ``detail``, ``hint`` and ``needed``."""
        columns = (
            Column("check"),
            Column("ok", "boolean"),
            Column("detail"),
            Column("hint"),
            Column("needed", "boolean"),
        )
        return Table(columns, tuple((one.name, one.ok, one.detail, one.hint, one.needed) for one in self.items))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"checks": [check.to_dict() for check in self.items], "at": self.at.isoformat()}
