"""Compilers' messages in the log of a build in a container."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["WORK", "diagnostics_of"]

#: Where the folder is in the container.
WORK = PurePosixPath("/work")

_MOST_SOURCE = 4 * 1024 * 1024

# clang, gcc and zig: "file:line:column: severity: message"; rustc's --error-format=short adds its code.
_CLANG = re.compile(
    r"(?P<file>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): "
    r"(?P<severity>fatal error|error|warning|note)(?P<code>\[\w+\])?: (?P<message>.*)"
)
# rustc: "error[E0425]: message", and the place in a line of its own below.
_RUST = re.compile(r"(?P<severity>error|warning)(?P<code>\[\w+\])?: (?P<message>.*)")
_RUST_PLACE = re.compile(r"\s*--> (?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+)\s*$")
# go and tinygo know nothing but errors.
_GO = re.compile(r"(?P<file>[^\s:][^:]*\.go):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)")


def diagnostics_of(lines: Iterable[str], folder: Path) -> tuple[Diagnostic, ...]:
    """Find the messages of compilers (clang, gcc, zig, rustc, go) in a log.

    Parameters
    ----------
    lines : iterable of str
    folder : pathlib.Path
        The folder that was built, to quote lines from.

    Returns
    -------
    tuple of Diagnostic
        In the log's order, none twice; ``text`` is a path in the folder, or what the compiler called the file.
    """
    found: list[Diagnostic] = []
    pending: Diagnostic | None = None
    for line in lines:
        place = _RUST_PLACE.match(line)
        if pending is not None and place:
            found.append(_located(place, pending.severity, pending.message, folder))
            pending = None
        elif match := _CLANG.match(line):
            found, pending = _with(found, pending), None
            severity = "error" if match["severity"] == "fatal error" else match["severity"]
            diagnostic = _located(match, severity, match["message"], folder)
            if severity == "note" and found:
                found[-1] = replace(found[-1], notes=(*found[-1].notes, diagnostic))
            else:
                found.append(diagnostic)
        elif match := _RUST.match(line):
            found, pending = _with(found, pending), Diagnostic(match["severity"], match["message"], text="")
        elif match := _GO.match(line):
            found.append(_located(match, "error", match["message"], folder))
    return tuple(dict.fromkeys(_with(found, pending)))


def _with(found: list[Diagnostic], pending: Diagnostic | None) -> list[Diagnostic]:
    """Keep a message that was given no place: a linker's, or cargo's own summary behind real ones."""
    return found if pending is None or any(item.line for item in found) else [*found, pending]


def _located(match: re.Match[str], severity: str, message: str, folder: Path) -> Diagnostic:
    name, line, column = match["file"], int(match["line"]), int(match["column"])
    path = PurePosixPath(name)
    if path.is_absolute() and path.is_relative_to(WORK):
        name = str(path.relative_to(WORK))
    quote = _quote(folder, name, line)
    if quote and path.suffix != ".rs":
        # clang, gcc and go count bytes; rustc, as people do, characters.
        column = len(quote.encode()[: column - 1].decode(errors="ignore")) + 1
    return Diagnostic(severity, message, line, column, quote, name.removeprefix("./"))


def _quote(folder: Path, name: str, line: int) -> str:
    """Read a line of a file of the folder; nothing when it lies elsewhere, or cannot be read."""
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file() or path.stat().st_size > _MOST_SOURCE:
            return ""
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except (OSError, ValueError):
        return ""
    return lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""
