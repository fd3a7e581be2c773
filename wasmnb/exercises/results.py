"""What became of an exercise, and the help that is given for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled

__all__ = ["Advice", "Checked", "Finding"]

_COLUMNS = (Column("check"), Column("passed", "boolean"), Column("seen"))
_ADVICE = (Column("exercise"), Column("number", "Int64"), Column("of", "Int64"), Column("text"))


@dataclass(frozen=True)
class Finding:
    """What one check of an exercise found.

    Parameters
    ----------
    about : str
        What was looked at.
    seen : str
        What is otherwise than it should be; empty when nothing is.
    advice : str
        What helps then.
    """

    about: str
    seen: str = ""
    advice: str = ""

    @property
    def passed(self) -> bool:
        """Whether all is as it should be."""
        return not self.seen


@dataclass(frozen=True)
class Checked(Dated, Tabled):
    """What became of an exercise.

    Parameters
    ----------
    exercise : str
        Such as ``2.1``.
    task : str
    findings : tuple of Finding
        One per check, up to the first that failed.
    progress : str
        How many of the exercises are solved, and in which file that is kept.
    """

    exercise: str
    task: str
    findings: tuple[Finding, ...]
    progress: str = ""

    @property
    def missing(self) -> tuple[Finding, ...]:
        """The checks that failed."""
        return tuple(one for one in self.findings if not one.passed)

    @property
    def passed(self) -> bool:
        """Whether the exercise is solved."""
        return not self.missing

    @property
    def table(self) -> Table:
        """One row per check: ``check``, ``passed`` and ``seen``."""
        return Table(_COLUMNS, tuple((one.about, one.passed, one.seen) for one in self.findings))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "exercise": self.exercise,
            "task": self.task,
            "passed": self.passed,
            "checks": [{"check": one.about, "passed": one.passed, "seen": one.seen} for one in self.findings],
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Advice(Tabled):
    """A hint for an exercise, or the word that its solution is in the next cell.

    Parameters
    ----------
    exercise : str
    text : str
    number, of : int
        Which of the hints it is; 0 for the solution.
    """

    exercise: str
    text: str
    number: int = 0
    of: int = 0

    @property
    def table(self) -> Table:
        """One row: ``exercise``, ``number``, ``of`` and ``text``."""
        return Table(_ADVICE, ((self.exercise, self.number, self.of, self.text),))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"exercise": self.exercise, "text": self.text, "number": self.number, "of": self.of}
