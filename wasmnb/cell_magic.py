"""How a cell of ours begins: with its magic, below blank lines and comments of Python's."""

from __future__ import annotations

import re

__all__ = ["ABOVE", "COMMENT", "FILTER", "OURS", "magic_words"]

COMMENT = r"#(?:[ \t#@%!=-][^\n]*)?"
"""A comment of Python's; ``#include`` is none, and would be missed."""
ABOVE = rf"\s*(?:{COMMENT}\n\s*)*"
"""What may stand above a magic."""
FILTER = re.compile(ABOVE + r"%%wasm_filter\b")
"""The cell of a filter."""
OURS = re.compile(rf"(?P<above>{ABOVE})%%wasm_(?P<magic>filter|file|test)\b")
"""A cell of which something is told: what stands above its magic, and which magic that is."""


def magic_words(source: str) -> list[str]:
    """Give the words of the line of a cell's magic, behind the magic."""
    found = OURS.match(source)
    return source[found.end() if found is not None else 0 :].partition("\n")[0].split()
