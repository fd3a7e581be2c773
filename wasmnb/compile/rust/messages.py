"""What rustc says, as diagnostics with the cell's lines (``--error-format=json``, The rustc book, "JSON Output")."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from wasmnb.compile.diagnostics import Diagnostic, Edit, Fix, line_of
from wasmnb.compile.errors import CompileError, listed
from wasmnb.errors import ToolchainError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wasmnb.compile.process import Finished

__all__ = ["CELL", "compile_error", "missing_crate", "offered", "read"]

#: The name under which the compiler sees the cell; a panic's message has it, with the line.
CELL = "cell.rs"

_SHOWN = 4
_PLACEHOLDERS = "HasPlaceholders"
_SEVERITIES = {"error": "error", "error: internal compiler error": "error", "warning": "warning"}
_CLOSING = re.compile(r"aborting due to|\d+ warnings? emitted|For more information about")

_USE = "begin the cell with: use proxy_wasm::traits::*; use proxy_wasm::types::*;"
_SDK = r"\w*Context|Action|ContextType|LogLevel|Status|MetricType|Bytes|BufferType|MapType|StreamType"
_CRATE = re.compile(
    r"(?:unresolved import|unlinked crate|unresolved module or|undeclared (?:crate or module|type)"
    r"|can't find crate for)[^`]*`(?P<name>\w+)[^[]*\[E04(?:32|33|63)\]"
)


def read(messages: str, source: str, first_line: int = 1) -> tuple[Diagnostic, ...]:
    """Read what rustc wrote.

    Parameters
    ----------
    messages : str
        Its standard error: one JSON object per line.
    source : str
        The cell's source.
    first_line : int
        The number, in the cell, of the source's first line.

    Returns
    -------
    tuple of Diagnostic
        In the compiler's order.
    """
    reader = _Reader(source, first_line)
    found = []
    for line in messages.splitlines():
        item = _object(line)
        severity = _SEVERITIES.get(item.get("level", ""))
        if severity and not _CLOSING.match(item["message"]):
            found.append(reader.diagnostic(item, severity))
    return tuple(found)


def _object(line: str) -> dict[str, Any]:
    try:
        item = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return item if isinstance(item, dict) and "message" in item else {}


class _Reader:
    """Turns the compiler's objects into ours."""

    def __init__(self, source: str, first_line: int) -> None:
        self.source = source
        self.first = first_line
        self.last = first_line + source.count("\n")

    def diagnostic(self, item: dict[str, Any], severity: str) -> Diagnostic:
        spans = item["spans"]
        primary = next((span for span in spans if span["is_primary"]), None)
        place = self._in_cell(primary) or next((at for at in map(self._in_cell, spans) if at), None)
        message = item["message"].split("\n", 1)[0]
        label = (primary or {}).get("label") or ""
        if label and label not in message:
            message += f": {label}"
        if code := (item.get("code") or {}).get("code", ""):
            message += f" [{code}]"
        line, column, end_line, end_column = place or (0, 0, 0, 0)
        notes, quote = tuple(self._notes(item, primary)), line_of(self.source, line, self.first)
        fixes = tuple(self._fixes(item))
        return Diagnostic(severity, message, line, column, quote, "cell", notes, end_line, end_column, fixes)

    def _notes(self, item: dict[str, Any], primary: dict[str, Any] | None) -> Iterator[Diagnostic]:
        for span in item["spans"]:
            place = self._in_cell(span)
            if span is not primary and span["label"] and place:
                yield Diagnostic("note", span["label"], place[0], place[1], line_of(self.source, place[0], self.first))
        for child in item["children"]:
            text = child["message"].strip()
            text += offered(child)
            place = next((at for at in map(self._in_cell, child["spans"]) if at), (0, 0, 0, 0))
            yield Diagnostic(child["level"], text, place[0], place[1], line_of(self.source, place[0], self.first))

    def _fixes(self, item: dict[str, Any]) -> Iterator[Fix]:
        """Give what the compiler would change in the cell itself, without what it only hints at with placeholders."""
        for child in item["children"]:
            spans = [span for span in child["spans"] if span["suggested_replacement"] is not None]
            own = [
                span for span in spans if span["file_name"] == CELL and self.first <= span["line_start"] <= self.last
            ]
            if not spans or own != spans or any(span["suggestion_applicability"] == _PLACEHOLDERS for span in spans):
                continue
            edits = tuple(Edit(*_range(span), span["suggested_replacement"]) for span in spans)
            yield Fix(child["message"].split("\n", 1)[0], edits)

    def _in_cell(self, span: dict[str, Any] | None) -> tuple[int, int, int, int] | None:
        """Follow a macro outwards to where the cell uses it: lines and columns, from and to."""
        while span is not None:
            if span["file_name"] == CELL and self.first <= span["line_start"] <= self.last:
                return _range(span)
            span = (span.get("expansion") or {}).get("span")
        return None


def offered(child: dict[str, Any]) -> str:
    """Give what a compiler's help would write in the source, where it does not say that itself."""
    offers = [span["suggested_replacement"] for span in child["spans"] if span["suggested_replacement"]]
    if not offers or not offers[0].strip() or "\n" in offers[0].strip() or f"`{offers[0]}`" in child["message"]:
        return ""
    return f": `{offers[0].strip()}`"


def missing_crate(message: str) -> str:
    """Give the name that a source has of a crate which nobody asked for; empty where none is missing."""
    missing = _CRATE.search(message)
    known = missing and (not missing["name"][:1].islower() or missing["name"] in ("crate", "self", "super"))
    return missing["name"] if missing and not known else ""


def _range(span: dict[str, Any]) -> tuple[int, int, int, int]:
    return int(span["line_start"]), int(span["column_start"]), int(span["line_end"]), int(span["column_end"])


def compile_error(found: Sequence[Diagnostic], finished: Finished) -> CompileError | ToolchainError:
    """Make an error of what the compiler said: every place with its line."""
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    if not errors or finished.code < 0:
        return ToolchainError(
            "The Rust compiler crashed.",
            why=[error.message for error in errors[:1]] or finished.messages.strip().splitlines()[-4:],
            hint=Wording("change the lines you edited last; if that does not help, run {}", Verb("doctor")),
            code="WNB2005",
        )
    first = next((error for error in errors if error.line), errors[0])
    others = [error for error in errors if error is not first]
    why = [f"{note.place}: {note.message}" for note in first.notes if note.line][:2]
    why += [note.message for note in first.notes if not note.line and note.severity != "help"][:2]
    why += listed(others)
    return CompileError(
        f"The cell does not compile: {first.message.rstrip('.')}.",
        where=first.place,
        why=why,
        hint=_hint(first, errors),
        diagnostics=found,
    )


def _hint(first: Diagnostic, errors: Sequence[Diagnostic]) -> str:
    for error in errors[:_SHOWN]:
        if re.search(rf"cannot find (?:\w+, )*(?:\w+ or )?\w+ `(?:{_SDK})`", error.message):
            return _USE
        if name := missing_crate(error.message):
            return f'if {name!r} is a crate, ask for it at the top of the cell: // deps: {name} = "1"'
    return next((note.message for note in first.notes if note.severity == "help"), "")
