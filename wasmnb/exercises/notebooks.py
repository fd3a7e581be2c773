"""Notebooks with exercises: which cell is to be written, and what it is when the solution stands there."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from wasmnb.exercises.chapters import find

if TYPE_CHECKING:
    from wasmnb.exercises.chapters import Chapter

__all__ = ["MARK", "solved"]

MARK = "exercise"
"""The key of a cell's metadata, below ``wasmnb``, that names the exercise which is solved in it."""


def solved(notebook: dict[str, Any], known: tuple[Chapter, ...]) -> dict[str, Any]:
    """Give a notebook with the solution in each cell that is for one, as a trainer runs it before a class.

    Parameters
    ----------
    notebook : dict
        As nbformat or json read it.
    known : tuple of Chapter
    """
    copy = deepcopy(notebook)
    for cell in copy["cells"]:
        number = cell["metadata"].get("wasmnb", {}).get(MARK)
        if number is not None:
            cell["source"] = find(number, known).solution
    return copy
