"""What a reader sees of a message."""

from __future__ import annotations

from typing import TypeVar

from wasmnb.errors import Explained
from wasmnb.wording import Front

_Error = TypeVar("_Error", bound=Explained)


def in_cell(error: _Error) -> _Error:
    """Give the error in the words of a notebook, as a magic does on the way out."""
    error.front = Front.NOTEBOOK
    return error
