"""A magic of ours where IPython does not read it as it is written: behind a colon, or over several lines."""

from __future__ import annotations

import tokenize
from itertools import pairwise
from typing import TYPE_CHECKING

from IPython.core.inputtransformer2 import (
    TokenTransformBase,
    assemble_continued_line,
    find_end_of_continued_line,
)

from wasmnb.cell_magic import goes_on, line_end, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BehindColon", "Continued"]

_OURS = "wasm_"


class BehindColon(TokenTransformBase):
    """Writes the call of a magic that stands behind a colon or a semicolon, as IPython does for one behind ``=``.

    An example is ``for pod in pods: %wasm_logs $pod``. There a ``%`` is nothing that Python has, so no other meaning is
    taken away.
    """

    @classmethod
    def find(cls, tokens_by_line: Sequence[Sequence[tokenize.TokenInfo]]) -> BehindColon | None:
        """Find the first one of a cell."""
        for line in tokens_by_line:
            for colon, sign, name in zip(line, line[1:], line[2:], strict=False):
                ours = name.type == tokenize.NAME and name.string.startswith(_OURS) and sign.end == name.start
                if colon.string in (":", ";") and sign.string == "%" and ours:
                    return cls(sign.start)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Put the call in its place."""
        row, column = self.start_line, self.start_col
        end = find_end_of_continued_line(lines, row)
        text = assemble_continued_line(lines, (row, column), end)
        name, _, words = text[1:].partition(" ")
        call = f"{lines[row][:column]}get_ipython().run_line_magic({name!r}, {words!r})\n"
        return [*lines[:row], call, *lines[end + 1 :]]


class Continued(TokenTransformBase):
    r"""Writes a magic in one line that goes on in the next ones, where IPython may end it too early or too late.

    To IPython a line with ``\r\n`` at its end, or with a blank behind its backslash, does not go on; one whose comment
    ends with a backslash does.
    """

    priority = 1  # before what reads the line

    @classmethod
    def find(cls, tokens_by_line: Sequence[Sequence[tokenize.TokenInfo]]) -> Continued | None:
        """Find the first one of a cell."""
        for line in tokens_by_line:
            words = [token for token in line if token.type not in (tokenize.INDENT, tokenize.DEDENT)]
            for number, (sign, name) in enumerate(pairwise(words)):
                before = words[number - 1].string if number else "="
                ours = name.string.startswith(_OURS) and sign.end == name.start
                if sign.string == "%" and ours and before in ("=", ":", ";") and goes_on(sign.line):
                    return cls(sign.start)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Put it in one line."""
        row, column = self.start_line, self.start_col
        text = "".join(lines[row:])
        end = line_end(text, column)
        last = row + text.count("\n", 0, end)
        # A backslash that ends a comment goes with it.
        whole = one_line(text[:end]).rstrip("\\ \t\r")
        return [*lines[:row], f"{whole}\n", *lines[last + 1 :]]
