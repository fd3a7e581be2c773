"""What is said of places in a cell: by the compiler that builds it, by its cases, and by pods on which it crashed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.cases.errors import CasesFailedError
from wasmnb.cases.results import TestResults
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.errors import CompileError
from wasmnb.errors import Explained, ToolchainError
from wasmnb.mesh import Verdict
from wasmnb.session.results import FilterResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from wasmnb.compile.diagnostics import Fix
    from wasmnb.live.messages import FixMessage, MarkMessage, Severity
    from wasmnb.live.row import Row

__all__ = ["CELL", "by_compiler", "by_tests", "by_traps", "failure", "said_of"]

CELL = "cell"
"""What a compiler's messages call the cell itself."""

# A page is told no more than this of a text, however much a compiler says.
_MOST_MARKS, _MOST_NOTES, _MOST_FIXES, _MOST_EDITS = 50, 5, 5, 20
_MOST_TEXT = 400  # characters


def said_of(came_to: object) -> tuple[Diagnostic, ...]:
    """Give what compilers and linkers said, of a result or an error of a filter's cell."""
    if isinstance(came_to, CompileError):
        return came_to.diagnostics
    if isinstance(came_to, FilterResult):
        came_to = came_to.module
    if isinstance(came_to, Explained):
        where = came_to.where
        if where is None or not where.line:
            return ()
        return (Diagnostic("error", came_to.what, where.line, where.column, where.quote, str(where.text)),)
    record = getattr(came_to, "build", None)
    return record.warnings if record is not None else ()


def failure(error: Explained, mask: Callable[[str], str]) -> str:
    """Say in one line that a filter's cell failed, and why; of what a compiler said, the first error and its line."""
    if not isinstance(error, CompileError | ToolchainError):
        return f"failed: {mask(str(error.what))}"
    errors = [one for one in said_of(error) if one.severity == "error"]
    # Errors with a code of their own say what is the matter better than their first place does.
    if error.code != CompileError.code or not errors:
        return f"not built: {mask(str(error.what))}"
    first = next((one for one in errors if _here(one)), errors[0])
    count = f"{len(errors)} errors: " if len(errors) > 1 else ""
    place = f"{'' if first.text == CELL else f'{first.text} '}line {first.line}: " if first.line else ""
    return f"does not compile: {count}{mask(f'{place}{first.message}')}"


def by_compiler(said: Iterable[Diagnostic], mask: Callable[[str], str]) -> dict[str, list[MarkMessage]]:
    """Sort what was said by the text that it is about: `CELL`, or a file's path."""
    found: dict[str, list[MarkMessage]] = {}
    for one in said:
        marks = found.setdefault(one.text, [])
        if one.line and one.severity in ("error", "warning") and len(marks) < _MOST_MARKS:
            marks.append(_mark(one, mask))
    return found


def by_tests(came_to: object, mask: Callable[[str], str]) -> list[MarkMessage] | None:
    """Mark the cases that failed, at the lines where they begin; None when it is nothing of cases."""
    results = came_to.results if isinstance(came_to, CasesFailedError) else came_to
    if not isinstance(results, TestResults):
        return None
    failed = [case for case in results.failures if case.line][:_MOST_MARKS]
    return [_plain(case.line, "error", mask(f"{case.name}: {case.why}")) for case in failed]


def by_traps(plugin: str, digest: str, rows: Iterable[Row], since: Callable[[str], str]) -> list[MarkMessage]:
    """Mark the lines in which a build crashed on pods.

    Parameters
    ----------
    plugin : str
    digest : str
        Of the image that the cell's module is.
    rows : iterable of Row
    since : callable
        Given a pod's name, says when its crash was first seen.
    """
    states = ((row.name, one) for row in rows for one in row.plugins if (one.id, one.digest) == (plugin, digest))
    found = [(pod, one) for pod, one in states if one.verdict == Verdict.TRAPPED.value and one.line]
    return [
        _plain(one.line, "error", f"crashed on {pod}, {since(pod)}: {one.reason}") for pod, one in found[:_MOST_MARKS]
    ]


def _mark(one: Diagnostic, mask: Callable[[str], str]) -> MarkMessage:
    # What lies in headers of others is nothing that the reader can change.
    own = [note for note in one.notes if not note.line or note.text == CELL or note.quote][:_MOST_NOTES]
    notes = [f"line {note.line}: {note.message}" if _here(note) else note.message for note in own]
    return {
        "line": one.line,
        "column": one.column,
        "end_line": one.end_line,
        "end_column": one.end_column,
        "severity": "error" if one.severity == "error" else "warning",
        "message": _cut(mask(one.message)),
        "notes": [_cut(mask(note)) for note in notes],
        "fixes": list(_fixes(one.fixes, mask)),
    }


def _here(note: Diagnostic) -> bool:
    return bool(note.line) and note.text == CELL


def _fixes(fixes: Iterable[Fix], mask: Callable[[str], str]) -> Iterator[FixMessage]:
    """Give suggestions whole or not at all: a part of one, or one with a mask in it, would spoil the cell."""
    small = (
        fix
        for fix in fixes
        if len(fix.edits) <= _MOST_EDITS
        and all(len(one.text) <= _MOST_TEXT and mask(one.text) == one.text for one in fix.edits)
    )
    for fix in [*small][:_MOST_FIXES]:
        yield {
            "title": _cut(mask(fix.title)),
            "edits": [
                {
                    "line": edit.line,
                    "column": edit.column,
                    "end_line": edit.end_line,
                    "end_column": edit.end_column,
                    "text": edit.text,
                }
                for edit in fix.edits
            ],
        }


def _plain(line: int, severity: Severity, message: str) -> MarkMessage:
    return {
        "line": line,
        "column": 0,
        "end_line": 0,
        "end_column": 0,
        "severity": severity,
        "message": _cut(message),
        "notes": [],
        "fixes": [],
    }


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
