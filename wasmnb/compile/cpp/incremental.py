"""The sources of a filter that has several: each is compiled on its own, and again only when it or a header changed."""

from __future__ import annotations

import os
import posixpath
import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import Store, digest, io_errors
from wasmnb.compile.cpp import prebuilt
from wasmnb.compile.cpp.compiler import SAID, WARNINGS, canonical, dialect, own_headers, sdk_id
from wasmnb.compile.cpp.errors import compile_error
from wasmnb.compile.cpp.source import Source
from wasmnb.compile.diagnostics import CELL, Diagnostic, parse
from wasmnb.compile.process import run
from wasmnb.compile.zig import zig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.compile.cache import Entry
    from wasmnb.compile.cpp.flags import Flags
    from wasmnb.compile.filter import Filter
    from wasmnb.progress import Progress

__all__ = ["Compiled", "Units", "texts_of", "unchanged"]

OBJECTS = Store("units", keep=1000)
# Part of every key: raise it when what is made, or how, changes.
_RECIPE = 1
_OBJECT = "unit.o"
_CLIMBS = re.compile(r'^\s*#\s*include\s*"\.\./', re.MULTILINE)


@dataclass(frozen=True)
class Compiled:
    """A compiled source.

    Parameters
    ----------
    path : str
        The source's.
    object : pathlib.Path
    headers : dict of str to str
        Digests of the user's headers that it includes, by name.
    warnings : tuple of Diagnostic
    """

    path: str
    object: Path
    headers: dict[str, str]
    warnings: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Units:
    """What a filter consists of, and how it is compiled.

    Parameters
    ----------
    work : pathlib.Path
        The folder in which the compiler runs.
    texts : mapping of str to str
        Every file of the filter, by its path.
    main : str
        The path of the filter's own source, of which messages speak as the cell.
    first_line : int
    flags : Flags
    folder : str
        The project's, where headers above it are looked for; empty for a cell.
    """

    work: Path
    texts: Mapping[str, str]
    main: str
    first_line: int
    flags: Flags
    folder: str = ""

    def write(self) -> None:
        """Put the files where the compiler looks for them."""
        with io_errors():
            for path, text in self.texts.items():
                place = self.work / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes((self._start(path) + text).encode(errors="surrogateescape"))

    def compile(self, paths: Sequence[str]) -> list[Compiled]:
        """Compile sources, several at a time, or find what they were compiled to.

        Raises
        ------
        CompileError
            Of the first source that is wrong.
        ToolchainError
        """
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            units = [pool.submit(copy_context().run, self._unit, path) for path in paths]
            return [unit.result() for unit in units]

    def _start(self, path: str) -> str:
        """Have the compiler call the source by the cell's name and lines; it looks for headers beside the file."""
        if path == CELL:
            # Its suggestions count the lines of the file.
            return "\n" * (self.first_line - 1)
        return f'#line {self.first_line} "{CELL}"\n' if path == self.main else ""

    @cached_property
    def _listed(self) -> str:
        """A digest of the names in the libraries: a new header may be found before another."""
        from wasmnb.compile.cpp.libraries import listing  # noqa: PLC0415 - for their users only

        return listing(self.flags.libraries)

    def _unit(self, path: str) -> Compiled:
        source = Source(self.texts[path])
        what = [path, path == self.main, self.first_line, source.text, self.flags.shared, self.flags.own, self._above()]
        what += [self._deeper] if self._deeper else []
        what += [self._listed] if self.flags.libraries else []
        key = digest(canonical([_RECIPE, zig().version, sdk_id(), WARNINGS, what]))
        entry = OBJECTS.get(key)
        if entry is None or not unchanged(entry, self.texts) or not entry.sound():
            entry = OBJECTS.put(key, lambda folder: self._compile(path, source, folder))
        warnings = tuple(Diagnostic.from_dict(item) for item in entry.notes["warnings"])
        return Compiled(path, entry.path(_OBJECT), dict(entry.notes["headers"]), warnings)

    def _compile(self, path: str, source: Source, folder: Path) -> dict[str, Any]:
        # A header for each source's own standard headers would take longer than it saves: these change seldom.
        alone = path != self.main
        exact = not alone and any(Source(text).opens_std for text in self.texts.values())
        prepared = prebuilt.header(source, self.flags, alone=alone, exact=exact) if source.uses_sdk else None
        name = CELL if path == self.main else path
        listed = folder / "unit.d"
        command, language = dialect(self.flags.shared, path)
        command += ["-main-file-name", PurePosixPath(name).name, *SAID, *WARNINGS]
        command += [*self.options(path), "-dependency-file", str(listed), "-MT", "unit"]
        command += ["-include-pch", str(prepared[1].path("prefix.pch"))] if prepared else []
        finished = run([*command, "-emit-obj", "-x", language, path, "-o", str(folder / _OBJECT)], self.work)
        files = {other: text for other, text in self.texts.items() if other != self.main}
        found = parse(finished.messages, self.texts[self.main], self.first_line, files)
        if finished.code:
            raise compile_error(found, finished, uses_sdk=source.uses_sdk, folder=self.folder, files=self.texts)
        names = [name for name in own_headers(listed) if name != path]
        listed.unlink()
        warnings = [item.to_dict() for item in found if item.severity == "warning"]
        return {"headers": {name: _digest(name, self.texts) for name in names}, "warnings": warnings}

    def options(self, path: str) -> list[str]:
        """Give what concerns a source alone: warnings, and where headers are: the project's, and its ``include``."""
        own = [".", *self._tops]
        main = [f"-fmacro-prefix-map={CELL}={path}"] if path == self.main and path != CELL else []
        folders = [word for folder in own for word in ("-I", folder)]
        # No header of the runtime's is to be hidden by what a library of the project's has of that name.
        folders += [word for folder in self._deeper for word in ("-idirafter", folder)]
        return [*self.flags.own, *self._above(), *folders, *main]

    @property
    def _tops(self) -> list[str]:
        return ["include"] if any(name.startswith("include/") for name in self.texts) else []

    @cached_property
    def _deeper(self) -> list[str]:
        """Give further folders of the project's that includes begin at, as its build file says to its own compiler.

        Where one file alone ends with what is included, that file is meant.
        """
        found = set()
        named: dict[str, list[str]] = {}
        for path in self.texts:
            named.setdefault(posixpath.basename(path), []).append(path)
        for path, text in self.texts.items():
            beside = posixpath.dirname(path)
            for word in Source(text).includes:
                name = word[1:-1]
                places = (posixpath.normpath(posixpath.join(top, name)) for top in (beside, "", *self._tops))
                if name.startswith(("/", ".")) or any(place in self.texts for place in places):
                    continue
                ending = [each for each in named.get(posixpath.basename(name), ()) if each.endswith(f"/{name}")]
                if len(ending) == 1:
                    found.add(ending[0].removesuffix(f"/{name}"))
        return sorted(found)

    def _above(self) -> list[str]:
        """Name the user's folders in which something includes what lies above the project."""
        if not self.folder:
            return []
        climbing = {str(PurePosixPath(path).parent) for path, text in self.texts.items() if _CLIMBS.search(text)}
        return [
            word for folder in sorted(climbing) for word in ("-iquote", os.path.normpath(f"{self.folder}/{folder}"))
        ]


