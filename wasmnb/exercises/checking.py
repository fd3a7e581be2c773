"""Checking an exercise, and helping with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.errors import BadNameError, Explained, UsageError, in_words
from wasmnb.exercises.chapters import chapters, find
from wasmnb.exercises.progress import Progress, Standing, collected, kept, place
from wasmnb.exercises.results import Advice, Checked, Finding
from wasmnb.exercises.scene import Scene
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.exercises.chapters import Exercise
    from wasmnb.session import Session

__all__ = ["check"]


def check(
    session: Session,
    exercise: str | None = None,
    answer: Any = None,
    *,
    hint: bool = False,
    solve: bool = False,
    reset: bool = False,
    people: str | None = None,
) -> Checked | Advice | Progress:
    """Say whether an exercise is solved; or show a hint, the solution, or how far one has come.

    Parameters
    ----------
    session : Session
        Whose mesh, filters, cases and images are looked at.
    exercise : str, optional
        Such as ``2.1``; without one, how far one has come with all of them.
    answer : object, optional
        For an exercise that asks something: a word, or a result.
    hint : bool
        Show the next hint.
    solve : bool
        Show the solution.
    reset : bool
        Forget the progress, of one exercise or of all.
    people : str, optional
        A folder with many people's files of progress: how far each has come.

    Raises
    ------
    BadNameError
        There is no such exercise, or no such folder.
    UsageError
        An exercise has no hints.
    ConfigError
        The exercises or the progress cannot be read or written.
    """
    known = chapters()
    numbers = [one.number for chapter in known for one in chapter.exercises]
    if people is not None:
        return _everybody(people, numbers)
    mine = kept(place())
    if exercise is None:
        if reset:
            mine.standings.clear()
            mine.path.unlink(missing_ok=True)
        return collected([mine.path], numbers, mine.path)
    wanted = find(str(exercise), known)
    standing = mine.get(wanted.number)
    if reset:
        mine.put(wanted.number, Standing())
        return collected([mine.path], numbers, mine.path)
    if solve:
        mine.put(wanted.number, replace(standing, shown=True) if not standing.solved_at else standing)
        return Advice(wanted.number, "The solution is in the next cell.")
    if hint:
        return _hint(wanted, mine.put, standing)
    found = tuple(_findings(wanted, session, answer))
    passed = all(one.passed for one in found)
    mine.put(wanted.number, standing.tried(passed=passed))
    solved = sum(bool(mine.get(number).solved_at) for number in numbers)
    return Checked(wanted.number, wanted.task, found, f"{solved} of {len(numbers)} exercises solved ({mine.path})")


def _findings(exercise: Exercise, session: Session, answer: Any) -> Iterator[Finding]:
    """Look at one thing after the other, up to the first that is otherwise: the next would say the same again."""
    with Scene(session, answer) as scene:
        for one in exercise.checks:
            try:
                seen = one(scene)
            except Explained as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                seen = session.mask(in_words(error))
            yield Finding(one.look.about, seen, one.advice if seen else "")
            if seen:
                return


def _hint(exercise: Exercise, put: Any, standing: Standing) -> Advice:
    total = len(exercise.hints)
    if not total:
        raise UsageError(
            f"Exercise {exercise.number} has no hints.",
            hint=Wording("{} shows the solution", Option("solve", value=True)),
        )
    number = min(standing.hints + 1, total)
    if standing.hints < total:
        put(exercise.number, replace(standing, hints=number))
    return Advice(exercise.number, exercise.hints[number - 1], number, total)


def _everybody(folder: str, numbers: list[str]) -> Progress:
    path = Path(folder).expanduser()
    files = [*path.glob("*.json")]
    if not files:
        raise BadNameError(
            f"There are no files of progress in {path.absolute()}.",
            hint="name the folder that the class's files were collected in",
        )
    return collected(files, numbers, path)
