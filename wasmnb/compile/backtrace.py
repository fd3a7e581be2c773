"""From the byte offsets in a trap's backtrace to functions and lines of the cell.

Envoy prints, for each frame, the offset of an instruction in the module file. What ships has no names; the module
that was linked is kept in the cache with its name section and a DWARF line table (`BuildRecord.symbols`), and
stripping moves no code, so the same offsets hold in it.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.diagnostics import CELL, line_of
from wasmnb.errors import ModuleError
from wasmnb.module.parse import Binary, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wasmnb.module import Module

__all__ = ["Frame", "could_trap_at", "function_sizes", "is_cell", "place_in", "symbolize"]

_CODE = 10
# WebAssembly core specification 3.0, section 5.4: unreachable, calls, memory accesses, division and remainder,
# truncation, table access, and the 0xFC group (memory.copy ...).
_CALLS = frozenset({0x10, 0x11, 0x12, 0x13, 0x14, 0x15})
_TRAPS = frozenset(
    {0x00, *range(0x28, 0x3F), *range(0x6D, 0x71), *range(0x7F, 0x83), *range(0xA8, 0xB2), 0xFC, 0x25, 0x26}
)
# Names as they stand in the modules that each language's linker makes: of the language's own libraries, its runtime,
# the SDK, and what the host calls.
_LIBRARIES = re.compile(
    r"<?(?:proxy_on_\w+|proxy_wasm\b.*|_initialize|_start|abort|exit|__\w+|rust_\w+|dl\w*alloc|malloc|free"
    r"|(?:core|std|alloc|hashbrown)::.*|<(?:core|std|alloc)::.*"
    r"|(?:runtime|reflect|sync|syscall|internal_\w+|wasm_export_\w+)[._].*|github\.com[_/]proxy.wasm[_/]proxy.wasm.go.sdk.*"
    r"|~lib/.*)"
)
# Rust's names of before its present form of mangling: each escape, and the hash at the end.
_ESCAPES = {"LT": "<", "GT": ">", "u20": " ", "u7b": "{", "u7d": "}", "u27": "'", "RF": "&", "BP": "*", "C": ",",
            "LP": "(", "RP": ")"}  # fmt: skip
_ESCAPE = re.compile(r"\$(" + "|".join(_ESCAPES) + r")\$")
_RUST = re.compile(r"(?P<name>.+)::h[0-9a-f]{16}(?:\.\w+)*")
# The cell under the names by which each compiler sees it.
_CELLS = {CELL, "cell.rs", "cell.go", "cell.ts"}


@dataclass(frozen=True)
class Frame:
    """One frame of a backtrace.

    Parameters
    ----------
    function : str
        As written in C++; ``function <index>`` when the module has no names.
    line : int
        1-based line in the cell; 0 when the instruction comes from no line of it.
    quote : str
        That line.
    """

    function: str
    line: int = 0
    quote: str = ""

    @property
    def library(self) -> bool:
        """Whether it is of the SDK, the language's libraries or its runtime, as far as its name tells."""
        return not self.line and _LIBRARIES.fullmatch(self.function) is not None

    def __str__(self) -> str:
        where = f" (cell line {self.line}: {self.quote.strip()})" if self.line else ""
        return self.function + where


def symbolize(module: Module, offsets: Sequence[int]) -> list[Frame]:
    """Name the functions and cell lines of a backtrace.

    Parameters
    ----------
    module : Module
        The module that trapped.
    offsets : sequence of int
        Byte offsets in the module file, innermost first, as Envoy prints them.

    Returns
    -------
    list of Frame
        One per offset. Without the unstripped module they have no lines, and names only if the module carries them.
    """
    symbols, first_line = _symbols(module)
    try:
        binary = parse(symbols)
        functions = [_function(binary, offset) for offset in offsets]
    except ModuleError:
        return [Frame(f"offset {offset:#x}") for offset in offsets]
    lines = _lines(symbols, tuple(offsets))
    return [
        Frame(function, line, line_of(module.source, line, first_line))
        for function, line in zip(functions, lines, strict=True)
    ]


def is_cell(module: Module, file: str) -> bool:
    """Tell whether a file that a filter speaks of is the cell that it was made of."""
    return bool(module.source) and Path(file).name in _CELLS


def place_in(module: Module, file: str, line: int) -> str:
    """Name a place that a filter itself told of: a line of the cell, with its text, or one of another file."""
    if not is_cell(module, file):
        return f"{file} line {line}"
    quote = line_of(module.source, line, _symbols(module)[1]).strip()
    return f"cell line {line}" + (f": {quote}" if quote else "")


def function_sizes(module: Module) -> dict[str, int]:
    """Give how many bytes of code each function has, the largest first; those of one name are added up.

    Parameters
    ----------
    module : Module

    Raises
    ------
    ModuleError
        It is malformed.
    """
    named = parse(_symbols(module)[0]).function_names
    found: Counter[str] = Counter()
    for body in parse(module.wasm).bodies:
        found[named.get(body.index, f"function {body.index}")] += body.end - body.start
    return dict(found.most_common())


def could_trap_at(module: Module, offsets: Sequence[int]) -> bool:
    """Tell whether a backtrace can be this module's.

    The innermost offset must be an instruction that may trap, or a call; each outer one a call. Several plugins run in
    one proxy, and its log does not say which of them trapped.

    Parameters
    ----------
    module : Module
        Its bytes alone are looked at.
    offsets : sequence of int
        Byte offsets in the module file, innermost first.
    """
    try:
        codes = _opcodes(parse(module.wasm), offsets)
    except ModuleError:
        return False
    return bool(codes) and codes[0] in _TRAPS | _CALLS and all(code in _CALLS for code in codes[1:])