def texts_of(filter: Filter, progress: Progress | None = None) -> dict[str, str]:  # noqa: A002
    """Give every file of a filter by its path: its source, those beside it, and what is made of its messages.

    Raises
    ------
    CompileError, ToolchainError
        Its messages cannot be read.
    """
    from wasmnb.compile.cpp import proto  # noqa: PLC0415 - brings what reads them

    main, files = filter.file or CELL, dict(filter.files)
    for path in proto.replaced(files):
        del files[path]
    source = Source(filter.source)
    written = [source, *(Source(text) for path, text in files.items() if not path.endswith(".proto"))]
    wanted = proto.wanted(written, files)
    made = proto.generate(files, wanted, progress) if wanted else {}
    sources = {path: text for path, text in files.items() if not path.endswith(".proto")}
    moved = proto.elsewhere({**sources, main: filter.source}, made) if made else {}
    return {**files, **made, **moved, main: filter.source}


def unchanged(entry: Entry, texts: Mapping[str, str]) -> bool:
    """Tell whether the user's headers that something was compiled with are what they were.

    Parameters
    ----------
    entry : Entry
        Its notes have the digests.
    texts : mapping of str to str
        The files that are not on the disk.
    """
    try:
        return all(_digest(name, texts) == sha for name, sha in entry.notes.get("headers", {}).items())
    except OSError:
        return False


def _digest(name: str, texts: Mapping[str, str]) -> str:
    path = PurePosixPath(name)
    if path.is_absolute():
        return digest(Path(name).read_bytes())
    text = texts.get(os.path.normpath(name))
    if text is None:
        raise FileNotFoundError(name)
    return digest(text.encode(errors="surrogateescape"))
