"""The type section, and the types of imports (core specification 3.0, sections 5.3 and 5.5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.module.reader import MAX_FUNCTIONS, malformed
from wasmnb.module.wasm_types import FuncType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.module.reader import Reader

__all__ = ["read_kind", "read_limits", "read_types", "read_value"]

_KINDS = ("func", "table", "memory", "global", "tag")
_NUMBERS = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128"}
_REF_TO = (0x63, 0x64)
_REFS = range(0x68, 0x75)
_PACKED = (0x77, 0x78)
# Bit 0: there is a maximum, 1: shared (only with a maximum), 2: 64-bit addresses.
_LIMITS = (0, 1, 3, 4, 5, 7)
_REC, _SUB, _FUNC, _STRUCT, _ARRAY = 0x4E, (0x50, 0x4F), 0x60, 0x5F, 0x5E
# V8's limit of parameters or results; and a bound of ours for all types together: real ones take some kilobytes.
_MAX_VALUES = 1000
_MAX_TYPES = 4 * 1024 * 1024


def read_types(reader: Reader) -> Iterator[FuncType | None]:
    """Read the type section; None stands for a type that is no function's."""
    if reader.end - reader.pos > _MAX_TYPES:
        raise malformed(f"its types take more than {_MAX_TYPES} bytes", reader.pos)
    for _ in range(reader.count(MAX_FUNCTIONS)):
        if reader.pos < reader.end and reader.data[reader.pos] == _REC:
            reader.byte()
            for _ in range(reader.count()):
                yield _subtype(reader)
        else:
            yield _subtype(reader)
    reader.done()


def _subtype(reader: Reader) -> FuncType | None:
    at, form = reader.pos, reader.byte()
    if form in _SUB:  # with supertypes
        for _ in range(reader.count()):
            reader.leb()
        at, form = reader.pos, reader.byte()
    if form == _FUNC:
        params = tuple(read_value(reader) for _ in range(reader.count(_MAX_VALUES)))
        return FuncType(params, tuple(read_value(reader) for _ in range(reader.count(_MAX_VALUES))))
    if form not in (_STRUCT, _ARRAY):
        raise malformed(f"type form {form:#x} is unknown", at)
    for _ in range(reader.count() if form == _STRUCT else 1):
        read_value(reader, packed=True)
        reader.byte()
    return None


def read_value(reader: Reader, *, packed: bool = False) -> str:
    """Read a value type; ``packed`` allows those that only fields have."""
    at, code = reader.pos, reader.byte()
    if code in _NUMBERS:
        return _NUMBERS[code]
    if code in _REF_TO:
        reader.leb(33)
        return "ref"
    if code in _REFS or (packed and code in _PACKED):
        return "ref"
    raise malformed(f"value type {code:#x} is unknown", at)


def read_kind(reader: Reader) -> str:
    """Read what an import or export is."""
    at, code = reader.pos, reader.byte()
    if code >= len(_KINDS):
        raise malformed(f"import or export kind {code} is unknown", at)
    return _KINDS[code]


def read_limits(reader: Reader) -> int:
    """Read the limits of a memory or table; give the least."""
    at, flags = reader.pos, reader.byte()
    if flags not in _LIMITS:
        raise malformed(f"limits of kind {flags:#x} are unknown", at)
    bits = 64 if flags & 4 else 32
    least = reader.leb(bits)
    if flags & 1 and reader.leb(bits) < least:
        raise malformed("a memory or table wants at least more than at most", at)
    return least
