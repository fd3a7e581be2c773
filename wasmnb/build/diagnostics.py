"""What a compiler says, as objects that know the cell's own lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import CompileError, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CELL", "Diagnostic", "in_file", "line_of", "parse"]

#: The name under which the compiler sees the cell.
CELL = "cell.cc"
_CELL = "cell"  # what messages call it

# clang's text form, unchanged for fifteen years: file:line:column: severity: message [-Wflag]. Its SARIF form still
# calls itself unstable.
_MESSAGE = re.compile(
    r"(?P<file>[^\n:]+):(?P<line>\d+):(?P<column>\d+): (?P<severity>fatal error|error|warning|note): (?P<message>.*)"
)
_PLACELESS = re.compile(r"(?P<severity>fatal error|error|warning): (?P<message>.*)")
_INCLUDED = re.compile(rf"(?:In file included from|\s+from) {re.escape(CELL)}:(?P<line>\d+)[:,]")


@dataclass(frozen=True)
class Diagnostic:
    """One message of a compiler or linker.

    Parameters
    ----------
    severity : str
        ``error``, ``warning`` or ``note``.
    message : str
        In the compiler's words.
    line : int
        1-based line in the cell; 0 when it is about no line of it.
    column : int
        1-based column in characters; 0 when unknown.
    quote : str
        The line as the user wrote it.
    text : str
        What the place is called: ``cell``, or a header's name.
    notes : tuple of Diagnostic
        What the compiler adds to it.
    """

    severity: str
    message: str
    line: int = 0
    column: int = 0
    quote: str = ""
    text: str = "cell"
    notes: tuple[Diagnostic, ...] = ()

    @property
    def place(self) -> Place:
        """The place, as an error wants it."""
        return Place(self.text, self.line, self.column, self.quote)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON."""
        return {
            "severity": self.severity,
            "message": self.message,
            "line": self.line,
            "column": self.column,
            "quote": self.quote,
            "text": self.text,
            "notes": [note.to_dict() for note in self.notes],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Diagnostic:
        """Read what `to_dict` gave."""
        return cls(**{**data, "notes": tuple(cls.from_dict(note) for note in data["notes"])})

    def __str__(self) -> str:
        return f"{self.place}: {self.severity}: {self.message}"


def line_of(source: str, line: int, first_line: int) -> str:
    """Give a line of the cell by its number in the cell; empty when there is none."""
    lines = source.split("\n")
    index = line - first_line
    return lines[index].rstrip("\r") if 0 <= index < len(lines) else ""


def parse(messages: str, source: str, first_line: int = 1) -> tuple[Diagnostic, ...]:
    """Read what clang wrote.

    Parameters
    ----------
    messages : str
        Its standard error, without carets and colours.
    source : str
        The cell's source.
    first_line : int
        The number, in the cell, of the source's first line.

    Returns
    -------
    tuple of Diagnostic
        In the compiler's order. One that lies in a header points at the line of the cell that led there, when the
        compiler says which.
    """
    found: list[Diagnostic] = []
    included = 0
    for text in messages.splitlines():
        via = _INCLUDED.match(text)
        if via:
            included = int(via["line"])
            continue
        match = _MESSAGE.match(text)
        if match:
            diagnostic = _located(match, source, first_line)
            if diagnostic.severity == "note" and found:
                found[-1] = replace(found[-1], notes=(*found[-1].notes, diagnostic))
                continue
            if diagnostic.text != "cell" and included:
                quote = line_of(source, included, first_line)
                origin = Diagnostic("note", "included here", included, 0, quote)
                diagnostic = replace(diagnostic, notes=(origin,))
            found.append(diagnostic)
            included = 0
        elif placeless := _PLACELESS.match(text):
            found.append(Diagnostic(_severity(placeless["severity"]), placeless["message"]))
    return tuple(_home(diagnostic) for diagnostic in found)


def _located(match: re.Match[str], source: str, first_line: int) -> Diagnostic:
    severity, line, column = _severity(match["severity"]), int(match["line"]), int(match["column"])
    if match["file"] != CELL:
        return Diagnostic(severity, match["message"], line, column, "", match["file"].rsplit("/", 1)[-1])
    quote = line_of(source, line, first_line)
    # clang counts bytes, people count characters.
    column = len(quote.encode()[: column - 1].decode(errors="ignore")) + 1
    return Diagnostic(severity, match["message"], line, column, quote)


def _severity(word: str) -> str:
    return "error" if word == "fatal error" else word


def _home(diagnostic: Diagnostic) -> Diagnostic:
    """Move a message about a header to the line of the cell that the compiler's notes name."""
    if diagnostic.text == "cell":
        return diagnostic
    origin = next((note for note in _by_worth(diagnostic.notes) if note.text == "cell"), None)
    if origin is None:
        return diagnostic
    header = Diagnostic("note", f"in {diagnostic.text}", diagnostic.line, diagnostic.column, "", diagnostic.text)
    message = f"{diagnostic.message} (in {diagnostic.text})"
    return replace(origin, severity=diagnostic.severity, message=message, notes=(header, *diagnostic.notes))


def _by_worth(notes: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Put the notes first that say where a template or function was asked for."""
    return sorted(notes, key=lambda note: "requested here" not in note.message)


def in_file(error: CompileError, file: str) -> CompileError:
    """Give a compiler's error that speaks of a file, and of no cell.

    Parameters
    ----------
    error : CompileError
        Or a `LinkError`.
    file : str
        What the source is called.
    """
    where = error.where
    if where is not None and where.text == _CELL:
        where = replace(where, text=file)
    why = [line.replace(f"{_CELL} line ", f"{file} line ") for line in error.why]
    told = type(error)(error.what.replace(f"The {_CELL} ", f"{file} "), where=where, why=why, hint=error.hint)
    told.diagnostics = tuple(
        replace(item, text=file) if isinstance(item, Diagnostic) and item.text == _CELL else item
        for item in error.diagnostics
    )
    return told
