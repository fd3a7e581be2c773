"""Reading C++ text without a compiler: what is code, which headers come first, which root ids are registered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Source", "root_ids"]

_TOKEN = re.compile(
    r"""
      (?P<comment> //(?:\\\r?\n|[^\n])* | /\*.*?(?:\*/|\Z) )
    | (?P<raw> \b(?:u8|[uUL])?R"(?P<fence>[^()\\\s]{0,16})\(.*?(?:\)(?P=fence)"|\Z) )
    | (?P<number> \b\d(?:'?[\w.])* )
    | (?P<string> "(?:\\.|[^"\\\n])*(?:"|$) | '(?:\\.|[^'\\\n])*(?:'|$) )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_OFF = re.compile(r"^[ \t]*#[ \t]*if[ \t]+(?:0|false)\b")
_IF = re.compile(r"^[ \t]*#[ \t]*if")
_END = re.compile(r"^[ \t]*#[ \t]*(?:endif|else|elif)\b")
_INCLUDE = re.compile(r"[ \t]*#[ \t]*include[ \t]*(?P<name><[^>\n]+>|\"[^\"\n]+\")")
_SDK = re.compile(r"""[<"](?:[^>"]*/)?proxy_wasm_\w+\.h[>"]""")
_MESSAGES = re.compile(r"""[<"](?:google/protobuf/.*|.*\.pb\.h|(?:.*/)?proxy_wasm_intrinsics_(?:full|lite)\.h)[>"]""")
_REGISTER = re.compile(r"\bRegisterContextFactory\b(?:\s+[A-Za-z_]\w*)?\s*(?P<open>[({])")
_LITERAL = re.compile(
    r"""(?:u8|[uUL])?(?:R"(?P<fence>[^()\\\s]*)\((?P<raw>.*?)\)(?P=fence)"|"(?P<plain>(?:\\.|[^"\\])*)")""", re.DOTALL
)
_WRAPPED = re.compile(
    r"""(?:std\s*::\s*)?(?:string|string_view|StringView)\s*[({]\s*(?P<inner>.*?)\s*[)}]\s*""", re.DOTALL
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_OPENS_STD = re.compile(r"\busing\s+namespace\s+(?:::\s*)?std\b(?!\s*::)")
_OPENING, _CLOSING = "([{", ")]}"
# In front of a name these make no declaration of it.
_NOT_TYPES = frozenset(
    {"return", "co_return", "co_await", "co_yield", "else", "do", "case", "throw", "new", "delete", "not"}
)


@dataclass(frozen=True)
class Source:
    """The text of a cell, or of a header of the user's."""

    text: str

    @cached_property
    def plain(self) -> str:
        """The text with comments blanked; every character keeps its place."""
        return _TOKEN.sub(lambda match: _blank(match[0]) if match["comment"] else match[0], self.text)

    @cached_property
    def code(self) -> str:
        """The text with comments, the content of literals and ``#if 0`` parts blanked; characters keep their places."""
        return _without_disabled(_TOKEN.sub(_hidden, self.text))

    @property
    def empty(self) -> bool:
        """Whether there is nothing but space and comments."""
        return not self.plain.strip()

    @cached_property
    def includes(self) -> tuple[str, ...]:
        """Every header that is named, with its brackets or quotes."""
        found = (_INCLUDE.match(line) for line in _without_disabled(self.plain).split("\n"))
        return tuple(match["name"] for match in found if match)

    @property
    def uses_sdk(self) -> bool:
        """Whether it includes one of the SDK's headers."""
        return any(_SDK.fullmatch(name) for name in self.includes)

    @property
    def uses_messages(self) -> bool:
        """Whether it includes protobuf messages, or what works with them."""
        return any(_MESSAGES.fullmatch(name) for name in self.includes)

    @property
    def opens_std(self) -> bool:
        """Whether it finds the standard library's names without ``std::``, so that its own may not be the same."""
        return _OPENS_STD.search(self.code) is not None

    @cached_property
    def preamble(self) -> tuple[str, ...]:
        """The ``<...>`` headers that come before anything else: these can be compiled beforehand."""
        names = []
        for line in self.plain.split("\n"):
            match = _INCLUDE.match(line)
            if match:
                names.append(match["name"])
            elif line.strip():
                break
        return tuple(sorted({name for name in names if name.startswith("<") and not _SDK.fullmatch(name)}))

    def position(self, offset: int) -> tuple[int, int]:
        """Give line and column, both from 1, of a character."""
        return self.text.count("\n", 0, offset) + 1, offset - (self.text.rfind("\n", 0, offset) + 1) + 1

    def find(self, name: str) -> tuple[int, int] | None:
        """Give line and column where a name is used, rather than where it is declared; None when it is not there."""
        places = [match.start() for match in re.finditer(rf"(?<![\w]){re.escape(name)}(?!\w)", self.code)]
        uses = [place for place in places if not self._declares(place)]
        return self.position((uses or places)[0]) if places else None

    def _declares(self, place: int) -> bool:
        before = self.code[:place].rstrip()
        word = re.search(r"[A-Za-z_]\w*$", before)
        if word:
            return word[0] not in _NOT_TYPES
        return bool(re.search(r"\w\s*[*&>]+$", before))


def root_ids(sources: Iterable[Source]) -> tuple[str, ...] | None:
    """Find the root ids that C++ text registers.

    ``RegisterContextFactory`` takes a context factory, a root factory, or both, and then the root id; without one it
    registers the empty id.

    Returns
    -------
    tuple of str or None
        In the order of the text, each once; None when an id is neither a literal nor a constant with a literal's value.
    """
    found: dict[str, None] = {}
    for source in sources:
        for match in _REGISTER.finditer(source.code):
            arguments = list(_arguments(source, match.end("open")))
            if not arguments or _is_declaration(arguments[0]):
                continue
            root_id = _root_id(source, arguments)
            if root_id is None:
                return None
            found[root_id] = None
    return tuple(found)


def _hidden(match: re.Match[str]) -> str:
    if match["number"]:
        return match[0]
    if match["comment"]:
        return _blank(match[0])
    start = match[0].find('"') if '"' in match[0] else 0
    return match[0][: start + 1] + _blank(match[0][start + 1 : -1]) + match[0][-1:]


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _without_disabled(code: str) -> str:
    if "#" not in code:
        return code
    lines, depth = [], 0
    for line in code.split("\n"):
        if depth:
            depth += bool(_IF.match(line)) - bool(_END.match(line) and (depth == 1 or "endif" in line))
            lines.append(_blank(line))
        else:
            depth = int(bool(_OFF.match(line)))
            lines.append(line)
    return "\n".join(lines)


def _arguments(source: Source, start: int) -> Iterator[str]:
    """Split what stands in brackets at its commas, with literals as they were written."""
    depth, begin = 0, start
    for offset in range(start, len(source.code)):
        letter = source.code[offset]
        if letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            depth -= 1
            if depth < 0:
                yield from filter(None, [source.plain[begin:offset].strip()])
                return
        elif letter == "," and depth == 0:
            yield source.plain[begin:offset].strip()
            begin = offset + 1


def _is_declaration(argument: str) -> bool:
    """Tell a constructor's parameter list (a filter may bring its own class) from arguments."""
    return re.match(r"(?:const\s+)?(?:ContextFactory|RootFactory|RegisterContextFactory)\b", argument) is not None


def _root_id(source: Source, arguments: list[str]) -> str | None:
    last = arguments[-1]
    literal = _literal(last)
    if literal is not None:
        return literal
    if re.search(r"\b(?:CONTEXT_FACTORY|ROOT_FACTORY)\b", last) or last.startswith(("[", "&")) or last == "nullptr":
        return ""
    if re.fullmatch(r"[\w:]+", last):
        name = re.escape(last.rsplit(":", 1)[-1])
        value = re.search(
            rf"(?:#[ \t]*define[ \t]+{name}[ \t]+|\b{name}\s*(?:\[\s*\]\s*)?[={{(]\s*)(?=[^;\n]*\")", source.plain
        )
        if value:
            return _literal(re.split(r"[;\n]", source.plain[value.end() :], maxsplit=1)[0].strip(" \t})"))
        if re.search(rf"\b{name}\s*\(", source.code):
            return ""
    return None


def _literal(text: str) -> str | None:
    """Give the value of adjacent string literals, also in ``std::string_view(...)``; None for anything else."""
    wrapped = _WRAPPED.fullmatch(text)
    rest, value = (wrapped["inner"] if wrapped else text).strip(), ""
    if rest in ("", "{}"):
        return "" if wrapped or rest else None
    while rest:
        match = _LITERAL.match(rest)
        if not match:
            return value if value and rest in ("s", "sv") else None
        value += match["raw"] if match["raw"] is not None else _unescaped(match["plain"])
        rest = rest[match.end() :].strip()
    return value


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        body = match[1]
        if body[0] in "xu" and len(body) > 1:
            return chr(int(body[1:], 16))
        return _ESCAPES.get(body, body)

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|.)", one, text, flags=re.DOTALL)
