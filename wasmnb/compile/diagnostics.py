"""What a compiler says, as objects that know the cell's own lines."""

from __future__ import annotations

import posixpath
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import Place
from wasmnb.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.compile.errors import CompileError

__all__ = ["CELL", "Diagnostic", "Edit", "Fix", "in_file", "line_of", "parse"]

#: The name under which the compiler sees the cell.
CELL = "cell.cc"
_CELL = "cell"  # what messages call it

# clang's text form, unchanged for fifteen years: file:line:column: severity: message [-Wflag]. Its SARIF form still
# calls itself unstable.
_MESSAGE = re.compile(
    r"(?P<file>[^\n:]+):(?P<line>\d+):(?P<column>\d+): (?P<severity>fatal error|error|warning|note): (?P<message>.*)"
)
_PLACELESS = re.compile(r"(?P<severity>fatal error|error|warning): (?P<message>.*)")
# What -fdiagnostics-parseable-fixits adds below a message: what to put in place of which characters.
_FIX = re.compile(r'fix-it:"(?P<file>[^"]*)":\{(?P<from>\d+:\d+)-(?P<to>\d+:\d+)\}:"(?P<text>.*)"')
# The line that clang quotes below a message, and what it draws below that.
_QUOTED = re.compile(r" *\d* \| ")
_ESCAPED = re.compile(rb"\\(?:([0-7]{3})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t"}
_INCLUDED = re.compile(r"(?:In file included from|\s+from) (?P<file>[^\n:]+):(?P<line>\d+)[:,]")


@dataclass(frozen=True)
class Edit:
    """A part of the cell, and what a compiler would have in its place; lines and columns as of a `Diagnostic`."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True)
class Fix:
    """A compiler's own suggestion.

    Parameters
    ----------
    title : str
        What it does.
    edits : tuple of Edit
        All of them together.
    """

    title: str
    edits: tuple[Edit, ...]


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
    end_line, end_column : int
        Behind the last character that it is about; 0 when unknown.
    fixes : tuple of Fix
        What the compiler itself would change.
    """

    severity: str
    message: str
    line: int = 0
    column: int = 0
    quote: str = ""
    text: str = "cell"
    notes: tuple[Diagnostic, ...] = ()
    end_line: int = 0
    end_column: int = 0
    fixes: tuple[Fix, ...] = ()

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
            "end_line": self.end_line,
            "end_column": self.end_column,
            "fixes": [asdict(fix) for fix in self.fixes],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Diagnostic:
        """Read what `to_dict` gave."""
        notes = tuple(cls.from_dict(note) for note in data["notes"])
        fixes = (Fix(fix["title"], tuple(Edit(**edit) for edit in fix["edits"])) for fix in data.get("fixes", ()))
        return cls(**{**data, "notes": notes, "fixes": tuple(fixes)})

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
        if _QUOTED.match(text):
            continue
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
        elif (fix := _FIX.match(text)) and found:
            found[-1] = _fixed(found[-1], texts.edit(fix))
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

    def edit(self, match: re.Match[str]) -> Edit | None:
        """Read a suggestion; one for another file than the cell is none."""
        if match["file"] != CELL:
            return None
        start, end = (self._characters(*map(int, match[name].split(":"))) for name in ("from", "to"))
        text = _ESCAPED.sub(lambda one: _unescaped(one[1], one[2]), match["text"].encode()).decode(errors="replace")
        return Edit(*start, *end, text)

    def _characters(self, line: int, column: int) -> tuple[int, int]:
        """Count characters where clang counts bytes."""
        quote = line_of(self.source, line, self.first_line)
        return line, len(quote.encode(errors="replace")[: column - 1].decode(errors="ignore")) + 1

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


def _fixed(diagnostic: Diagnostic, edit: Edit | None) -> Diagnostic:
    """Add a suggestion to a message: its own, or that of its last note, which then says what it does."""
    if edit is None:
        return diagnostic
    note = diagnostic.notes[-1].message if diagnostic.notes else ""
    known = diagnostic.fixes[-1] if diagnostic.fixes else None
    if known is not None and (known.title == note or (not note and len(diagnostic.fixes) == 1)):
        together = Fix(known.title, (*known.edits, edit))
        return replace(diagnostic, fixes=(*diagnostic.fixes[:-1], together))
    return replace(diagnostic, fixes=(*diagnostic.fixes, Fix(note or _title(edit), (edit,))))


def _title(edit: Edit) -> str:
    if not edit.text:
        return "remove it"
    words = edit.text.strip()
    return (
        f"insert {words!r}" if (edit.line, edit.column) == (edit.end_line, edit.end_column) else f"change to {words!r}"
    )


def _unescaped(octal: bytes | None, letter: bytes) -> bytes:
    return bytes([int(octal, 8)]) if octal else _LETTERS.get(letter, letter)


def _plain(file: str) -> str:
    """Give the path of a file below the folder in which the compiler runs."""
    return posixpath.normpath(file)


def _severity(word: str) -> str:
    return "error" if word == "fatal error" else word


def _by_worth(notes: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Put the notes first that say where a template or function was asked for."""
    return sorted(notes, key=lambda note: "requested here" not in note.message)


def in_file(error: CompileError, file: str) -> CompileError:
    """Give a compiler's error that speaks of a file, and of no cell: its hint is that of a shell, where there is one.

    Parameters
    ----------
    error : CompileError
        Or a `LinkError`.
    file : str
        What the source is called.
    """

    def named(text: str) -> str:
        return re.sub(rf"\bthe {_CELL}\b", file, text)

    where = error.where
    if where is not None and where.text == _CELL:
        where = replace(where, text=file)
    why = [named(line.replace(f"{_CELL} line ", f"{file} line ")) for line in error.why]
    diagnostics = [replace(item, text=file) if item.text == _CELL else item for item in error.diagnostics]
    what = named(error.what.replace(f"The {_CELL} ", f"{file} "))
    hint = error.hint_value
    hint = hint.terminal or hint if isinstance(hint, Wording) else hint
    hint = hint.mapped(named) if isinstance(hint, Wording) else named(hint)
    return type(error)(what, where=where, why=why, hint=hint, code=error.code, diagnostics=diagnostics)
