"""A lexer for Pygments: a filter's cell, which is a magic line above a body in a language; nbconvert's pages use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Name

from wasmnb.cell_magic import OURS, line_end, said
from wasmnb.compile.languages import LANGUAGES, guess

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CellLexer", "language_of"]

_LANG = re.compile(r"(?:^|\s)(?:--lang(?:uage)?|-l)[\s=]+[\"']?([\w+]+)")
_BODIES = {"cpp": "C++", "rust": "Rust", "go": "Go", "assemblyscript": "TypeScript"}
_FILES = {
    ".h": "C++",
    ".hh": "C++",
    ".hpp": "C++",
    ".json": "JSON",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".proto": "protobuf",
}
_LEXERS = {
    "C++": "cpp",
    "Go": "go",
    "JSON": "json",
    "Rust": "rust",
    "TypeScript": "typescript",
    "YAML": "yaml",
    "protobuf": "protobuf",
}


class CellLexer(Lexer):
    """The magic line as one word, and the body as its language has it."""

    name = "wasmnb cell"
    aliases = ("wasmnb-cell",)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Give the pieces of a cell: where each begins, what it is, and its text."""
        head = 0
        if (found := OURS.match(text)) is not None:
            above, head = found.end("above"), line_end(text, found.end())
            if above:
                yield 0, Comment, text[:above]
            yield above, Name.Decorator, text[above:head]
        inner = get_lexer_by_name(_LEXERS.get(language_of(text) or "", "text"))
        for place, kind, piece in inner.get_tokens_unprocessed(text[head:]):
            yield head + place, kind, piece


def language_of(cell: str) -> str | None:
    """Name the language of a cell's body as the lab extension does; None for a cell that is not ours."""
    found = OURS.match(cell)
    if found is None:
        return None
    end = line_end(cell, found.end())
    magic, line = found["magic"], said(cell[found.end() : end])
    if magic == "test":
        return "YAML"
    if magic == "file":
        path = (line.split() or [""])[0]
        suffix = path[path.rfind(".") :] if "." in path else ""
        word = next((name for name, one in LANGUAGES.loaded().items() if suffix in one.suffixes), "")
        return _BODIES.get(word) or _FILES.get(suffix, "C++")
    chosen = _LANG.search(line)
    word = chosen[1].lower() if chosen else ""
    for name, one in LANGUAGES.loaded().items():
        if word in (name, *one.spellings):
            return _BODIES.get(name, "C++")
    return _BODIES.get(guess(cell[end:], "cpp").language, "C++")
