"""Records of exercises: what was checked, a hint, and how far people have come.

What is shown stands on the floor of the looks themselves, so its shape is said here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wasmnb.display import Block, Cell, Column, Record
from wasmnb.display.text import several

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.display import Table
    from wasmnb.display.record import Tone

__all__ = ["advice_record", "checked_record", "progress_record"]

_STATES: dict[str, tuple[str, Tone]] = {
    "solved": ("✓", "good"),
    "with solution": ("✓", "warn"),
    "begun": ("…", "warn"),
    "open": ("○", "quiet"),
}


class _Checked(Protocol):
    exercise: str
    task: str
    progress: str

    @property
    def table(self) -> Table: ...

    @property
    def passed(self) -> bool: ...


class _Advice(Protocol):
    exercise: str
    text: str
    number: int
    of: int


class _Progress(Protocol):
    path: str

    @property
    def table(self) -> Table: ...

    @property
    def solved(self) -> Mapping[str, int]: ...


def checked_record(checked: _Checked) -> Record:
    """Show what became of an exercise."""
    seen = any(checked.table.values("seen"))
    columns = checked.table.look(passed={"show": _passed}, seen={"shown": seen})
    status = "solved" if checked.passed else "not solved yet"
    tone: Tone = "good" if checked.passed else "bad"
    notes = (checked.task, checked.progress)
    return Record(f"Exercise {checked.exercise}", status, tone, columns, checked.table.rows, notes=notes)


def advice_record(advice: _Advice) -> Record:
    """Show a hint."""
    status = f"hint {advice.number} of {advice.of}" if advice.number else "solution"
    return Record(f"Exercise {advice.exercise}", status, "quiet", blocks=(Block("", tuple(advice.text.splitlines())),))


def progress_record(progress: _Progress) -> Record:
    """Show how far one has come with each exercise; of several people, one line for each."""
    table, solved = progress.table, progress.solved
    total = len(dict.fromkeys(table.values("exercise")))
    notes = (progress.path,)
    if len(solved) > 1:
        columns = (Column("who"), Column("solved", "Int64"), Column("at"), Column("hints", "Int64"))
        rows = tuple((who, count, _now_at(table, who), _hints(table, who)) for who, count in solved.items())
        return Record(
            "Progress",
            f"{several(len(solved), 'person', 'people')}, {several(total, 'exercise')}",
            "",
            columns,
            rows,
            notes=notes,
        )
    own = table.look(
        who={"shown": False}, state={"show": _state}, solved_at={"heading": "solved", "show": lambda at: Cell(at or "")}
    )
    return Record("Progress", f"{sum(solved.values())} of {total} exercises solved", "", own, table.rows, notes=notes)


def _now_at(table: Table, who: str) -> str:
    """Give the first exercise that somebody has not solved."""
    rows = zip(table.values("who"), table.values("exercise"), table.values("solved_at"), strict=True)
    return next((number for name, number, solved in rows if name == who and not solved), "done")


def _hints(table: Table, who: str) -> int:
    return sum(hints for name, hints in zip(table.values("who"), table.values("hints"), strict=True) if name == who)


def _state(state: str) -> Cell:
    sign, tone = _STATES[state]
    return Cell(state, sign=sign, tone=tone)


def _passed(passed: bool) -> Cell:
    return Cell("yes", sign="✓", tone="good") if passed else Cell("no", sign="✗", tone="bad")
