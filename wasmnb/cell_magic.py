"""How a cell of ours begins: with its magic, below blank lines and comments of Python's; and where that line ends.

labextension/src/lab/cell.ts has the same rules; labextension/test/languages.json holds both to them.
"""

from __future__ import annotations

import re

__all__ = ["ABOVE", "COMMENT", "FILTER", "OURS", "goes_on", "line_end", "magic_words", "one_line", "said"]

COMMENT = r"#(?:[ \t#@%!=-][^\n]*)?"
"""A comment of Python's; ``#include`` is none, and would be missed."""
ABOVE = rf"\s*(?:{COMMENT}\n\s*)*"
"""What may stand above a magic."""
FILTER = re.compile(ABOVE + r"%%wasm_filter\b")
"""The cell of a filter."""
OURS = re.compile(rf"(?P<above>{ABOVE})%%wasm_(?P<magic>filter|file|test)\b")
"""A cell of which something is told: what stands above its magic, and which magic that is."""


# As a shell has it: a sign that begins a word, outside of quotes.
_PIECE = r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\"""
_COMMENTED = re.compile(rf"(?:\s|(?:{_PIECE}#])(?:{_PIECE}])*(?=\s))*#", re.DOTALL)
_GOES_ON = re.compile(r"\\[ \t]*\r?\n")


def line_end(text: str, start: int = 0) -> int:
    """Say where the line of a magic ends, without its line break; ``start`` is within it.

    A line that ends with a backslash goes on in the next one, unless that stands in a comment.
    """
    at = start
    while True:
        stop = text.find("\n", at)
        if stop < 0:
            return len(text)
        found = _GOES_ON.search(text, at, stop + 1)
        if found is None or stop + 1 == len(text) or _COMMENTED.match(one_line(text[start : found.start()])):
            return stop
        at = stop + 1


def goes_on(line: str) -> bool:
    """Tell whether a magic's line, with its line break, may go on in the next one."""
    return _GOES_ON.search(line) is not None


def one_line(line: str) -> str:
    """Give the line of a magic, which may go on, as one."""
    return _GOES_ON.sub(" ", line)


def said(line: str) -> str:
    """Give the line of a magic as one, without the comment behind it."""
    whole = one_line(line)
    found = _COMMENTED.match(whole)
    return whole[: found.end() - 1] if found is not None else whole


def magic_words(source: str) -> list[str]:
    """Give the words of the line of a cell's magic, behind the magic."""
    found = OURS.match(source)
    start = found.end() if found is not None else 0
    return said(source[start : line_end(source, start)]).split()
