"""A cell magic of ours as people write it: below comments, indented, or with a line that goes on in the next one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmnb.cell_magic import COMMENT, line_end, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["begins", "head", "tidied"]

_MARK = re.compile(r"[ \t]*%%wasm_\w")
_COMMENT = re.compile(rf"[ \t]*(?:{COMMENT})?[\r\n]*")
_UNSEEN = "\ufeff\u200b"


def head(lines: Sequence[str]) -> tuple[int, int] | None:
    """Say which lines of a cell its magic has, the last not included; None where it begins with no cell magic of ours.

    Blank lines and comments may stand above.
    """
    for first, line in enumerate(lines):
        if _MARK.match(line.lstrip(_UNSEEN)):
            text = "".join(lines[first:])
            return first, first + text.count("\n", 0, line_end(text)) + 1
        if not _COMMENT.fullmatch(line.lstrip(_UNSEEN)):
            return None
    return None


def tidied(lines: list[str]) -> list[str]:
    """Give a cell that begins with its magic, in one line; other cells as they are."""
    place = head(lines)
    if place is None:
        return lines
    first, end = place
    whole = one_line("".join(lines[first : end - 1])) + lines[end - 1]
    return [whole.lstrip(_UNSEEN + " \t"), *lines[end:]]


def begins(lines: Sequence[str]) -> int | None:
    """Give the number, from 1, of a line with a cell magic of ours below lines that are neither blank nor comments."""
    if not lines or lines[0].startswith("%%"):
        return None
    return next((number for number, line in enumerate(lines, 1) if number > 1 and _MARK.match(line)), None)
