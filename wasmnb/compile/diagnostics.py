"""What a compiler says, as objects that know the cell's own lines."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.compile.errors import CompileError

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
_INCLUDED = re.compile(r"(?:In file included from|\s+from) (?P<file>[^\n:]+):(?P<line>\d+)[:,]")


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


def parse(
    messages: str, source: str, first_line: int = 1, files: Mapping[str, str] | None = None
) -> tuple[Diagnostic, ...]:
    """Read what clang wrote.

    Parameters
    ----------
    messages : str
        Its standard error, without carets and colours.
    source : str
        The cell's source.
    first_line : int
        The number, in the cell, of the source's first line.
    files : mapping of str to str, optional
        The text of the user's other files, by the names under which the compiler sees them.

    Returns
    -------
    tuple of Diagnostic
        In the compiler's order. One that lies in a header of somebody else's points at the line of the user's own that
        led there, when the compiler says which.
    """
    texts = _Texts(source, first_line, files or {})
    found: list[Diagnostic] = []
    included: tuple[str, int] = ("", 0)
    for text in messages.splitlines():
        via = _INCLUDED.match(text)
        if via:
            if texts.own(via["file"]):
                included = (via["file"], int(via["line"]))
            continue
        match = _MESSAGE.match(text)
        if match:
            diagnostic = texts.located(match)
            if diagnostic.severity == "note" and found:
                found[-1] = replace(found[-1], notes=(*found[-1].notes, diagnostic))
                continue
            if included[0] and diagnostic.text != _CELL:
                origin = texts.at("note", "included here", included[0], included[1], 0)
                diagnostic = replace(diagnostic, notes=(origin,))
            found.append(diagnostic)
            included = ("", 0)
        elif placeless := _PLACELESS.match(text):
            found.append(Diagnostic(_severity(placeless["severity"]), placeless["message"]))
    return tuple(texts.home(diagnostic) for diagnostic in found)


@dataclass(frozen=True)
class _Texts:
    """What the user wrote: the cell, and further files."""

    source: str
    first_line: int
    files: Mapping[str, str]

    def own(self, file: str) -> bool:
        """Tell whether a file is the user's."""
        return file == CELL or _plain(file) in self.files

    def located(self, match: re.Match[str]) -> Diagnostic:
        """Read one message."""
        severity, line, column = _severity(match["severity"]), int(match["line"]), int(match["column"])
        return self.at(severity, match["message"], match["file"], line, column)

    def at(self, severity: str, message: str, file: str, line: int, column: int) -> Diagnostic:
        """Say something about a place; columns are as clang counts them, in bytes."""
        if not self.own(file):
            return Diagnostic(severity, message, line, column, "", file.rsplit("/", 1)[-1])
        cell = file == CELL
        text = self.source if cell else self.files[_plain(file)]
        quote = line_of(text, line, self.first_line if cell else 1)
        if column:
            # People count characters.
            column = len(quote.encode(errors="replace")[: column - 1].decode(errors="ignore")) + 1
        return Diagnostic(severity, message, line, column, quote, _CELL if cell else _plain(file))

    def home(self, diagnostic: Diagnostic) -> Diagnostic:
        """Move a message about somebody else's header to the line of the user's that the compiler's notes name."""
        own = {_CELL, *self.files}
        if diagnostic.text in own:
            return diagnostic
        origin = next((note for note in _by_worth(diagnostic.notes) if note.text in own), None)
        if origin is None:
            return diagnostic
        header = Diagnostic("note", f"in {diagnostic.text}", diagnostic.line, diagnostic.column, "", diagnostic.text)
        message = f"{diagnostic.message} (in {diagnostic.text})"
        return replace(origin, severity=diagnostic.severity, message=message, notes=(header, *diagnostic.notes))


def _plain(file: str) -> str:
    """Give the path of a file below the folder in which the compiler runs."""
    return posixpath.normpath(file)


def _severity(word: str) -> str:
    return "error" if word == "fatal error" else word


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
    diagnostics = [replace(item, text=file) if item.text == _CELL else item for item in error.diagnostics]
    what = error.what.replace(f"The {_CELL} ", f"{file} ")
    return type(error)(what, where=where, why=why, hint=error.hint_value, code=error.code, diagnostics=diagnostics)
