"""Reading a Go cell without a compiler, and adding what every Go program has, without moving a line."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from wasmnb.compile.misspelt import misspelt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["CELL", "MAIN", "blanked", "main_sets", "never_called", "package", "registers", "setting", "whole"]

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
_MODULE = re.compile(r"^module[ \t]+\"?([^\s\"]+)", re.MULTILINE)
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


def setting(files: Mapping[str, str]) -> frozenset[str]:
    """Give the packages of a project that set the filter's context for its program, by their import paths."""
    found = set()
    modules = {name[: -len("go.mod")]: match[1] for name, text in files.items() if (match := _named(name, text))}
    for name, text in files.items():
        if not name.endswith(".go") or name.endswith("_test.go") or not _SET.search(blanked(text)):
            continue
        top = max((each for each in modules if name.startswith(each)), key=len, default=None)
        if top is not None and (package(text) or ("main", 0))[0] != "main":
            found.add(posixpath.join(modules[top], posixpath.dirname(name[len(top) :])))
    return frozenset(found)


def main_sets(source: str, packages: Iterable[str] = ()) -> int | None:
    """Say where the ``main`` begins that sets the filter's context, which runs in no proxy; None for no such one.

    Parameters
    ----------
    source : str
    packages : iterable of str
        Those that set it for a program which calls them (`setting`).
    """
    code = blanked(source)
    begin = _MAIN.search(code)
    if begin is None:
        return None
    body = _braced(code, begin.end())
    if _SET.search(body):
        return begin.start()
    for path in packages:
        named = re.search(rf'(?P<name>[A-Za-z_]\w*)?[ \t]*"{re.escape(path)}"', source)
        name = (named["name"] if named and named["name"] != "import" else None) or posixpath.basename(path)
        if named and re.search(rf"\b{re.escape(name)}\s*\.\s*\w+\s*\(", body):
            return begin.start()
    return None


def _braced(code: str, start: int) -> str:
    """Give what stands in the next pair of braces."""
    begin = code.find("{", start)
    depth = 0
    for brace in re.finditer(r"[{}]", code[begin:] if begin >= 0 else ""):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return code[begin : begin + brace.end()]
    return code[start:]


def _named(name: str, text: str) -> re.Match[str] | None:
    return _MODULE.search(text) if posixpath.basename(name) == "go.mod" else None


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
