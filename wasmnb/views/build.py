"""Records of a build: the module, and the compiler's diagnostics at their cell lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wasmnb.display.record import Block, Cell, Column, Record
from wasmnb.display.text import duration, short_digest, size, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.module import Module

__all__ = ["Diagnosed", "build_record", "diagnostic_lines", "diagnostics_record", "file_record"]

SEVERITIES = ("error", "fatal error", "warning", "note", "remark", "")


class Diagnosed(Protocol):
    """What a record needs of a diagnostic (`wasmnb.compile.diagnostics.Diagnostic` has it)."""

    @property
    def severity(self) -> str:
        """``error``, ``warning`` ..."""

    @property
    def message(self) -> str:
        """The compiler's sentence."""

    @property
    def line(self) -> int:
        """Line of ``text``, from 1; 0 when unknown."""

    @property
    def column(self) -> int:
        """Column in characters, from 1; 0 when unknown."""

    @property
    def quote(self) -> str:
        """The line itself."""

    @property
    def text(self) -> str:
        """What the lines are of: ``cell``, or a header's name."""

    @property
    def notes(self) -> Sequence[Diagnosed]:
        """What the compiler adds."""


def build_record(module: Module) -> Record:
    """Show a module that was built or loaded.

    The frame has one row: ``name``, ``module`` and ``image`` (digests), ``abi``, ``root_ids`` (comma between),
    ``language`` (``string``), ``size`` (``Int64``, bytes), ``cached`` (``boolean``), ``seconds`` (``Float64``) and
    ``warnings`` (``Int64``).
    """
    build, facts = module.build, module.facts
    warnings: tuple[Diagnosed, ...] = tuple(build.warnings) if build else ()  # type: ignore[arg-type]
    columns = (
        Column("name", shown=False),
        Column("size", "Int64", show=lambda count: Cell(size(count))),
        Column("image", heading="image digest", show=_digest),
        Column("module", heading="module digest", show=_digest),
        Column("abi", heading="ABI"),
        Column("root_ids", heading="root ids"),
        Column("language", shown=False),
        Column("cached", "boolean", shown=False),
        Column("seconds", "Float64", shown=False),
        Column("warnings", "Int64", shown=False),
    )
    root_ids = ", ".join(name or repr(name) for name in facts.root_ids or ())
    row = (
        *(module.name, module.size, module.image().digest, module.digest, facts.abi, root_ids or None, facts.language),
        *(build.cached if build else None, build.seconds if build else None, len(warnings)),
    )
    blocks = tuple(Block(_headline(one), _body(one)) for one in warnings)
    remarks = [problem for name in ("problems", "remarks") for problem in getattr(facts, name, ())]
    return Record(
        module.name,
        _status(module),
        "warn" if warnings or remarks else "good",
        columns,
        (row,),
        blocks,
        tuple(str(problem) for problem in remarks),
        tall=True,
    )


def file_record(path: str, text: str, *, unchanged: bool = False, filters: Sequence[str] = ()) -> Record:
    """Show a file that filters include.

    The frame has one row: ``path`` (``string``), ``lines`` (``Int64``) and ``filters`` (``string``, comma between).
    """
    lines = text.strip("\n").splitlines()
    columns = (Column("path"), Column("lines", "Int64"), Column("filters", heading="compiled into"))
    status = f"unchanged, {len(lines)} lines" if unchanged else f"kept, {len(lines)} lines"
    note = f"%wasm_deploy and %wasm_build compile {' and '.join(filters)} anew" if filters and not unchanged else ""
    block = Block("text", tuple(lines), open=False)
    row = (path, len(lines), ", ".join(filters) or None)
    return Record(path, status, "good", columns, (row,), (block,), (note,) if note else (), tall=True)


def diagnostics_record(diagnostics: Sequence[Diagnosed], *, title: str = "Compiler") -> Record:
    """Show diagnostics, each with its cell line and a caret.

    The frame has ``severity`` (``category``), ``line``, ``column`` (``Int64``, 0 when unknown), ``message`` and
    ``quote`` (``string``).
    """
    errors = sum("error" in one.severity for one in diagnostics)
    others = len(diagnostics) - errors
    counts = [f"{errors} error{'' if errors == 1 else 's'}"] * bool(errors)
    counts += [f"{others} warning{'' if others == 1 else 's'}"] * bool(others)
    columns = (
        Column("severity", categories=SEVERITIES, shown=False),
        Column("line", "Int64", shown=False),
        Column("column", "Int64", shown=False),
        Column("message", shown=False),
        Column("quote", shown=False),
    )
    rows = tuple((_severity(one), one.line, one.column, one.message, one.quote) for one in diagnostics)
    blocks = tuple(Block(_headline(one), _body(one)) for one in diagnostics)
    tone = "bad" if errors else "warn" if others else "good"
    return Record(title, ", ".join(counts) or "nothing to say", tone, columns, rows, blocks)  # type: ignore[arg-type]


def diagnostic_lines(diagnostics: Iterable[Diagnosed]) -> list[str]:
    """Give diagnostics as plain lines: the sentence, the cell line, a caret."""
    return [line for one in diagnostics for line in (_headline(one), *_body(one))]


def _status(module: Module) -> str:
    build = module.build
    if build is None:
        return f"{size(module.size)}, not built here"
    if build.cached:
        return f"unchanged: taken from the cache in {duration(build.seconds)}"
    stages = ", ".join(f"{name} {duration(seconds)}" for name, seconds in build.stages)
    return f"built in {duration(build.seconds)}" + (f": {stages}" if stages else "")


def _digest(digest: str) -> Cell:
    return Cell(short_digest(digest), digest)


def _severity(one: Diagnosed) -> str:
    return one.severity if one.severity in SEVERITIES else ""


def _headline(one: Diagnosed) -> str:
    sign = "✗" if "error" in one.severity else "!"
    return f"{sign} {one.severity}{_where(one)}: {one.message}"


def _where(one: Diagnosed) -> str:
    text = "" if one.text == "cell" else f"{one.text} "
    return f", {text}line {one.line}" if one.line else ""


def _body(one: Diagnosed) -> tuple[str, ...]:
    """Give the line of a diagnostic, and its notes with theirs."""
    lines = _quote(one)
    for note in one.notes:
        lines += [f"note{_where(note)}: {note.message}", *_quote(note)]
    return tuple(lines)


def _quote(one: Diagnosed) -> list[str]:
    if not one.quote:
        return []
    gutter = f"{one.line or '':>4} | "
    lines = [gutter + one.quote]
    if one.column:
        # Tabs stay tabs, so that the caret stands under its character whatever a tab is worth.
        before = one.quote[: one.column - 1]
        lines.append(
            " " * (len(gutter) - 2) + "| " + "".join("\t" if c == "\t" else " " * width(c) for c in before) + "^"
        )
    return lines
