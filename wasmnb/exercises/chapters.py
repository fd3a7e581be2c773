"""Exercises as they are written: a YAML file per chapter, in the folder ``exercises`` beside the notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from wasmnb.errors import BadNameError, ConfigError, did_you_mean
from wasmnb.exercises.builds import CasesCheck, ImageCheck, TestsCheck
from wasmnb.exercises.facts import AnswerCheck, ModuleCheck, ResponseCheck, VerdictCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.exercises.scene import Scene

__all__ = ["FOLDER", "Chapter", "Check", "Exercise", "chapters", "find"]

FOLDER = "exercises"
"""What the folder is called."""

# That of libyaml, where there is one, is ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS = {
    "answer": AnswerCheck,
    "cases": CasesCheck,
    "image": ImageCheck,
    "module": ModuleCheck,
    "response": ResponseCheck,
    "tests": TestsCheck,
    "verdict": VerdictCheck,
}


@dataclass(frozen=True)
class Check:
    """One thing that is looked at, and the advice for when it is otherwise."""

    look: AnswerCheck | CasesCheck | ImageCheck | ModuleCheck | ResponseCheck | TestsCheck | VerdictCheck
    advice: str

    def __call__(self, scene: Scene) -> str:
        """Say what is otherwise; empty when nothing is."""
        return self.look.look(scene)


@dataclass(frozen=True)
class Exercise:
    """A task that checks itself.

    Parameters
    ----------
    number : str
        Such as ``2.1``.
    task : str
        One sentence.
    checks : tuple of Check
        In their order; the first that fails ends the look.
    hints : tuple of str
    solution : str
        The text of a cell.
    """

    number: str
    task: str
    checks: tuple[Check, ...]
    hints: tuple[str, ...]
    solution: str


@dataclass(frozen=True)
class Chapter:
    """The exercises of one notebook."""

    title: str
    exercises: tuple[Exercise, ...]


def chapters(folder: str | Path | None = None) -> tuple[Chapter, ...]:
    """Read the exercises of a folder.

    Parameters
    ----------
    folder : path, optional
        Where the notebooks are; the folder that this process works in, as a notebook's kernel does.

    Raises
    ------
    BadNameError
        There are none.
    ConfigError
        A file says something that is no exercise.
    """
    home = Path(folder or ".") / FOLDER
    files = sorted(home.glob("*.yaml"))
    if not files:
        raise BadNameError(
            f"There are no exercises in {home.absolute()}.",
            hint="open a notebook of the workshop: they lie in a folder beside it",
        )
    return tuple(map(_read, files))


def find(number: str, known: tuple[Chapter, ...]) -> Exercise:
    """Give the exercise of a number.

    Raises
    ------
    BadNameError
        There is none.
    """
    numbers = {one.number: one for chapter in known for one in chapter.exercises}
    if number not in numbers:
        raise BadNameError(
            f"There is no exercise {number!r}.",
            why=[f"there are: {', '.join(numbers)}"],
            hint=did_you_mean(number, numbers),
        )
    return numbers[number]


def _read(path: Path) -> Chapter:
    try:
        said = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 - a safe one
        return Chapter(said["title"], tuple(_exercise(str(number), one) for number, one in said["exercises"].items()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path.name} is not a file of exercises.", why=[f"{type(error).__name__}: {error}"]
        ) from error


def _exercise(number: str, said: Mapping[str, Any]) -> Exercise:
    checks = tuple(map(_check, said["checks"]))
    hints = tuple(str(hint) for hint in said["hints"])
    return Exercise(number, said["task"], checks, hints, said["solution"].rstrip("\n"))


def _check(said: Mapping[str, Any]) -> Check:
    ((kind, values),) = ((key, value) for key, value in said.items() if key != "advice")
    return Check(_KINDS[kind](**values), said["advice"])
