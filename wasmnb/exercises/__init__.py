"""Exercises that check themselves, by verdicts, responses, modules, images and cases; never by the text of a cell."""

from wasmnb.exercises.chapters import Chapter, Exercise, chapters
from wasmnb.exercises.checking import check
from wasmnb.exercises.errors import ExerciseError
from wasmnb.exercises.notebooks import solved
from wasmnb.exercises.progress import Progress, Standing
from wasmnb.exercises.results import Advice, Checked, Finding

__all__ = [
    "Advice",
    "Chapter",
    "Checked",
    "Exercise",
    "ExerciseError",
    "Finding",
    "Progress",
    "Standing",
    "chapters",
    "check",
    "solved",
]
