"""The C++ toolchain: a cell goes through clang's front end and wasm-ld, and comes out as a module that Envoy takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.build import runtime
from wasmnb.build.cpp import parts
from wasmnb.build.cpp.compiler import WARNINGS, canonical, dependencies, frontend, sdk_id
from wasmnb.build.cpp.errors import compile_error
from wasmnb.build.cpp.flags import Flags
from wasmnb.build.cpp.linker import OPTIONS, link, waiting
from wasmnb.build.cpp.source import Source, root_ids
from wasmnb.build.diagnostics import CELL, Diagnostic, parse
from wasmnb.build.process import run
from wasmnb.build.recipe import Stages
from wasmnb.build.store import Entry, Store, digest, io_errors, workspace
from wasmnb.build.zig import zig
from wasmnb.errors import UsageError
from wasmnb.module import BuildRecord, Module
from wasmnb.module.stamp import shipped, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.build.filter import Filter
    from wasmnb.checks import Check
    from wasmnb.progress import Progress

__all__ = ["MODULES", "CppToolchain"]

MODULES = Store("modules", keep=400)

_RECIPE = 6


class CppToolchain:
    """Builds C++ filters (`wasmnb.build.toolchain.Toolchain`)."""

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
        flags = Flags.parse(filter.flags)
        key = digest(canonical([_RECIPE, zig().version, sdk_id(), OPTIONS, WARNINGS, *_what(filter, flags)]))
        entry = None if force else MODULES.get(key)
        wasm = entry.read("module.wasm") if entry and _headers_unchanged(entry) else None
        if entry and wasm:
            return _module(filter, wasm, entry, stages, cached=True)
        source = Source(filter.source)
        if source.empty:
            raise _no_source("The cell has only comments in it.")
        with workspace() as work:
            notes, linked = _Job(filter, source, flags, work, stages).run()
        ids = notes.pop("root_ids")
        wasm = shipped(linked)
        wasm = wasm if ids is None else stamp(wasm, language=self.language, root_ids=ids)
        notes["stages"] = stages.seconds

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
        parts.prepare(progress)

    def doctor(self) -> list[Check]:
        """Look at the compiler, the runtime, the SDK and the cache."""
        from wasmnb.build.cpp.doctor import checks  # noqa: PLC0415

        return checks()


def _what(filter: Filter, flags: Flags) -> list[Any]:  # noqa: A002
    return [filter.source, filter.first_line, flags.shared, flags.own]


def _no_source(what: str) -> UsageError:
    return UsageError(
        what,
        hint='write the filter\'s C++ below the %%wasm_filter line, starting with #include "proxy_wasm_intrinsics.h"',
    )


@dataclass
class _Job:
    """One build in its folder; what it makes on the way is kept here."""

    filter: Filter
    source: Source
    flags: Flags
    work: Path
    stages: Stages

    def run(self) -> tuple[dict[str, Any], bytes]:
        """Compile and link; give what is worth keeping, and the module with names."""
        progress, first_line = self.stages.progress, self.filter.first_line
        self.stages.begin("preparing")
        libraries = runtime.libraries(progress)
        sdk = parts.sdk_objects(libraries, progress)
        prepared = parts.header(self.source, self.flags, progress)
        self.stages.end("prepare")
        with waiting(self.work) as linker:
            self.stages.begin("compiling")
            with io_errors():
                # Blank lines in front make the compiler's lines the cell's lines.
                text = "\n" * (first_line - 1) + self.filter.source
                (self.work / CELL).write_bytes(text.encode(errors="replace"))
            warnings = self._compile(prepared)
            self.stages.end("compile")
            # System headers, the SDK's among them, are not listed: what is left are the user's own.
            found = dependencies(self.work / "cell.d")
            names = [name for name in found if not name.endswith((CELL, parts.PREFIX, parts.USES))]
            headers = {name: Path(name).read_bytes() for name in names}
            sources = [self.source, *(Source(data.decode(errors="replace")) for data in headers.values())]
            uses_sdk = any(item.uses_sdk for item in sources)
            self.stages.begin("linking")
            linked = link(linker, self.work, sdk if uses_sdk else None, libraries, self.source, first_line=first_line)
            self.stages.end("link")
        notes = {
            "first_line": first_line,
            "headers": {name: digest(data) for name, data in headers.items()},
            "root_ids": root_ids(sources) if uses_sdk else None,
            "warnings": [warning.to_dict() for warning in warnings],
        }
        return notes, linked

    def _compile(self, prepared: tuple[str, Entry] | None, *, again: bool = True) -> list[Diagnostic]:
        command = [*frontend(self.flags.shared), "-main-file-name", CELL, *WARNINGS, *self.flags.own]
        command += ["-dependency-file", "cell.d", "-MT", "cell"]
        if prepared:
            command += ["-include-pch", str(prepared[1].path("prefix.pch"))]
        finished = run([*command, "-emit-obj", "-x", "c++", CELL, "-o", "cell.o"], self.work)
        found = parse(finished.messages, self.filter.source, self.filter.first_line)
        if finished.code == 0:
            return [diagnostic for diagnostic in found if diagnostic.severity == "warning"]
        if prepared and again and not any(item.severity == "error" and item.line for item in found):
            # The compiler broke down, or complains about no line of ours: is the precompiled header damaged, or gone?
            parts.forget(prepared[1])
            if not prepared[1].sound():
                parts.HEADERS.drop(prepared[0])
                return self._compile(parts.header(self.source, self.flags), again=False)
        raise compile_error(found, finished, uses_sdk=self.source.uses_sdk)


def _headers_unchanged(entry: Entry) -> bool:
    """Tell whether the user's own headers are what they were; a change in one is a change of the filter."""
    try:
        headers = entry.notes.get("headers", {}).items()
        return all(digest(Path(name).read_bytes()) == sha for name, sha in headers)
    except OSError:
        return False


def _module(filter: Filter, wasm: bytes, entry: Entry, stages: Stages, *, cached: bool) -> Module:  # noqa: A002
    record = BuildRecord(
        seconds=stages.total,
        cached=cached,
        warnings=tuple(Diagnostic.from_dict(item) for item in entry.notes.get("warnings", ())),
        symbols=entry.path("symbols.wasm"),
        stages=() if cached else tuple((str(name), float(seconds)) for name, seconds in stages.seconds),
    )
    return Module(filter.name, wasm, record, filter.source)
