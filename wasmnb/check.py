"""What must work here, one row per thing: what ``%wasm_doctor`` reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural

__all__ = ["Check", "Checks", "State"]


class State(str, Enum):
    """How it is with what was looked at."""

    READY = "ready"
    FIRST_USE = "at first use"
    """Works; something is downloaded or compiled when it is used for the first time."""
    BROKEN = "broken"
    UNAVAILABLE = "unavailable"
    """Does not work, and nothing that was asked for needs it."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What was looked at, such as ``C++ compiler``.
    ok : bool
        False when it does not work and will not by itself.
    detail : str
        What was found: a version, a path relative to the cache, the reason it does not work.
    hint : str
        The command that mends it; empty when nothing is to be mended.
    needed : bool
        False for what works without it: a language that nobody has chosen.
    later : bool
        True for what is downloaded or compiled when it is used for the first time.
    """

    name: str
    ok: bool
    detail: str
    hint: str = ""
    needed: bool = True
    later: bool = False

    @property
    def state(self) -> State:
        """How it is."""
        if not self.ok:
            return State.BROKEN if self.needed else State.UNAVAILABLE
        return State.FIRST_USE if self.later else State.READY

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**asdict(self), "state": self.state.value}


@dataclass(frozen=True)
class Checks(Dated, Plural[Check]):
    """Everything that was looked at."""

    @property
    def passed(self) -> bool:
        """Whether everything works that is needed."""
        return all(check.ok for check in self.items if check.needed)

    @property
    def table(self) -> Table:
        """The checks in rows.

        The columns are ``check`` (``string``), ``state`` (``category`` of `State`), ``ok`` (``boolean``), ``detail``,
        ``hint`` (``string``) and ``needed`` (``boolean``).
        """
        columns = (
            Column("check"),
            Column("state", categories=tuple(one.value for one in State)),
            Column("ok", "boolean"),
            Column("detail"),
            Column("hint"),
            Column("needed", "boolean"),
        )
        rows = ((one.name, one.state.value, one.ok, one.detail, one.hint, one.needed) for one in self.items)
        return Table(columns, tuple(rows))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"checks": [check.to_dict() for check in self.items], "at": self.at.isoformat()}
