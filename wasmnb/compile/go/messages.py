"""What the Go compiler says, as objects that know the cell's own lines."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.compile.diagnostics import Diagnostic, line_of
from wasmnb.compile.go.modules import SDK
from wasmnb.compile.go.source import CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["hint", "parse", "shortened"]

# file:line[:column]: message; the go command and the compiler both write it.
_MESSAGE = re.compile(r"(?P<file>[^\s:][^:\n]*\.go):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.*)")
_PLACELESS = re.compile(r"(?:go: |[\w./]+: )(?P<message>.+)")
# Where Go looked, and flags that are ours.
_TAIL = re.compile(r" \(/\S+\)$|: import lookup disabled by -mod=readonly$|; to add(?: it)?:$")
_PACKAGES = {"proxywasm": f"{SDK}/proxywasm", "types": f"{SDK}/proxywasm/types"}
_UNDEFINED = re.compile(rf"undefined: ({'|'.join(_PACKAGES)})\b")
_HINTS = (
    (r"tetratelabs/proxy-wasm-go-sdk", f"that SDK is for TinyGo; import {SDK}/proxywasm instead"),
    (r"is not in std", "check the import's name"),
    (
        r"no required module provides package|cannot find module providing package|import lookup disabled",
        "name the module in the cell's first line, with its version: // deps: github.com/tidwall/gjson@v1.18.0",
    ),
    (r"imported and not used", "remove the import, or put _ before it"),
    (
        r"missing method|does not implement \w*\.?(?:VM|Plugin|Http|Tcp)Context",
        "embed the default in your struct: types.DefaultVMContext, DefaultPluginContext, DefaultHttpContext",
    ),
)


def parse(messages: str, source: str, first_line: int) -> tuple[Diagnostic, ...]:
    """Read what ``go build`` wrote.

    Parameters
    ----------
    messages : str
        Its standard error.
    source : str
        The cell's source.
    first_line : int
        The number, in the cell, of the source's first line.

    Returns
    -------
    tuple of Diagnostic
        In the compiler's order; lines that belong to a message are its notes.
    """
    found: list[Diagnostic] = []
    for text in messages.splitlines():
        if text.startswith("#") or not text.strip() or text.endswith("too many errors"):
            continue
        match = _MESSAGE.match(text)
        if match:
            found.append(_located(match, source, first_line))
        elif text[0].isspace() and found:
            note = Diagnostic("note", text.strip())
            found[-1] = replace(found[-1], notes=(*found[-1].notes, note))
        elif placeless := _PLACELESS.match(text):
            found.append(Diagnostic("error", placeless["message"]))
    return tuple(found)


def shortened(message: str) -> str:
    """Leave out of a message where Go looked, and flags that are ours."""
    return _TAIL.sub("", message)


def _located(match: re.Match[str], source: str, first_line: int) -> Diagnostic:
    name = match["file"].rsplit("/", 1)[-1]
    line, column = int(match["line"]), int(match["column"] or 0)
    message = shortened(match["message"])
    if name != CELL:
        return Diagnostic("error", message, line, column, "", name)
    quote = line_of(source, line, first_line)
    # Go counts bytes, people count characters.
    column = len(quote.encode()[: column - 1].decode(errors="ignore")) + 1 if column else 0
    return Diagnostic("error", message, line, column, quote)


def hint(found: Sequence[Diagnostic]) -> str:
    """Give the way out of what a filter's author often meets; empty when there is none."""
    undefined = {match[1] for each in found if (match := _UNDEFINED.search(each.message))}
    if undefined:
        # One that is not used would be the next error.
        return "import " + " and ".join(f'"{_PACKAGES[name]}"' for name in sorted(undefined))
    for diagnostic in found[:4]:
        for pattern, text in _HINTS:
            if re.search(pattern, f"{diagnostic.message} {diagnostic.quote}"):
                return text
    return ""
