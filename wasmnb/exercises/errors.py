"""The error of an exercise that is not solved, which carries what was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import WasmnbError

if TYPE_CHECKING:
    from wasmnb.exercises.results import Checked
    from wasmnb.wording import Text

__all__ = ["ExerciseError"]


class ExerciseError(WasmnbError):
    """An exercise is not solved yet; ``checked`` has what was looked at."""

    code = "WNB1020"

    def __init__(self, what: Text, *, checked: Checked | None = None, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.checked = checked

    @classmethod
    def of(cls, checked: Checked, hint: Text = "") -> ExerciseError:
        """Make the error of an exercise of which something is missing: the first thing, and what was seen."""
        first = checked.missing[0]
        return cls(
            f"Exercise {checked.exercise} is not solved yet. {first.advice}",
            checked=checked,
            why=[first.seen] if first.seen else [],
            hint=hint,
        )
