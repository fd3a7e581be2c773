"""A magic's line, split like a shell line, with whole words taken from the notebook's variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import Place, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Word", "expand", "place", "split"]

_PIECE = re.compile(
    r"""(?P<blank>\s+)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<open>['"])|(?P<bare>[^\s'"\\]+|\\$)""",
    re.DOTALL,
)
_VARIABLE = re.compile(r"\$(?:(?P<dollar>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})|\{(?P<plain>[A-Za-z_]\w*)\}")
_OPTION_VALUE = re.compile(r"(?:--)?[A-Za-z][\w-]*=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """One word of a line.

    Parameters
    ----------
    text : str
        Without its quotes.
    start, end : int
        Where it stands in the line, quotes included; 0-based, the end not included.
    literal : bool
        Some of it stood in single quotes or behind a backslash: no variable is meant.
    open : bool
        Its quote is never closed.
    """

    text: str
    start: int
    end: int
    literal: bool = False
    open: bool = False


def split(line: str, begin: int = 0, *, strict: bool = True) -> list[Word]:
    """Split a line into words, as a shell does.

    Parameters
    ----------
    line : str
    begin : int
        Where the first word may start; the magic's name stands before.
    strict : bool
        Refuse a quote that is never closed; otherwise its word ends with the line (a user is still typing it).

    Raises
    ------
    UsageError
        A quote is never closed.
    """
    words: list[Word] = []
    text: str | None = None
    start, literal, at = 0, False, begin
    while at < len(line):
        found = _PIECE.match(line, at)
        if found is None or found["open"] is not None:
            if strict:
                raise UsageError(
                    "A quote on the line is never closed.",
                    where=place(line, at),
                    hint="end the value with the same quote",
                )
            words.append(Word((text or "") + line[at + 1 :], start if text is not None else at, len(line), open=True))
            return words
        if found["blank"] is not None:
            if text is not None:
                words.append(Word(text, start, at, literal))
            text, literal = None, False
        else:
            if text is None:
                text, start = "", at
            literal = literal or found["single"] is not None or found["escaped"] is not None
            text += _meant(found)
        at = found.end()
    if text is not None:
        words.append(Word(text, start, at, literal))
    return words


def expand(word: Word, names: Mapping[str, Any], line: str) -> Any:
    """Give the variable that a word stands for, or the word's text.

    Only a whole word, or the whole of what stands behind ``--option=`` or ``key=``, is taken for a variable, so that
    braces and dollars inside JSON stay what they are.

    Raises
    ------
    UsageError
        There is no such variable.
    """
    if word.literal:
        return word.text
    found = _VARIABLE.fullmatch(word.text)
    if found is None:
        return word.text
    name = found["dollar"] or found["braced"] or found["plain"]
    if name not in names:
        public = [known for known, value in names.items() if not known.startswith("_") and not callable(value)]
        raise UsageError(
            f"There is no variable called {name!r} in the notebook.",
            where=place(line, word.start),
            hint=did_you_mean(name, public) or f"set {name} = ... in a cell above, or put the word in single quotes",
        )
    return names[name]


def value_of(word: Word) -> Word | None:
    """Give the part behind the first ``=`` of ``--option=value`` or ``key=value`` as a word of its own."""
    found = _OPTION_VALUE.fullmatch(word.text)
    if found is None:
        return None
    return Word(found["value"], word.start + found.start("value"), word.end, word.literal)


def place(line: str, at: int) -> Place:
    """Point at a place of a magic's line, secrets masked."""
    return redact.place(Place("the magic's line", column=at + 1, quote=line.rstrip("\n")))


def _meant(found: re.Match[str]) -> str:
    if found["double"] is not None:
        return re.sub(r'\\(["\\$`])', r"\1", found["double"])
    for kind in ("single", "escaped", "bare"):
        if found[kind] is not None:
            return found[kind]
    return ""
