"""Callbacks of a C++ filter that Envoy would never call: misspelt, with other parameters, or none at all."""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import TYPE_CHECKING

from wasmnb.compile.cpp.compiler import SDK
from wasmnb.compile.diagnostics import Diagnostic, line_of
from wasmnb.compile.errors import CompileError
from wasmnb.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.compile.cpp.source import Source

__all__ = ["doubtful", "nothing_overridden", "overriding_nothing"]

_VIRTUAL = re.compile(r"\bvirtual\s[^;(]*?\b(?P<name>on[A-Z]\w*|validateConfiguration)\s*\((?P<parameters>[^()]*)\)")
# A declaration in a class: a type in front of the name, and neither ``X::`` nor a call; ``override`` is the compiler's.
_DECLARED = re.compile(
    r"[\w>&*]\s+(?P<name>on[A-Z]\w*|validateConfiguration)\s*\((?P<parameters>[^()]*)\)\s*(?:const\s*)?(?:noexcept\s*)?(?=[{;])"
)
_NO_TYPE = re.compile(r"\b(?:return|else|new|delete|throw|case|do)\s+$")
_NEAR = 0.8
_MOST = 4
_METHOD = re.compile(r"^Dumping (?P<name>[\w:()<> ]+):\n(?P<body>CXXMethodDecl .*(?:\n(?!Dumping ).*)*)", re.MULTILINE)


@cache
def _known() -> dict[str, set[tuple[str, ...]]]:
    """Read the SDK's callbacks, with the types of their parameters."""
    known: dict[str, set[tuple[str, ...]]] = {}
    for match in _VIRTUAL.finditer((SDK / "include" / "proxy_wasm_context.h").read_text("utf-8")):
        known.setdefault(match["name"], set()).add(_types(match["parameters"]))
    return known


def _types(parameters: str) -> tuple[str, ...]:
    """Give the types of parameters, which may have names."""
    return tuple(part.split()[0] for part in parameters.split(",") if part.strip())


def doubtful(source: Source) -> dict[str, int]:
    """Find methods that may be meant as callbacks and do not say ``override``: their names, and where the first is."""
    found: dict[str, int] = {}
    for match in _DECLARED.finditer(source.code):
        name = match["name"]
        if _types(match["parameters"]) in _known().get(name, ()) or _NO_TYPE.search(source.code[: match.start("name")]):
            continue
        if name not in found and _meant(name):
            found[name] = match.start("name")
    return dict(list(found.items())[:_MOST])


def overriding_nothing(
    source: Source, first_line: int, names: Mapping[str, int], dump: Callable[[str], str]
) -> tuple[Diagnostic, ...]:
    """Warn of methods that override no callback, as the compiler sees it.

    Parameters
    ----------
    source : Source
    first_line : int
        The number, in the cell, of the source's first line.
    names : mapping of str to int
        Of `doubtful`.
    dump : callable
        Gives clang's syntax trees of what has a name.
    """
    made = []
    for name, offset in names.items():
        trees = [match for match in _METHOD.finditer(dump(name)) if match["name"].rpartition("::")[2] == name]
        # The SDK's own are virtual themselves.
        if not any("Overrides:" not in tree["body"] and " virtual" not in tree["body"] for tree in trees):
            continue
        line, column = source.position(offset)
        line += first_line - 1
        quote = line_of(source.text, line, first_line)
        made.append(Diagnostic("warning", _words(name), line, column, quote))
    return tuple(made)


def nothing_overridden(source: Source, first_line: int, warnings: Sequence[Diagnostic]) -> CompileError:
    """Refuse a filter whose contexts override no callback.

    Parameters
    ----------
    source : Source
    first_line : int
    warnings : sequence of Diagnostic
        What the compiler said; a misspelt callback among them is the likely cause.
    """
    near = [one for one in warnings if "Envoy never calls it" in one.message]
    place = source.find("Context") if not near else None
    where = near[0].place if near else Place("cell")
    if place is not None:
        line = place[0] + first_line - 1
        where = Place("cell", line, place[1], line_of(source.text, line, first_line))
    return CompileError(
        "The filter overrides no callback, so it would do nothing.",
        where=where,
        why=[one.message for one in near],
        hint="override one, for instance FilterHeadersStatus onResponseHeaders(uint32_t, bool) override",
        diagnostics=[*near, *(one for one in warnings if one not in near)],
        code="WNB2026",
    )


def _meant(name: str) -> str:
    if name in _known():
        return name
    return next(iter(difflib.get_close_matches(name, _known(), n=1, cutoff=_NEAR)), "")


def _words(name: str) -> str:
    meant = _meant(name)
    if meant == name:
        return f"{name!r} has other parameters than the callback, so Envoy never calls it; write 'override' behind it"
    return f"{name!r} overrides no callback, so Envoy never calls it; did you mean {meant!r}?"
