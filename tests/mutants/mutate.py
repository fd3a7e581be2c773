"""One change of a filter's source at a time: a statement left out, a comparison turned, a callback emptied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mutant", "mutants"]

# What a statement does that may be left out, in C++ and in Rust.
_STATEMENT = re.compile(
    r"^(?P<indent> +)(?:self\.)?(?:\w*(?:[hH]eader|[mM]etric|[bB]uffer|[sS]haredData|local_?[rR]esponse|LocalResponse|"
    r"[rR]equest|_data|_body|refuse)\w*\(|\w+ = ).*;$",
    re.MULTILINE,
)
_TURNED = {
    " == ": " != ",
    " != ": " == ",
    " < ": " >= ",
    " > ": " <= ",
    " <= ": " > ",
    " >= ": " < ",
    " && ": " || ",
    " || ": " && ",
    "(!": "(",
    "return true;": "return false;",
    "return false;": "return true;",
    " + 1": " + 2",
    "Continue;": "StopIteration;",
    "StopIteration;": "Continue;",
}
_TURN = re.compile("|".join(re.escape(word) for word in sorted(_TURNED, key=len, reverse=True)))
_CALLBACK = re.compile(r"^  (?P<type>\w+) on\w+\([^)]*\) override \{\n(?P<body>.*?)^  \}\n", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.:\"'])(?P<number>\d{3})(?![\w.\"'])")


@dataclass(frozen=True)
class Mutant:
    """A changed source.

    Parameters
    ----------
    what : str
        The change, with the line it is in.
    source : str
    """

    what: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Give every change of a source, in its order; each one once."""
    found: dict[str, Mutant] = {}
    for one in (*_left_out(source), *_turned(source), *_emptied(source), *_numbers(source)):
        found.setdefault(one.source, one)
    return list(found.values())


def _line(source: str, at: int) -> str:
    start = source.rfind("\n", 0, at) + 1
    return source[start : source.find("\n", at)].strip()


def _left_out(source: str) -> Iterator[Mutant]:
    for match in _STATEMENT.finditer(source):
        if "const " not in match[0]:
            changed = source[: match.start()] + match["indent"] + ";" + source[match.end() :]
            yield Mutant(f"left out: {match[0].strip()}", changed)


def _turned(source: str) -> Iterator[Mutant]:
    for match in _TURN.finditer(source):
        line = _line(source, match.start())
        if not line.startswith(("//", "#include", "static Register")):
            changed = source[: match.start()] + _TURNED[match[0]] + source[match.end() :]
            yield Mutant(f"{match[0].strip()} is {_TURNED[match[0]].strip()}: {line}", changed)


def _emptied(source: str) -> Iterator[Mutant]:
    for match in _CALLBACK.finditer(source):
        value = "true" if match["type"] == "bool" else f"{match['type']}::Continue"
        changed = source[: match.start("body")] + f"    return {value};\n" + source[match.end("body") :]
        yield Mutant(f"emptied: {_line(source, match.start())}", changed)


def _numbers(source: str) -> Iterator[Mutant]:
    for match in _NUMBER.finditer(source):
        changed = source[: match.start()] + str(int(match["number"]) + 1) + source[match.end() :]
        line = _line(source, match.start())
        if not line.startswith("//"):
            yield Mutant(f"{match['number']} is {int(match['number']) + 1}: {line}", changed)
