"""A magic's line, split like a shell line: variables of the notebook in its words, a comment behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import Place, UsageError, did_you_mean
from wasmnb.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Word", "expand", "place", "split", "uncommented", "value_of"]

_PIECE = re.compile(
    r"""(?P<blank>\s+)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<open>['"])|(?P<bare>[^\s'"\\]+|\\$)""",
    re.DOTALL,
)
_VARIABLE = re.compile(r"\$(?:(?P<dollar>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})|\{(?P<plain>[A-Za-z_]\w*)\}")
# Within a word: a variable, the sign itself, or what begins like a variable and is none.
_WITHIN = re.compile(r"\$(?:(?P<sign>\$)|(?P<bare>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\}|(?P<broken>\{))")
# What IPython's own magics, and f-strings, take for a variable within a word.
_IN_BRACES = re.compile(r"(?<![${\\])\{(?P<name>[A-Za-z_]\w*)\}(?!\})")
_ESCAPED = re.compile(r'\\(["\\$`])')
_LINE = Wording("the magic's line", terminal="the command line")
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
    pieces : tuple of (str, bool)
        The text in parts; True for one in which variables are meant: it stood neither in single quotes nor behind a
        backslash.
    open : bool
        Its quote is never closed.
    """

    text: str
    start: int
    end: int
    pieces: tuple[tuple[str, bool], ...] = ()
    open: bool = False

    @property
    def literal(self) -> bool:
        """Whether some stood in single quotes or behind a backslash, so that it is neither an option nor a variable."""
        return not all(meant for _, meant in self.pieces)

    def behind(self, at: int) -> Word:
        """Give what stands behind so many of its characters as a word of its own."""
        pieces, left = [], at
        for text, meant in self.pieces:
            if left < len(text):
                pieces.append((text[left:], meant))
            left = max(0, left - len(text))
        return Word(self.text[at:], self.start + at, self.end, tuple(pieces))


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
    pieces: list[tuple[str, bool]] | None = None
    start, at = 0, begin
    while at < len(line):
        found = _PIECE.match(line, at)
        if found is None or found["open"] is not None:
            if strict:
                raise UsageError(
                    "A quote on the line is never closed.",
                    where=place(line, at),
                    hint="end the value with the same quote",
                )
            rest = [*(pieces or []), (line[at + 1 :], True)]
            words.append(_word(rest, start if pieces is not None else at, len(line), open_=True))
            return words
        if found["blank"] is not None:
            if pieces is not None:
                words.append(_word(pieces, start, at))
            pieces = None
        else:
            if pieces is None:
                pieces, start = [], at
            pieces += _meant(found)
        at = found.end()
    if pieces is not None:
        words.append(_word(pieces, start, at))
    return words


def uncommented(line: str, begin: int = 0) -> str:
    """Give a line without the comment behind it: a ``#`` that begins a word, as in a shell.

    Parameters
    ----------
    line : str
    begin : int
        Where the first word may start.
    """
    at, fresh = begin, True
    while at < len(line):
        if fresh and line[at] == "#":
            return line[:at]
        found = _PIECE.match(line, at)
        if found is None or found["open"] is not None:
            return line
        fresh = found["blank"] is not None
        at = found.end()
    return line


def _word(pieces: Sequence[tuple[str, bool]], start: int, end: int, *, open_: bool = False) -> Word:
    return Word("".join(text for text, _ in pieces), start, end, tuple(pieces), open_)


def expand(word: Word, names: Mapping[str, Any], line: str) -> Any:
    """Give the variable that a word stands for, or the word's text with the variables in it.

    ``$name`` and ``${name}`` are meant anywhere outside single quotes, ``{name}`` as a whole word only, so that JSON
    stays what it is; ``$$`` is the sign itself. A word that is nothing but a variable is its value, whatever that is;
    within a word a variable is text or a number.

    Raises
    ------
    UsageError
        There is no such variable, its value cannot stand within a word, or ``{name}`` stands within one.
    """
    if not word.literal:
        whole = _VARIABLE.fullmatch(word.text)
        if whole is not None:
            return _value(whole["dollar"] or whole["braced"] or whole["plain"], names, word, line)
    return "".join(_filled(text, names, word, line) if meant else text for text, meant in word.pieces)


def _filled(text: str, names: Mapping[str, Any], word: Word, line: str) -> str:
    def fill(found: re.Match[str]) -> str:
        if found["sign"]:
            return "$"
        if found["broken"]:
            raise UsageError(
                "'${' in a word begins a variable, and none follows.",
                where=place(line, word.start),
                hint="write ${name}, or put the word in single quotes",
            )
        name = found["bare"] or found["braced"]
        value = _value(name, names, word, line)
        if not isinstance(value, str | int | float | PurePath):
            raise UsageError(
                f"The variable {name!r} cannot stand within a word: it is a {type(value).__name__}.",
                where=place(line, word.start),
                hint=f"give ${name} as a word of its own, or make text of it in a cell above",
            )
        return str(value)

    braces = next((found for found in _IN_BRACES.finditer(text) if found["name"] in names), None)
    if braces:
        raise UsageError(
            f"{braces[0]!r} is the variable as a word of its own, and is not filled in within a word.",
            where=place(line, word.start),
            hint=f"write ${{{braces['name']}}}, or put the word in single quotes",
        )
    return _WITHIN.sub(fill, text)


def _value(name: str, names: Mapping[str, Any], word: Word, line: str) -> Any:
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
    return word.behind(found.start("value"))


def place(line: str, at: int) -> Place:
    """Point at a place of a magic's line, secrets masked."""
    return redact.place(Place(_LINE, column=at + 1, quote=line.rstrip("\n")))


def _meant(found: re.Match[str]) -> list[tuple[str, bool]]:
    """Give a piece of a word, cut where a backslash within double quotes takes a sign's meaning away."""
    if found["double"] is not None:
        parts = _ESCAPED.split(found["double"])
        return [(part, index % 2 == 0) for index, part in enumerate(parts) if part] or [("", True)]
    if found["bare"] is not None:
        return [(found["bare"], True)]
    return [(found["single"] if found["single"] is not None else found["escaped"], False)]
