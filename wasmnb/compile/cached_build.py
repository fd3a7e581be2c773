"""What the languages share beside their compilers: the cache of modules, the stages of a build, and its errors."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import digest, io_errors
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.errors import CompileError, listed
from wasmnb.compile.tree import unchanged
from wasmnb.errors import UsageError
from wasmnb.module import BuildRecord, Module
from wasmnb.module.stamp import shipped, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wasmnb.compile.cache import Entry, Store
    from wasmnb.compile.filter import Filter
    from wasmnb.progress import Progress
    from wasmnb.wording import Text

__all__ = ["Made", "Stages", "build", "compile_error"]


class Stages:
    """Wall time per stage of a build.

    Parameters
    ----------
    progress : Progress, optional
        Is told what begins.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.seconds: list[tuple[str, float]] = []
        self._began = self._last = time.perf_counter()

    def begin(self, says: str) -> None:
        """Begin a stage, and say so in a short phrase; what came since the last one ended is a part of it."""
        if self.progress:
            self.progress.update(says)

    def end(self, stage: str) -> None:
        """End it, under the name that the build's record knows it by."""
        now = time.perf_counter()
        self.seconds.append((stage, now - self._last))
        self._last = now

    def finished(self) -> tuple[tuple[str, float], ...]:
        """Give the stages of a whole build, the last being that its module is stored: all of its time."""
        self.end("store")
        return tuple(self.seconds)

    @property
    def total(self) -> float:
        """Seconds since the build began."""
        return time.perf_counter() - self._began


@dataclass(frozen=True)
class Made:
    """What a compiler made of a filter.

    Parameters
    ----------
    wasm : bytes
        With its names.
    root_ids : tuple of str or None
        None when the SDK takes every root id, or when they are not known.
    warnings : tuple of Diagnostic
    read : mapping of str to str
        Digests of files outside of the filter that it was made of, by their paths (`wasmnb.compile.tree.Tree.read`).
    stamped : bool
        It says who made it; False for C++ without our SDK, which is shipped as its compiler wrote it.
    """

    wasm: bytes
    root_ids: tuple[str, ...] | None = None
    warnings: tuple[Diagnostic, ...] = ()
    read: Mapping[str, str] = field(default_factory=dict)
    stamped: bool = True


def build(
    filter: Filter,  # noqa: A002
    store: Store,
    follows: Sequence[object],
    make: Callable[[Stages], Made],
    *,
    progress: Progress | None = None,
    force: bool = False,
    stages: Stages | None = None,
) -> Module:
    """Find a filter's module in the cache, or have it made.

    Parameters
    ----------
    filter : Filter
    store : Store
        Where the language keeps its modules.
    follows : sequence of JSON values
        What the module follows from beside the filter: versions of the compiler and of the SDK, options.
    make : callable
        Compiles; called only when there is nothing in the cache.
    progress : Progress, optional
    force : bool
        Compile even when the cache has the module.
    stages : Stages, optional
        Of a build that began before, since it took time to learn what the module follows from; with its progress.

    Returns
    -------
    Module
        Stripped and stamped.

    Raises
    ------
    CompileError, ToolchainError, UsageError
    """
    stages = stages or Stages(progress)
    if not filter.source.strip():
        if filter.file:
            raise UsageError(f"{filter.file} has no source.", hint="write the program into it")
        raise UsageError("The cell has no source.", hint="write the program in the cell")
    what = [
        *follows,
        filter.language,
        filter.source,
        filter.first_line,
        filter.flags,
        filter.files,
        filter.file,
        filter.folder,
    ]
    key = digest(json.dumps(what, sort_keys=True).encode())
    entry = None if force else store.get(key)
    wasm = entry.read("module.wasm") if entry and unchanged(entry.notes.get("read", {})) else None
    if entry and wasm:
        return _module(filter, wasm, entry, stages, cached=True)
    made = make(stages)
    wasm = shipped(made.wasm)
    if made.stamped:
        wasm = stamp(wasm, language=filter.language, root_ids=made.root_ids)
    warnings = [warning.to_dict() for warning in made.warnings]

    def fill(folder: Path) -> Mapping[str, Any]:
        with io_errors():
            (folder / "module.wasm").write_bytes(wasm)
            (folder / "symbols.wasm").write_bytes(made.wasm)
        notes = {"first_line": filter.first_line, "warnings": warnings}
        return {**notes, "read": dict(made.read)}

    return _module(filter, wasm, store.put(key, fill), stages, cached=False)


def compile_error(
    found: Sequence[Diagnostic],
    hint: Text = "",
    subject: str = "cell",
    *,
    diagnostics: Sequence[Diagnostic] | None = None,
) -> CompileError:
    """Make an error of what a compiler said: every place with its line.

    Parameters
    ----------
    found : sequence of Diagnostic
        At least one error among them.
    hint : str or Wording
    subject : str
        What does not compile: a ``cell`` or a ``project``.
    diagnostics : sequence of Diagnostic, optional
        What the error carries, when it is more than what is told.
    """
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    first = next((error for error in errors if error.text == "cell" and error.line), errors[0])
    others = [error for error in errors if error is not first]
    why = [f"{note.place}: {note.message}" if note.line else note.message for note in first.notes[:3]]
    why += listed(others)
    carried = found if diagnostics is None else diagnostics
    message = f"The {subject} does not compile: {first.message.rstrip('.')}."
    return CompileError(message, where=first.place, why=why, hint=hint, diagnostics=carried)


def _module(filter: Filter, wasm: bytes, entry: Entry, stages: Stages, *, cached: bool) -> Module:  # noqa: A002
    parts = () if cached else stages.finished()
    record = BuildRecord(
        seconds=sum(seconds for _, seconds in parts) if parts else stages.total,
        cached=cached,
        warnings=tuple(Diagnostic.from_dict(item) for item in entry.notes.get("warnings", ())),
        symbols=entry.path("symbols.wasm"),
        stages=parts,
        read=tuple(sorted(entry.notes.get("read", ()))),
    )
    return Module(filter.name, wasm, record, filter.source)
