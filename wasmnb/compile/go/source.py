"""Reading a Go cell without a compiler, and adding what every Go program has, without moving a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmnb.compile.misspelt import misspelt

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CELL", "MAIN", "blanked", "never_called", "package", "registers", "whole"]

#: The name under which the compiler sees the cell.
CELL = "cell.go"
#: What a reactor needs and never runs.
MAIN = "package main\n\nfunc main() {}\n"

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|`[^`]*(?:`|\Z)|\"(?:\\.|[^\"\\\n])*(?:\"|$)|'(?:\\.|[^'\\\n])*(?:'|$)",
    re.DOTALL | re.MULTILINE,
)
_PACKAGE = re.compile(r"\s*package[ \t]+(?P<name>\w+)")
_MAIN = re.compile(r"^func[ \t]+main[ \t]*\(", re.MULTILINE)
_SET = re.compile(r"\bSet(?:VM|Plugin|Http|Tcp)Context\s*\(")
_METHOD = re.compile(r"^func[ \t]*\([^)]*\)[ \t]*(?P<name>(?:On|New)[A-Z]\w*)[ \t]*\(", re.MULTILINE)
# proxy-wasm-go-sdk, proxywasm/types/context.go.
_CALLBACKS = (
    *("OnVMStart", "NewPluginContext", "OnPluginStart", "OnPluginDone", "OnQueueReady", "OnTick"),
    *("NewHttpContext", "OnHttpRequestHeaders", "OnHttpRequestBody", "OnHttpRequestTrailers", "OnHttpResponseHeaders"),
    *("OnHttpResponseBody", "OnHttpResponseTrailers", "OnHttpStreamDone"),
    *("NewTcpContext", "OnNewConnection", "OnDownstreamData", "OnDownstreamClose", "OnUpstreamData", "OnUpstreamClose"),
    "OnStreamDone",
)
_FUNCTION = re.compile(r"^func[ \t]+(?:\([^)]*\)[ \t]*)?(?P<name>\w+)", re.MULTILINE)


def blanked(source: str) -> str:
    """Give the source with comments and literals blanked; every character keeps its place."""
    return _TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)


def never_called(source: str) -> Iterator[tuple[int, str]]:
    """Find methods that are named nearly as a callback of the SDK: where each name is, and what to say of it."""
    return misspelt(blanked(source), _METHOD, _CALLBACKS)


def package(source: str) -> tuple[str, int] | None:
    """Give the package's name and the offset of that name; None when the cell has no package clause."""
    match = _PACKAGE.match(blanked(source))
    return (match["name"], match.start("name")) if match else None


def registers(source: str) -> tuple[str, int] | None:
    """Find where the filter's context is set.

    Returns
    -------
    tuple of str and int, or None
        The name of the function around it and its offset; None when none is set.
    """
    code = blanked(source)
    match = _SET.search(code)
    if match is None:
        return None
    around = [found["name"] for found in _FUNCTION.finditer(code, 0, match.start())]
    return (around[-1] if around else ""), match.start()


def whole(source: str, first_line: int) -> dict[str, bytes]:
    """Give the files of a program.

    Parameters
    ----------
    source : str
    first_line : int
        The cell's number of the source's first line: the compiler counts from it too.

    Returns
    -------
    dict of str to bytes
    """
    text = "\n" * (first_line - 1)
    if package(source) is None:
        # The directive (go doc cmd/compile, "Compiler Directives") sets line and column of the character behind it.
        text += f"package main; /*line {CELL}:{first_line}:1*/"
    files = {CELL: (text + source).encode(errors="replace")}
    if not _MAIN.search(blanked(source)):
        files["main.go"] = MAIN.encode()
    return files
