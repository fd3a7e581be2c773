"""Our own note in a module, and the removal of what need not be shipped.

The note is a custom section named ``wasmnb`` behind all other sections. Its content is one JSON object with sorted keys
and no spaces, in UTF-8::

    {"language":"cpp","root_ids":["header-filter"],"version":1}

A WebAssembly host ignores custom sections that it does not know, so the note changes nothing about what runs; it lets
the root ids and the language be known wherever the bytes go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeGuard

from wasmnb.module.parse import Binary, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["SECTION", "read_stamp", "shipped", "stamp", "strip"]

SECTION = "wasmnb"

_VERSION = 1
_LOW = 0x7F  # the bits of a number that one LEB128 byte holds
_MAX_NOTE = 64 * 1024
_SHED = frozenset({"name", "producers", "target_features", "linking", "sourceMappingURL", "external_debug_info"})
_SHED_PREFIXES = (".debug_", "reloc.")
# Envoy prints the offsets of a trap's backtrace only for a module with a name section that names a function
# (proxy-wasm-cpp-host, V8::getFailMessage). This one names function 0 "?"; the real names stay in the cache.
_NAMES = b"\0\x0b\x04name\x01\x04\x01\x00\x01?"


def shipped(wasm: bytes) -> bytes:
    """Give a built module as it is shipped: without its names and debug sections, but with offsets in backtraces."""
    return strip(wasm) + _NAMES


def stamp(wasm: bytes, *, language: str, root_ids: Sequence[str] | None) -> bytes:
    """Append a note of the language and the root ids, in place of an older one.

    Parameters
    ----------
    wasm : bytes
        A WebAssembly module.
    language : str
        ``cpp``, ``rust``, ...
    root_ids : sequence of str or None
        Every root id that the module registers, the empty one included; None when it takes any, or when they are not
        known, which the note then does not speak of.

    Returns
    -------
    bytes
        The module with the note; the same input gives the same bytes. No offset of code moves.

    Raises
    ------
    ModuleError
        The bytes are no WebAssembly module.
    """
    note: dict[str, object] = {"language": language, "version": _VERSION}
    if root_ids is not None:
        note["root_ids"] = list(root_ids)
    content = json.dumps(note, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")
    name = SECTION.encode()
    body = _leb(len(name)) + name + content
    return _without(parse(wasm), lambda section: section == SECTION) + b"\0" + _leb(len(body)) + body


def read_stamp(binary: Binary) -> tuple[str | None, tuple[str, ...] | None]:
    """Read the note of `stamp`.

    Returns
    -------
    language : str or None
    root_ids : tuple of str or None
        None when there is no note, or none that this version understands.
    """
    sections = [section for section in binary.customs if section.name == SECTION and section.size <= _MAX_NOTE]
    if not sections:
        return None, None
    try:
        note = json.loads(binary.wasm[sections[-1].start : sections[-1].end])
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(note, dict):
        return None, None
    language, root_ids = note.get("language"), note.get("root_ids")
    known = isinstance(root_ids, list) and all(_is_text(item) for item in root_ids)
    return language if _is_text(language) else None, tuple(root_ids or ()) if known else None


def _is_text(value: object) -> TypeGuard[str]:
    """Say whether a JSON value is a text that can be written down: JSON can spell halves of characters."""
    return isinstance(value, str) and value == value.encode("utf-8", "ignore").decode()


def strip(wasm: bytes) -> bytes:
    """Remove names, debug information and the like.

    Parameters
    ----------
    wasm : bytes
        A WebAssembly module.

    Returns
    -------
    bytes
        The module without the custom sections ``name``, ``producers``, ``target_features``, ``.debug_*``, ``linking``,
        ``reloc.*`` and those that point to files beside it. A section in front of the code stays, so that the offsets
        in a backtrace of the shipped module hold in the unstripped one.

    Raises
    ------
    ModuleError
        The bytes are no WebAssembly module.
    """
    return _without(parse(wasm), lambda name: name in _SHED or name.startswith(_SHED_PREFIXES))


def _without(binary: Binary, shed: Callable[[str], bool]) -> bytes:
    """Give the module without those custom sections behind its code whose name ``shed`` says yes to."""
    code = binary.section(10)
    kept, start = [], 0
    for section in binary.customs:
        if shed(section.name) and (code is None or section.offset > code.offset):
            kept.append(binary.wasm[start : section.offset])
            start = section.end
    return b"".join([*kept, binary.wasm[start:]])


def _leb(number: int) -> bytes:
    out = bytearray()
    while number > _LOW:
        out.append(number & _LOW | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
