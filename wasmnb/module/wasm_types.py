"""The parts of a WebAssembly module, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Body", "Export", "FuncType", "Import", "Section"]


@dataclass(frozen=True)
class FuncType:
    """What a function takes and gives, as value type names (``i32``, ``i64``, ``f32``, ``f64``, ``v128``, ``ref``)."""

    params: tuple[str, ...] = ()
    results: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"({' '.join(self.params)}) -> {' '.join(self.results) or 'nothing'}"


@dataclass(frozen=True)
class Import:
    """Something the module wants from its host; ``type`` is None unless ``kind`` is ``func``."""

    module: str
    name: str
    kind: str
    type: FuncType | None = None

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Export:
    """Something the module offers to its host; ``type`` is None unless ``kind`` is ``func``."""

    name: str
    kind: str
    index: int
    type: FuncType | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Section:
    """A section: ``offset`` of its first byte in the file, ``start`` and ``end`` of its content.

    The content of a custom section (id 0) starts behind its name.
    """

    id: int
    name: str
    offset: int
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of content."""
        return self.end - self.start


@dataclass(frozen=True)
class Body:
    """The code of one function: its index among all functions (imported ones first), and its byte range in the file."""

    index: int
    start: int
    end: int
