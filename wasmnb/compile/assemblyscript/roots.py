"""What the text of an AssemblyScript filter tells: its root contexts, and methods that Envoy never calls.

The SDK keeps the last root context that is registered, whatever it is called.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING

from wasmnb.compile.diagnostics import Diagnostic, line_of
from wasmnb.compile.errors import CompileError
from wasmnb.compile.misspelt import misspelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["never_called", "registered", "registered_in", "several_roots"]

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)""",
    re.DOTALL,
)
_METHOD = re.compile(
    r"^[ \t]+(?:public[ \t]+)?(?P<name>(?:on|validate|create)[A-Z]\w*)[ \t]*\([^()]*\)[ \t]*(?::[ \t]*[\w.]+)?[ \t]*\{",
    re.MULTILINE,
)
# @gcoredev/proxy-wasm-sdk-as, runtime.ts.
_CALLBACKS = (
    *("createContext", "validateConfiguration", "onConfigure", "onStart", "onTick", "onQueueReady"),
    *("onHttpCallResponse", "onDone", "onLog", "onDelete"),
    *("onRequestHeaders", "onRequestMetadata", "onRequestBody", "onRequestTrailers"),
    *("onResponseHeaders", "onResponseMetadata", "onResponseBody", "onResponseTrailers"),
    *("onNewConnection", "onDownstreamData", "onUpstreamData", "onDownstreamConnectionClose"),
    "onUpstreamConnectionClose",
)
_REGISTER = re.compile(r"(?<![\w.])registerRootContext\s*\(")
_IMPORT = re.compile(r"""(?<![\w.])(?:from|import)\s*(?P<path>"\.[^"\n]*"|'\.[^'\n]*')""")
_NAME = re.compile(r"""[\s,](?P<name>"[^"]*"|'[^']*'|`[^`$]*`)\s*,?\s*$""")


def never_called(source: str) -> Iterator[tuple[int, str]]:
    """Find methods that are named nearly as a callback of the SDK: where each name is, and what to say of it."""
    return misspelt(_TOKEN.sub(_hidden, source), _METHOD, _CALLBACKS)


def registered(source: str) -> tuple[tuple[int, str | None], ...]:
    """Find the calls of ``registerRootContext``: where each is, and its root id; None where that is not a literal."""
    code = _TOKEN.sub(_hidden, source)
    plain = _TOKEN.sub(lambda match: _blank(match[0]) if match["comment"] else match[0], source)
    return tuple((match.start(), _root_id(code, plain, match.end())) for match in _REGISTER.finditer(code))


def registered_in(files: Mapping[str, str], main: str) -> list[tuple[str, int, str | None]]:
    """Find the calls of ``registerRootContext`` in a program of several files: file, offset and root id of each."""
    known, todo = [main], [main]
    while todo:
        path = todo.pop()
        plain = _TOKEN.sub(lambda match: _blank(match[0]) if match["comment"] else match[0], files[path])
        for match in _IMPORT.finditer(plain):
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), match["path"][1:-1]))
            for name in (f"{there}.ts", f"{there}/index.ts", there):
                if name in files and name not in known:
                    known.append(name)
                    todo.append(name)
    return [(path, offset, name) for path in known for offset, name in registered(files[path])]


def several_roots(
    source: str, first_line: int, offset: int, number: int, *, file: str = "", way_out: str = "write one cell"
) -> CompileError:
    """Refuse a filter of which the SDK would silently run the last root context alone.

    Parameters
    ----------
    source : str
        Where the second one is registered.
    first_line : int
        The number, in the cell, of the source's first line.
    offset : int
        Of the second call of ``registerRootContext``.
    number : int
        Of root contexts.
    file : str
        Of a project; empty for a cell.
    way_out : str
        What to make for each root context.
    """
    line = source.count("\n", 0, offset) + first_line
    column = offset - source.rfind("\n", 0, offset)
    message = "a second root context is registered, and the SDK keeps only the last one, whichever root id is deployed"
    place = Diagnostic("error", message, line, column, line_of(source, line, first_line), file)
    return CompileError(
        f"The filter registers {number} root contexts, and AssemblyScript's SDK would run only the last one.",
        where=place.place,
        hint=f"{way_out} for each root context",
        diagnostics=[place],
        code="WNB2027",
    )


def _hidden(match: re.Match[str]) -> str:
    return _blank(match[0]) if match["comment"] else match[0][0] + _blank(match[0][1:-1]) + match[0][-1]


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _root_id(code: str, plain: str, start: int) -> str | None:
    depth = 1
    for offset in range(start, len(code)):
        depth += (code[offset] in "([{") - (code[offset] in ")]}")
        if not depth:
            literal = _NAME.search(plain[start:offset])
            return _value(literal["name"]) if literal else None
    return None


def _value(literal: str) -> str | None:
    inner = literal[1:-1]
    return inner if "\\" not in inner else _unescaped(inner)


def _unescaped(inner: str) -> str | None:
    try:
        return str(json.loads(f'"{inner}"'))
    except ValueError:
        return None
