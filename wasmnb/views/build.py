"""Records of a build: the filter and its module, its files, and the compiler's diagnostics at their cell lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from wasmnb.display import Block, Cell, Column, Record, Tone
from wasmnb.display.text import duration, several, short_digest, size, width
from wasmnb.views.mesh import deploy_record, meanings
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.compile.go.migration import Migration
    from wasmnb.display import Table
    from wasmnb.module import Module
    from wasmnb.session.files import FileResult
    from wasmnb.session.results import FilterResult

__all__ = ["Diagnosed", "build_record", "diagnostics_record", "file_record", "filter_record", "migration_record"]

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


def filter_record(done: FilterResult) -> Record:
    """Show a filter: the module that was built, or where it is live."""
    deployed = done.deployment
    warnings = _warnings(done.module)
    if deployed is not None:
        timed = replace(deployed, stages=() if done.unchanged else done.stages, unchanged=done.unchanged)
        record = deploy_record(timed)
        quoted = () if done.unchanged else warnings
        notes = (*meanings(one.verdict.value for one in deployed.judged), *done.notes)
        return replace(record, blocks=(*quoted, *record.blocks), notes=notes)
    record = build_record(done.module, done.table)
    if not done.stages:
        source = Block("source", tuple(done.filter.source.strip("\n").splitlines()), open=False)
        record = replace(record, blocks=(*record.blocks, source))
    elif done.unchanged:
        same = f"unchanged: module {short_digest(done.module.digest)} as before, nothing was compiled"
        record = replace(record, status=same, settled="")
    return record.noting(*done.notes)


def build_record(module: Module, table: Table) -> Record:
    """Show a module that was built or loaded.

    Parameters
    ----------
    module : Module
    table : Table
        See `wasmnb.session.results.module_table`.
    """
    facts, warnings = module.facts, _warnings(module)
    columns = table.look(
        hidden=("name", "language", "cached", "seconds", "warnings"),
        size={"show": lambda count: Cell(size(count))},
        image={"heading": "image digest", "show": _digest},
        module={"heading": "module digest", "show": _digest},
        abi={"heading": "ABI"},
        root_ids={"heading": "root ids"},
    )
    remarks = (*facts.problems, *facts.remarks)
    tone: Tone = "warn" if warnings or remarks else "good"
    notes = tuple(str(problem) for problem in remarks)
    settled = "" if module.build is None else "unchanged: taken from the cache" if module.build.cached else "built"
    shown = (columns, table.rows, warnings, notes)
    return Record(module.name, _status(module), tone, *shown, tall=True, settled=settled)


def file_record(kept: FileResult) -> Record:
    """Show a file that filters include."""
    lines, compiled = kept.lines, kept.filters and not kept.unchanged
    status = f"{'unchanged' if kept.unchanged else 'kept'}, {several(len(lines), 'line')}"
    note = str(Wording("{} and {} compile {} anew", Verb("deploy"), Verb("build"), " and ".join(kept.filters)))
    columns = kept.table.look(filters={"heading": "compiled into"})
    block = Block("text", lines, open=False)
    return Record(kept.path, status, "good", columns, kept.table.rows, (block,), (note,) if compiled else (), tall=True)


def migration_record(done: Migration) -> Record:
    """Show what was changed in a project's folder."""
    status = f"changed {several(len(done.files), 'file')}; change by hand what does not compile now"
    block = Block("diff:", tuple(done.diff.splitlines()))
    note = str(Wording("{} builds it", Verb("build", (str(done.path),))))
    return Record(str(done.path), status, "good", done.table.look(), done.table.rows, (block,), (note,), tall=True)


def _warnings(module: Module) -> tuple[Block, ...]:
    warnings: tuple[Diagnosed, ...] = tuple(module.build.warnings) if module.build else ()  # type: ignore[arg-type]
    return tuple(Block(_headline(one), _body(one)) for one in warnings)


def diagnostics_record(diagnostics: Sequence[Diagnosed], *, title: str = "Compiler") -> Record:
    """Show diagnostics, each with its cell line and a caret.

    The frame has ``severity`` (``category``), ``line``, ``column`` (``Int64``, 0 when unknown), ``message`` and
    ``quote`` (``string``).
    """
    errors = sum("error" in one.severity for one in diagnostics)
    others = len(diagnostics) - errors
    counts = [several(errors, "error")] * bool(errors)
    counts += [several(others, "warning")] * bool(others)
    columns = (
        Column("severity", categories=SEVERITIES, shown=False),
        Column("line", "Int64", shown=False),
        Column("column", "Int64", shown=False),
        Column("message", shown=False),
        Column("quote", shown=False),
    )
    rows = tuple((_severity(one), one.line, one.column, one.message, one.quote) for one in diagnostics)
    blocks = tuple(Block(_headline(one), _body(one)) for one in diagnostics)
    tone: Tone = "bad" if errors else "warn" if others else "good"
    return Record(title, ", ".join(counts) or "nothing to say", tone, columns, rows, blocks)


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
