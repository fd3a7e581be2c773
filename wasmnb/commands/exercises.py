"""The magic that checks an exercise of a workshop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.exercises import Advice, Checked, Progress
    from wasmnb.session import Session

__all__ = ["COMMANDS"]


def _check(session: Session, **keywords: Any) -> Checked | Advice | Progress:
    from wasmnb.exercises import check  # noqa: PLC0415 - for those who learn

    return check(session, **keywords)


def _told(result: Any, _own: Mapping[str, Any], _names: dict[str, Any]) -> Any:
    from wasmnb.exercises import Checked, ExerciseError  # noqa: PLC0415

    if isinstance(result, Checked) and not result.passed:
        raise ExerciseError.of(result, f"%wasm_check {result.exercise} --hint")
    return result


def _solution(_session: Session, keywords: Mapping[str, Any]) -> str:
    """Give the solution's cell, when it was asked for."""
    if not keywords.get("solve") or keywords.get("exercise") is None:
        return ""
    from wasmnb.exercises.chapters import chapters, find  # noqa: PLC0415

    return find(str(keywords["exercise"]), chapters()).solution


COMMANDS = (
    Command(
        "wasm_check",
        "Say whether an exercise of the workshop is solved; without a number, how far you have come.",
        _check,
        (
            Argument("exercise", "its number, such as 2.1", False, "exercises"),
            Argument(
                "answer", "your answer, where an exercise asks for one: a word, or a $variable with a result", False
            ),
        ),
        (
            Option(("--hint",), "show the next hint"),
            Option(("--solve",), "put the solution into the next cell"),
            Option(("--reset",), "forget the progress of this exercise, or of all"),
            Option(("--people",), "show the progress of a class, from their files in a folder", "FOLDER"),
        ),
        (
            "%wasm_check 2.1",
            "%wasm_check 2.2 TRAPPED",
            "%wasm_check 2.1 --hint",
            "%wasm_check 2.1 --solve",
            "%wasm_check",
            "%wasm_check --people /shared/class",
        ),
        after=_told,
        cell=_solution,
    ),
)
