"""One build of a filter in its folder: compiled, linked, and what is worth keeping of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile import runtime
from wasmnb.compile.cache import Entry, digest, io_errors
from wasmnb.compile.cached_build import Made
from wasmnb.compile.cpp import SOURCES, prebuilt
from wasmnb.compile.cpp.callbacks import doubtful, nothing_overridden, overriding_nothing
from wasmnb.compile.cpp.compiler import SAID, WARNINGS, dialect, own_headers
from wasmnb.compile.cpp.errors import compile_error
from wasmnb.compile.cpp.libraries import Libraries
from wasmnb.compile.cpp.linker import Texts, idle, link, waiting
from wasmnb.compile.cpp.source import Source, root_ids
from wasmnb.compile.diagnostics import CELL, Diagnostic, parse
from wasmnb.compile.process import run

if TYPE_CHECKING:
    from wasmnb.compile.cached_build import Stages
    from wasmnb.compile.cpp.flags import Flags
    from wasmnb.compile.filter import Filter

__all__ = ["Job"]

_OBJECT = "cell.o"


@dataclass(frozen=True)
class _Compiled:
    """All objects of a filter, in the linker's order, and what went into them."""

    objects: dict[str, str]
    headers: dict[str, bytes]
    warnings: tuple[Diagnostic, ...]
    others: dict[str, Source]


@dataclass
class Job:
    """One build; what it makes on the way is kept here."""

    filter: Filter
    source: Source
    flags: Flags
    work: Path
    stages: Stages

    def run(self) -> Made:
        """Compile and link."""
        progress, first_line = self.stages.progress, self.filter.first_line
        self.stages.begin("preparing")
        libraries = runtime.libraries(progress)
        sdk = prebuilt.sdk_objects(libraries, progress)
        prepared = prebuilt.header(self.source, self.flags, progress)
        self.stages.end("prepare")
        with waiting(self.work) as linker:
            self.stages.begin("compiling")
            compiled = self._several() if self.filter.files or self.filter.folder else self._cell(prepared)
            self.stages.end("compile")
            own = [data for name, data in compiled.headers.items() if not self._of_library(name)]
            headers = [Source(data.decode(errors="replace")) for data in own]
            sources = [self.source, *compiled.others.values(), *headers]
            uses_sdk = any(item.uses_sdk for item in sources)
            if any(item.uses_messages for item in sources):
                sdk = prebuilt.message_objects(libraries, progress)
            parts = Libraries(self.flags, progress) if self.flags.libraries else None
            if parts:
                parts.near(compiled.headers)
                self.stages.end("libraries")
            self.stages.begin("linking")
            texts = Texts(self.source, first_line, compiled.others, compiled.objects)
            linked = link(linker, self.work, sdk if uses_sdk else None, libraries, texts, parts=parts)
            self.stages.end("link")
        registered = root_ids(sources) if uses_sdk else None
        if registered and idle(linked, self.work, compiled.objects):
            raise nothing_overridden(self.source, first_line, compiled.warnings)
        read = {name: digest(data) for name, data in compiled.headers.items() if Path(name).is_absolute()}
        read |= parts.read if parts else {}
        return Made(linked, registered, compiled.warnings, read, stamped=registered is not None)

    def _of_library(self, name: str) -> bool:
        return any(Path(name).is_relative_to(folder) for folder in self.flags.libraries)

    def _cell(self, prepared: tuple[str, Entry] | None) -> _Compiled:
        """Compile the cell, which is the whole filter."""
        with io_errors():
            # Blank lines in front make the compiler's lines the cell's lines.
            text = "\n" * (self.filter.first_line - 1) + self.filter.source
            (self.work / CELL).write_bytes(text.encode(errors="replace"))
        warnings = self._compile(prepared)
        # System headers, the SDK's among them, are not listed: what is left are the user's own.
        names = [name for name in own_headers(self.work / "cell.d") if name != CELL]
        headers = {name: Path(name).read_bytes() for name in names}
        return _Compiled({_OBJECT: "cell"}, headers, tuple(warnings), {})

    def _several(self) -> _Compiled:
        """Compile the filter's source and those beside it."""
        from wasmnb.compile.cpp.dependencies import included  # noqa: PLC0415 - for filters of several files only
        from wasmnb.compile.cpp.incremental import Units, texts_of  # noqa: PLC0415 - likewise

        main, texts = self.filter.file or CELL, texts_of(self.filter, self.stages.progress)
        units = Units(self.work, texts, main, self.filter.first_line, self.flags, self.filter.folder)
        units.write()
        parts = included({**texts, main: self.filter.source})
        sources = (path for path in texts if path not in {main, *parts} and PurePosixPath(path).suffix in SOURCES)
        paths = [main, *sorted(sources)]
        compiled = units.compile(paths)
        headers = {}
        for name in dict.fromkeys(name for unit in compiled for name in unit.headers):
            text = texts.get(os.path.normpath(name))
            headers[name] = text.encode(errors="surrogateescape") if text is not None else Path(name).read_bytes()
        return _Compiled(
            {str(unit.object): "cell" if unit.path == main else unit.path for unit in compiled},
            headers,
            tuple(warning for unit in compiled for warning in unit.warnings),
            {path: Source(texts[path]) for path in paths if path != main},
        )

    def _compile(self, prepared: tuple[str, Entry] | None, *, again: bool = True) -> list[Diagnostic]:
        command, language = dialect(self.flags.shared, self.filter.file)
        command += ["-main-file-name", CELL, *SAID, *WARNINGS, *self.flags.own]
        command += ["-dependency-file", "cell.d", "-MT", "cell"]
        if prepared:
            command += ["-include-pch", str(prepared[1].path("prefix.pch"))]
        finished = run([*command, "-emit-obj", "-x", language, CELL, "-o", _OBJECT], self.work)
        found = parse(finished.messages, self.filter.source, self.filter.first_line)
        if finished.code == 0:
            warnings = [diagnostic for diagnostic in found if diagnostic.severity == "warning"]
            return [*self._uncalled(command), *warnings]
        if prepared and again and not any(item.severity == "error" and item.line for item in found):
            # The compiler broke down, or complains about no line of ours: is the precompiled header damaged, or gone?
            prebuilt.forget(prepared[1])
            if not prepared[1].sound():
                prebuilt.HEADERS.drop(prepared[0])
                return self._compile(prebuilt.header(self.source, self.flags), again=False)
        raise compile_error(found, finished, uses_sdk=self.source.uses_sdk)

    def _uncalled(self, command: list[str]) -> tuple[Diagnostic, ...]:
        """Warn of what looks like a callback and is none."""
        names = doubtful(self.source) if self.source.uses_sdk else {}

        def dump(name: str) -> str:
            return run([*command, "-ast-dump", "-ast-dump-filter", name, "-x", "c++", CELL], self.work).output

        return overriding_nothing(self.source, self.filter.first_line, names, dump)
