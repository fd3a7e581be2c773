"""A reader of the WebAssembly binary format: what a module imports, exports, and where its parts are.

It follows WebAssembly core specification 3.0, chapter 5 (binary format), as far as the section headers, types, imports,
exports and names; function bodies are located, not decoded. Every malformed input ends in a `ModuleError`, and no
count in a file makes it reserve more than the file's own size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from wasmnb.errors import ModuleError
from wasmnb.module.file_type import describe
from wasmnb.module.reader import MAX_FUNCTIONS, MAX_ITEMS, Reader, malformed
from wasmnb.module.types import read_kind, read_limits, read_types, read_value
from wasmnb.module.wasm_types import Body, Export, FuncType, Import, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_BYTES", "Binary", "Body", "Export", "FuncType", "Import", "Reader", "Section", "parse", "too_large"]

#: Istio's agent reads no larger module (``pkg/wasm``), so nothing larger can be rolled out.
MAX_BYTES = 256 * 1024 * 1024

_MAX_PAGES = 65536
# Section ids in the order the format wants them: tag (13) stands before global, data count (12) before code.
_ORDER = {section: place for place, section in enumerate((1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11))}


@dataclass(frozen=True)
class Binary:
    """A parsed module; what takes longer to find is found when asked for."""

    wasm: bytes = field(repr=False)
    sections: tuple[Section, ...] = field(repr=False)

    def section(self, number: int) -> Section | None:
        """Give the section with this id."""
        return next((section for section in self.sections if section.id == number), None)

    def custom(self, name: str) -> bytes | None:
        """Give the content of the first custom section of this name."""
        found = next((section for section in self.sections if section.id == 0 and section.name == name), None)
        return None if found is None else self.wasm[found.start : found.end]

    @property
    def customs(self) -> tuple[Section, ...]:
        """Every custom section, in file order."""
        return tuple(section for section in self.sections if section.id == 0)

    @cached_property
    def types(self) -> tuple[FuncType | None, ...]:
        """The type section; None where a type is no function's."""
        reader = self._reader(1)
        return tuple(read_types(reader)) if reader else ()

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """The import section, in file order."""
        reader = self._reader(2)
        return tuple(self._imports(reader)) if reader else ()

    @cached_property
    def exports(self) -> tuple[Export, ...]:
        """The export section, in file order."""
        reader = self._reader(7)
        return tuple(self._exports(reader)) if reader else ()

    @cached_property
    def imported_functions(self) -> tuple[Import, ...]:
        """The imports that are functions: they have the first function indexes."""
        return tuple(item for item in self.imports if item.kind == "func")

    @cached_property
    def _functions(self) -> bytes | tuple[int, ...]:
        """The type index of each function of the module's own."""
        reader = self._reader(3)
        if reader is None:
            return b""
        count = reader.count(MAX_FUNCTIONS)
        # A module with fewer than 128 types has one byte per function: those bytes are the answer already.
        if count == reader.end - reader.pos and reader.data[reader.pos : reader.end].isascii():
            return reader.data[reader.pos : reader.end]
        indexes = tuple(reader.leb() for _ in range(count))
        reader.done()
        return indexes

    @cached_property
    def memory_pages(self) -> tuple[int, ...]:
        """How many pages of 64 KiB each of the module's own memories has at start."""
        reader = self._reader(5)
        if reader is None:
            return ()
        pages = tuple(read_limits(reader) for _ in range(reader.count()))
        reader.done()
        if any(count > _MAX_PAGES for count in pages):
            raise malformed(f"a memory has more than {_MAX_PAGES} pages", reader.pos)
        return pages

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """Where the code of each function is (offsets in the file, as in Envoy's backtraces)."""
        count = self._code_count()
        reader = self._reader(10)
        if reader is None:
            return ()
        reader.count(MAX_FUNCTIONS)
        first, bodies = len(self.imported_functions), []
        for index in range(count):
            start = reader.skip(reader.leb())
            bodies.append(Body(first + index, start, reader.pos))
        reader.done()
        return tuple(bodies)

    @cached_property
    def function_names(self) -> dict[int, str]:
        """The name section's function names by index (core specification, appendix "Custom Sections")."""
        section = next((section for section in self.customs if section.name == "name"), None)
        reader = Reader(self.wasm, section.start, section.end) if section else None
        names: dict[int, str] = {}
        while reader and reader.pos < reader.end:
            number, size = reader.byte(), reader.leb()
            start = reader.skip(size)
            if number == 1:
                part = Reader(self.wasm, start, reader.pos)
                for _ in range(part.count(MAX_FUNCTIONS)):
                    index = part.leb()
                    names[index] = part.name("replace")
                part.done()
        return names

    def reader(self, start: int, end: int) -> Reader:
        """Give a cursor over a range of the file."""
        return Reader(self.wasm, start, end)

    def require_whole(self) -> None:
        """Refuse a module whose parts do not fit each other, as far as that shows without reading code.

        Raises
        ------
        ModuleError
            Functions and code differ in number, a memory is malformed, or something exported does not exist.
        """
        self._code_count()
        own = {
            "memory": len(self.memory_pages),
            "table": self._count(4),
            "global": self._count(6),
            "tag": self._count(13),
        }
        for kind, count in own.items():
            total = count + sum(item.kind == kind for item in self.imports)
            for item in self.exports:
                if item.kind == kind and item.index >= total:
                    raise malformed(f"{kind} {item.index} does not exist", 0)

    def function_type(self, index: int) -> FuncType | None:
        """Give the type of a function by its index, imported functions first."""
        imported = len(self.imported_functions)
        if index < imported:
            return self.imported_functions[index].type
        if index - imported >= len(self._functions):
            raise malformed(f"function {index} does not exist", 0)
        return self._type(self._functions[index - imported], 0)

    def _count(self, number: int) -> int:
        reader = self._reader(number)
        return reader.count(MAX_FUNCTIONS) if reader else 0

    def _code_count(self) -> int:
        count = self._count(10)
        if count != len(self._functions):
            raise malformed(f"{len(self._functions)} functions are declared, {count} have code", 0)
        return count

    def _type(self, index: int, at: int) -> FuncType | None:
        if index >= len(self.types):
            raise malformed(f"type {index} does not exist", at)
        return self.types[index]

    def _reader(self, number: int) -> Reader | None:
        section = self.section(number)
        return Reader(self.wasm, section.start, section.end) if section else None

    def _imports(self, reader: Reader) -> Iterator[Import]:
        for _ in range(reader.count()):
            module, name, at = reader.name(), reader.name(), reader.pos
            kind = read_kind(reader)
            functype = None
            if kind == "func":
                functype = self._type(reader.leb(), at)
            elif kind == "table":
                read_value(reader)
                read_limits(reader)
            elif kind == "memory":
                read_limits(reader)
            elif kind == "global":
                read_value(reader)
                reader.byte()
            else:
                reader.byte()
                reader.leb()
            yield Import(module, name, kind, functype)
        reader.done()

    def _exports(self, reader: Reader) -> Iterator[Export]:
        seen: set[str] = set()
        for _ in range(reader.count()):
            at, name = reader.pos, reader.name()
            if name in seen:
                raise malformed(f"it exports {name[:200]!r} twice", at)
            seen.add(name)
            kind, index = read_kind(reader), reader.leb()
            yield Export(name, kind, index, self.function_type(index) if kind == "func" else None)
        reader.done()


