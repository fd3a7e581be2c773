"""Protobuf's text format, as far as cases are written in it (protobuf.dev/reference/protobuf/textformat-spec)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from wasmnb.cases.nodes import Tree
from wasmnb.cases.schema import LEVELS
from wasmnb.errors import ConfigError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_textproto"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?))
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>[{}<>\[\]:;,])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_WHOLE = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")
_FLAGS = {"true": True, "True": True, "t": True, "false": False, "False": False, "f": False}
# The fields that are switches: a number says them, too.
_SWITCHES = frozenset(["benchmark", "invert", "refused"])
_END = {"{": "}", "<": ">"}
# The fields of the format that may be there several times.
_REPEATED = frozenset(
    [
        "test",
        "header",
        "has_header",
        "no_header",
        "headers",
        "body",
        "log",
        "request_body",
        "response_body",
        "properties",
    ]
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


class _Parser:
    def __init__(self, text: str, source: str) -> None:
        self.tree = Tree(source, text, None, {(): 1})
        self.tokens = list(self._tokens(text))
        self.at = 0

    def _tokens(self, text: str) -> Iterator[_Token]:
        at, line = 0, 1
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.wrong(f"{text[at]!r} is not expected here", line)
            if match.lastgroup != "skip":
                yield _Token(str(match.lastgroup), match[0], line)
            line += match[0].count("\n")
            at = match.end()
        yield _Token("end", "", line)

    def wrong(self, what: str, line: int) -> ConfigError:
        lines = self.tree.text.splitlines()
        quote = lines[line - 1] if 0 < line <= len(lines) else ""
        return ConfigError(
            f"{self.tree.source} is not protobuf text: {what}.", where=Place(self.tree.source, line, 0, quote)
        )

    def taken(self, text: str) -> bool:
        if self.tokens[self.at].text == text and self.tokens[self.at].kind == "mark":
            self.at += 1
            return True
        return False

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def message(self, path: tuple[str | int, ...], end: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            token = self.take()
            if token.text == end and token.kind in ("mark", "end"):
                return found
            if token.kind != "name":
                raise self.wrong(f"{token.text or 'the end'!r} is not expected here", token.line)
            self._field(token, path, found)
            if not self.taken(","):
                self.taken(";")

    def _field(self, name: _Token, path: tuple[str | int, ...], found: dict[str, Any]) -> None:
        here: tuple[str | int, ...] = (*path, name.text)
        self.tree.lines.setdefault(here, name.line)
        colon = self.taken(":")
        if name.text not in _REPEATED:
            if name.text in found:
                raise self.wrong(f"{name.text} is there twice", name.line)
            found[name.text] = self._value(here, colon=colon)
            return
        many = found.setdefault(name.text, [])
        several = self.taken("[")
        while not (several and self.taken("]")):
            many.append(self._value((*here, len(many)), colon=colon))
            if not several:
                return
            self.taken(",")

    def _value(self, path: tuple[str | int, ...], *, colon: bool) -> Any:
        token = self.take()
        self.tree.lines.setdefault(path, token.line)
        if token.text in _END and token.kind == "mark":
            return self.message(path, _END[token.text])
        if not colon or token.kind not in ("text", "number", "name"):
            raise self.wrong(f"{token.text or 'the end'!r} is not expected here", token.line)
        if token.kind == "text":
            parts = [token.text]
            while self.tokens[self.at].kind == "text":
                parts.append(self.take().text)
            try:
                return b"".join(map(_unquoted, parts)).decode("utf-8", "surrogateescape")
            except ValueError:
                raise self.wrong("it escapes a number that is no character", token.line) from None
        if token.kind == "number":
            return self._number(path, token)
        return _FLAGS.get(token.text, token.text)

    def _number(self, path: tuple[str | int, ...], token: _Token) -> Any:
        if not _WHOLE.fullmatch(token.text):
            return float(token.text)
        octal = token.text.lstrip("+-").startswith("0") and token.text.lstrip("+-").isdigit()
        number = int(token.text, 8 if octal else 0)
        name = path[-1]
        if name == "log_level" and 0 <= number < len(LEVELS):
            return LEVELS[number]
        return bool(number) if name in _SWITCHES and number in (0, 1) else number


def _unquoted(text: str) -> bytes:
    return _ESCAPE.sub(_unescaped, text[1:-1].encode("utf-8", "surrogateescape"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    byte, octal, short, long, letter = match.groups()
    point = short or long
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8) & 0xFF])
    return chr(int(point, 16)).encode() if point else _LETTERS.get(letter, letter)


def read_textproto(text: str, source: str) -> Tree:
    """Read protobuf's text format.

    Raises
    ------
    ConfigError
        It is none.
    """
    parser = _Parser(text, source)
    value = parser.message((), "")
    return Tree(source, text, value, parser.tree.lines)
