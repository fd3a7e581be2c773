"""A magic of ours behind a colon or a semicolon, such as ``for pod in pods: %wasm_logs $pod``."""

from __future__ import annotations

import tokenize
from typing import TYPE_CHECKING

from IPython.core.inputtransformer2 import (
    TokenTransformBase,
    assemble_continued_line,
    find_end_of_continued_line,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BehindColon"]

_OURS = "wasm_"


class BehindColon(TokenTransformBase):
    """Writes the call of a magic that stands behind a colon or a semicolon, as IPython does for one behind ``=``.

    There a ``%`` is nothing that Python has, so no other meaning is taken away.
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