def parse(wasm: bytes) -> Binary:
    """Find the sections of a WebAssembly core module.

    Parameters
    ----------
    wasm : bytes
        The whole file; it is kept, not copied.

    Returns
    -------
    Binary

    Raises
    ------
    ModuleError
        The bytes are something else (the message says what), too many, or malformed. Types, imports, exports and
        bodies are read, and refused, when they are first asked for.
    """
    if len(wasm) > MAX_BYTES:
        raise too_large(len(wasm))
    if wasm[:8] != b"\0asm\1\0\0\0":
        what, hint = describe(wasm)
        raise ModuleError(f"This is not a WebAssembly module: {what}.", hint=hint, code="WNB3004")
    return Binary(wasm, tuple(_sections(Reader(wasm, 8))))


def too_large(size: int) -> ModuleError:
    """Give the error for a module above the limit, of which a part may have been read."""
    return ModuleError(
        f"The module has {size / 1024**2:,.0f} MiB; the most that can be rolled out are {MAX_BYTES // 1024**2} MiB.",
        hint="build it without debug information (-g0), or remove that (wasm-strip), and keep data files out of it",
        code="WNB3005",
    )


def _sections(reader: Reader) -> Iterator[Section]:
    place, count = -1, 0
    while reader.pos < reader.end:
        offset, number, size = reader.pos, reader.byte(), reader.leb()
        start, count = reader.skip(size), count + 1
        if count > MAX_ITEMS:
            raise malformed(f"it has more than {MAX_ITEMS} sections", offset)
        if number == 0:
            header = Reader(reader.data, start, reader.pos)
            name = header.name()
            yield Section(0, name, offset, header.pos, reader.pos)
            continue
        if number not in _ORDER:
            raise malformed(f"section {number} is unknown", offset)
        if _ORDER[number] <= place:
            raise malformed(f"section {number} is out of order, or there twice", offset)
        place = _ORDER[number]
        yield Section(number, "", offset, start, reader.pos)
