"""What became of cases: which passed, on which host, and what was expected beside what came."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from wasmnb.cases.observation import Observation
from wasmnb.display.record import Column
from wasmnb.display.result import Dated, Plural, Tabled
from wasmnb.display.table import Table
from wasmnb.display.text import several

if TYPE_CHECKING:
    from wasmnb.cases.judge import Check

__all__ = ["CaseResult", "Mark", "TestResults"]


class Mark(Enum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


_MARKS = tuple(mark.value for mark in Mark)
_COLUMNS = (
    Column("case"),
    Column("line", dtype="Int64"),
    Column("result", categories=_MARKS),
    Column("host"),
    Column("checks", dtype="Int64"),
    Column("failed", dtype="Int64"),
    Column("seconds", dtype="Float64"),
    Column("instructions", dtype="Int64"),
    Column("why"),
)
_CHECKS = (
    Column("where"),
    Column("what"),
    Column("expected"),
    Column("actual"),
    Column("passed", dtype="boolean"),
    Column("line", dtype="Int64"),
)


@dataclass(frozen=True)
class CaseResult(Tabled):
    """What became of one case; its table has what it asked for, beside what came.

    Parameters
    ----------
    name : str
    host : str
        Who ran it: ``envoy`` or ``emulator``; empty when nobody did.
    checks : tuple of Check
    seconds : float
    line : int
        Where the case begins; 0 when unknown.
    skipped : str
        Why nobody ran it.
    observation : Observation
    source : str
        What the text of the case is called.
    again : str
        A cell that runs this case alone, of one that failed; empty for a case that was made in Python.
    """

    name: str
    host: str = ""
    checks: tuple[Check, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    line: int = 0
    skipped: str = ""
    observation: Observation = field(default_factory=Observation, repr=False, compare=False)
    source: str = ""
    again: str = field(default="", repr=False, compare=False)

    @property
    def mark(self) -> Mark:
        """Whether it passed."""
        if self.skipped:
            return Mark.SKIPPED
        return Mark.PASSED if all(check.passed for check in self.checks) else Mark.FAILED

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def table(self) -> Table:
        """The checks."""
        rows = (tuple(check.to_dict().values()) for check in self.checks)
        return Table(_CHECKS, tuple(rows))

    @property
    def why(self) -> str:
        """The first thing that failed, or why it was skipped, in one line."""
        if self.skipped or not self.failed:
            return self.skipped
        first = self.failed[0]
        actual = first.actual.splitlines()
        return f"{first.where}: {first.what} {first.expected!r}, but {actual[0] if actual else 'nothing'!r}"

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "case": self.name,
            "source": self.source,
            "line": self.line,
            "result": self.mark.value,
            "host": self.host,
            "seconds": self.seconds,
            "instructions": self.observation.instructions,
            "why": self.why,
            "checks": [check.to_dict() for check in self.checks],
            "callbacks": [callback.to_dict() for callback in self.observation.callbacks],
        }


@dataclass(frozen=True)
class TestResults(Plural[CaseResult], Dated):
    """What became of several cases, in their order.

    Parameters
    ----------
    name : str
        Of the filter or the folder.
    """

    __test__ = False  # pytest takes every class whose name begins so for a test

    name: str = ""

    @property
    def passed(self) -> bool:
        """Whether none failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """Those that failed."""
        return tuple(one for one in self.items if one.mark is Mark.FAILED)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each mark."""
        return {mark.value: sum(one.mark is mark for one in self.items) for mark in Mark}

    @property
    def summary(self) -> str:
        """How many of the cases there are of each mark, such as ``3 of 4 cases passed, 1 skipped``."""
        counts = self.counts
        rest = [f"{counts[mark.value]} {mark.value}" for mark in (Mark.FAILED, Mark.SKIPPED) if counts[mark.value]]
        return ", ".join([f"{counts[Mark.PASSED.value]} of {several(len(self), 'case')} passed", *rest])

    @property
    def table(self) -> Table:
        """One row per case."""
        rows = (
            (
                one.name,
                one.line,
                one.mark.value,
                one.host,
                len(one.checks),
                len(one.failed),
                one.seconds,
                one.observation.instructions,
                one.why,
            )
            for one in self.items
        )
        return Table(_COLUMNS, tuple(rows))

    def to_dict(self) -> dict[str, Any]:
        """Give them as plain JSON values."""
        return {"passed": self.passed, **self.counts, "cases": [one.to_dict() for one in self.items]}