def _opcodes(binary: Binary, offsets: Sequence[int]) -> list[int | None]:
    bodies = binary.bodies
    inside = [any(body.start <= offset < body.end for body in bodies) for offset in offsets]
    return [binary.wasm[offset] if found else None for offset, found in zip(offsets, inside, strict=True)]


def _symbols(module: Module) -> tuple[bytes, int]:
    path = module.build.symbols if module.build else None
    if path is None:
        return module.wasm, 1
    try:
        notes = json.loads((path.parent / "entry.json").read_bytes())["notes"]
        return path.read_bytes(), int(notes.get("first_line", 1))
    except (OSError, ValueError, KeyError, TypeError):
        return module.wasm, 1


def _function(binary: Binary, offset: int) -> str:
    body = next((body for body in binary.bodies if body.start <= offset < body.end), None)
    if body is None:
        return f"offset {offset:#x}"
    return _readable(binary.function_names.get(body.index, f"function {body.index}"))


def _readable(name: str) -> str:
    """Give a name as its author wrote it: Rust's own are escaped."""
    rust = _RUST.fullmatch(name)
    if rust is None:
        return name
    plain = _ESCAPE.sub(lambda found: _ESCAPES[found[1]], rust["name"])
    return re.sub(r"(?<=[:<&])_(?=[<{])|^_(?=<)", "", plain).replace("..", "::")


@lru_cache(maxsize=16)
def _lines(symbols: bytes, offsets: tuple[int, ...]) -> tuple[int, ...]:
    """Find the cell's lines; a table that cannot be read has none."""
    from elftools.common.exceptions import DWARFError, ELFError  # noqa: PLC0415

    binary = parse(symbols)
    code = binary.section(_CODE)
    try:
        dwarf = _dwarf(binary)
        if dwarf is None or code is None:
            return (0,) * len(offsets)
        # DWARF for WebAssembly counts from the first byte of the code section's content.
        return tuple(_line(dwarf, offset - code.start) for offset in offsets)
    except (DWARFError, ELFError, ValueError, KeyError, IndexError, AttributeError):
        return (0,) * len(offsets)


def _dwarf(binary: Binary) -> Any:
    from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo  # noqa: PLC0415

    def section(name: str) -> Any:
        data = binary.custom(name)
        return None if data is None else DebugSectionDescriptor(io.BytesIO(data), name, None, len(data), 0)

    if binary.custom(".debug_line") is None or binary.custom(".debug_info") is None:
        return None
    names = ("info", "abbrev", "str", "ranges", "line", "addr", "str_offsets", "line_str", "loclists", "rnglists")
    given = {f"debug_{name}_sec": section(f".debug_{name}") for name in names}
    absent = ("debug_aranges", "debug_frame", "eh_frame", "debug_loc", "debug_pubtypes", "debug_pubnames", "debug_sup")
    missing = dict.fromkeys([f"{name}_sec" for name in (*absent, "gnu_debugaltlink", "debug_types")])
    config = DwarfConfig(little_endian=True, machine_arch="wasm", default_address_size=4)
    return DWARFInfo(config, **given, **missing)


def _line(dwarf: Any, address: int) -> int:
    """Find the line of the cell that an instruction belongs to: its own, or that of the call that was inlined there."""
    for unit in dwarf.iter_CUs():
        top = unit.get_top_DIE()
        if _name(top) != CELL:
            continue
        program = dwarf.line_program_for_CU(unit)
        file, line = _row(program, address)
        if line and _is_cell(program, file):
            return line
        if line:
            return next((call for call in _inlined(dwarf, program, top, address)), 0)
    return 0


def _name(die: Any) -> str:
    attribute = die.attributes.get("DW_AT_name")
    return Path(attribute.value.decode(errors="replace")).name if attribute else ""


def _row(program: Any, address: int) -> tuple[int, int]:
    """Find file and line of the last row at or before an address, inside its sequence."""
    last = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if last is not None and last.address <= address < state.address:
            return last.file, last.line
        last = None if state.end_sequence else state
    return 0, 0


def _is_cell(program: Any, file: int) -> bool:
    files = program.header["file_entry"]
    version = program.header["version"]
    index = file if version >= 5 else file - 1  # noqa: PLR2004
    return 0 <= index < len(files) and Path(files[index].name.decode(errors="replace")).name == CELL


def _inlined(dwarf: Any, program: Any, top: Any, address: int) -> Iterator[int]:
    """Give the cell's lines of the calls that were inlined around an address, innermost first."""
    chain = [die for die in _covering(dwarf, top, address) if die.tag == "DW_TAG_inlined_subroutine"]
    for die in reversed(chain):
        if _is_cell(program, die.attributes["DW_AT_call_file"].value):
            yield int(die.attributes["DW_AT_call_line"].value)


def _covering(dwarf: Any, die: Any, address: int) -> Iterator[Any]:
    for child in die.iter_children():
        if any(low <= address < high for low, high in _ranges(dwarf, child)):
            yield child
            yield from _covering(dwarf, child, address)
            return


def _ranges(dwarf: Any, die: Any) -> Iterator[tuple[int, int]]:
    attributes = die.attributes
    if "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
        low, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"].value
        offset_form = not attributes["DW_AT_high_pc"].form.startswith("DW_FORM_addr")
        yield low, low + high if offset_form else high
    elif "DW_AT_ranges" in attributes:
        lists = dwarf.range_lists()
        low = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = low.value if low is not None else 0
        for item in lists.get_range_list_at_offset(attributes["DW_AT_ranges"].value, cu=die.cu):
            if hasattr(item, "base_address"):
                base = item.base_address
                continue
            start = 0 if item.is_absolute else base
            yield start + item.begin_offset, start + item.end_offset
