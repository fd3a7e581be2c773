"""The C++ toolchain: a cell goes through clang's front end and wasm-ld, and comes out as a module that Envoy takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import Entry, Store, digest, io_errors, workspace
from wasmnb.compile.cached_build import Stages
from wasmnb.compile.cpp import prebuilt
from wasmnb.compile.cpp.build import Job
from wasmnb.compile.cpp.compiler import WARNINGS, canonical, sdk_id
from wasmnb.compile.cpp.flags import Flags
from wasmnb.compile.cpp.incremental import unchanged
from wasmnb.compile.cpp.linker import OPTIONS
from wasmnb.compile.cpp.source import Source
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.zig import zig
from wasmnb.errors import UsageError
from wasmnb.module import BuildRecord, Module
from wasmnb.module.stamp import shipped, stamp
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wasmnb.check import Check
    from wasmnb.compile.filter import Filter
    from wasmnb.progress import Progress

__all__ = ["MODULES", "CppToolchain"]

MODULES = Store("modules", keep=400)

_RECIPE = 6


class CppToolchain:
    """Builds C++ filters (`wasmnb.compile.languages.Toolchain`)."""

    language = "cpp"

    def build(self, filter: Filter, *, progress: Progress | None = None, force: bool = False) -> Module:  # noqa: A002
        """Compile and link a filter, or find its module in the cache.

        Parameters
        ----------
        filter : Filter
        progress : Progress, optional
        force : bool
            Compile even when the cache has the module.

        Raises
        ------
        CompileError, LinkError
            The source is at fault; ``diagnostics`` has every message with its line in the cell.
        ToolchainError
            The compiler, the disk or the memory is at fault.
        UsageError
            There is no source, or a flag is not allowed.
        """
        stages = Stages(progress)
        if not filter.source.strip():
            raise _no_source("The cell has no source.")
        flags = Flags.parse(filter.flags, inside=filter.files)
        key = digest(canonical([_RECIPE, zig().version, sdk_id(), OPTIONS, WARNINGS, *_what(filter, flags)]))
        entry = None if force else MODULES.get(key)
        wasm = entry.read("module.wasm") if entry and unchanged(entry, {}) else None
        if entry and wasm:
            return _module(filter, wasm, entry, stages, cached=True)
        source = Source(filter.source)
        if source.empty:
            raise _no_source("The cell has only comments in it.")
        with workspace() as work:
            notes, linked = Job(filter, source, flags, work, stages).run()
        ids = notes.pop("root_ids")
        wasm = shipped(linked)
        wasm = wasm if ids is None else stamp(wasm, language=self.language, root_ids=ids)

        def fill(folder: Path) -> Mapping[str, Any]:
            with io_errors():
                (folder / "module.wasm").write_bytes(wasm)
                (folder / "symbols.wasm").write_bytes(linked)
            return notes

        return _module(filter, wasm, MODULES.put(key, fill), stages, cached=False)

    def prepare(self, progress: Progress | None = None) -> None:
        """Make what every filter needs (runtime, SDK, precompiled header), so that no cell waits for it.

        Raises
        ------
        ToolchainError
        """
        prebuilt.prepare(progress)

    def doctor(self) -> list[Check]:
        """Look at the compiler, the runtime, the SDK and the cache."""
        from wasmnb.compile.cpp.doctor import checks  # noqa: PLC0415

        return checks()


def _what(filter: Filter, flags: Flags) -> list[Any]:  # noqa: A002
    several = [filter.files, filter.file, filter.folder] if filter.files or filter.folder else []
    return [filter.source, filter.first_line, flags.shared, flags.own, *several]


def _no_source(what: str) -> UsageError:
    return UsageError(
        what,
        hint=Wording(
            'write the filter\'s C++ below the {} line, starting with #include "proxy_wasm_intrinsics.h"',
            Verb("filter", cell=True),
            python='give the filter\'s C++, starting with #include "proxy_wasm_intrinsics.h"',
        ),
    )


def _module(filter: Filter, wasm: bytes, entry: Entry, stages: Stages, *, cached: bool) -> Module:  # noqa: A002
    parts = () if cached else stages.finished()
    record = BuildRecord(
        seconds=sum(seconds for _, seconds in parts) if parts else stages.total,
        cached=cached,
        warnings=tuple(Diagnostic.from_dict(item) for item in entry.notes.get("warnings", ())),
        symbols=entry.path("symbols.wasm"),
        stages=parts,
    )
    return Module(filter.name, wasm, record, filter.source)
