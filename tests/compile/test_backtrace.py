"""From offsets in a trap's backtrace to lines of the cell."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.compile.conftest import BODY_LINE, cell
from tests.module.builder import good
from tests.sdk.harness import Plugin, Proxy
from tests.sdk.upstream import Upstream
from wasmnb.compile.backtrace import Frame, could_trap_at, place_in, symbolize
from wasmnb.module import Module
from wasmnb.module.parse import parse

CALL, UNREACHABLE = 0x10, 0x00

HELPER = "__attribute__((noinline)) int deep(const std::vector<int>& v, size_t i) {\n  return v.at(i);\n}\n"


def offsets_of(module: Module, name: str) -> range:
    """Every offset of a function, by its name in the unstripped module."""
    binary = parse(module.build.symbols.read_bytes())
    (body,) = (body for body in binary.bodies if binary.function_names[body.index].startswith(name))
    return range(body.start, body.end)


def test_a_trap_is_shown_at_its_line(build):
    module = build(cell("__builtin_trap();"), first_line=2)
    offsets = offsets_of(module, "Http::onResponseHeaders")
    trap = next(offset for offset in offsets if module.wasm[offset] == UNREACHABLE and could_trap_at(module, [offset]))
    assert trap in offsets
    (frame,) = symbolize(module, [offsets[-2]])
    assert frame.function == "Http::onResponseHeaders(unsigned int, bool)"
    assert (frame.line, frame.quote) == (BODY_LINE + 1, "  __builtin_trap();")
    assert str(frame).endswith(f"(cell line {BODY_LINE + 1}: __builtin_trap();)")


def test_the_offsets_that_a_real_envoy_prints_lead_to_the_cell(build, tmp_path):
    module = build(cell("deep(std::vector<int>(3), 7);", top=HELPER), first_line=2)
    other = build(cell('addResponseHeader("x-other", "1");'))
    with Upstream() as upstream, Proxy(tmp_path, upstream, http=[Plugin(module, root_id="here")]) as proxy:
        assert proxy.request().status == 503
        log = proxy.wait_log("in-VM backtrace")
    offsets = [int(offset, 16) for offset in re.findall(r"^ +\d+: +(0x[0-9a-f]+) - ", log, re.MULTILINE)]
    frames = symbolize(module, offsets)
    assert [frame.line for frame in frames if frame.line] == [3, BODY_LINE + 4]
    assert frames[-1].function == "proxy_on_response_headers"
    assert could_trap_at(module, offsets)
    assert not could_trap_at(other, offsets)


def test_library_code_that_was_inlined_is_shown_at_the_call(build):
    module = build(cell("deep(std::vector<int>(3), 7);", top=HELPER))
    frames = symbolize(module, list(offsets_of(module, "deep(")))
    assert {frame.line for frame in frames} <= {0, 1, 2, 3}
    assert 2 in {frame.line for frame in frames}
    assert {frame.quote.strip() for frame in frames if frame.line == 2} == {"return v.at(i);"}


def test_the_part_of_inlined_code_that_stands_apart_has_the_line_of_its_call(build):
    """What throws is moved behind the function's end: its ranges count from an address of their own."""
    body = 'std::vector<int> v{1, 2};\n  addResponseHeader("x", std::to_string(v.at(getResponseHeader("x")->size())));'
    module = build(cell(body))
    calls = [at for at in offsets_of(module, "Http::onResponseHeaders") if module.wasm[at] == CALL]
    assert symbolize(module, calls)[-1].line == BODY_LINE + 1


def test_the_bytes_that_ship_have_the_same_code(build):
    module = build(cell())
    symbols = parse(module.build.symbols.read_bytes())
    shipped = parse(module.wasm)
    assert shipped.function_names == {0: "?"}
    assert [module.wasm[body.start : body.end] for body in shipped.bodies] == [
        symbols.wasm[body.start : body.end] for body in symbols.bodies
    ]
    assert [body.start for body in shipped.bodies] == [body.start for body in symbols.bodies]


def test_without_symbols_a_frame_has_its_functions_number(build):
    module = build(cell())
    offset = offsets_of(module, "Http::onResponseHeaders")[3]
    (frame,) = symbolize(replace(module, build=None), [offset])
    assert frame.function.startswith("function ")
    assert frame.line == 0
    module.build.symbols.unlink()
    assert symbolize(module, [offset]) == [frame]


def test_offsets_outside_of_all_code(build):
    module = build(cell())
    assert symbolize(module, [0, 10**9]) == [Frame("offset 0x0"), Frame("offset 0x3b9aca00")]
    assert symbolize(Module("broken", b"\0asm"), [1]) == [Frame("offset 0x1")]
    assert symbolize(module, []) == []


def test_a_backtrace_fits_the_module_it_came_from(build):
    module = build(cell("__builtin_trap();"))
    offsets = offsets_of(module, "Http::onResponseHeaders")
    assert module.wasm[offsets[-2]] == UNREACHABLE
    calls = [offset for offset in range(*_code(module)) if module.wasm[offset] == CALL]
    assert could_trap_at(module, [offsets[-2], calls[0]])
    assert not could_trap_at(module, [offsets[-1]])
    assert not could_trap_at(module, [offsets[-2], offsets[-2]])
    assert not could_trap_at(module, [3])
    assert not could_trap_at(module, [])
    assert not could_trap_at(Module("broken", b"no module"), [3])


def _code(module: Module) -> tuple[int, int]:
    bodies = parse(module.wasm).bodies
    return bodies[0].start, bodies[-1].end


def test_a_file_above_a_project_is_named_as_the_project_has_it():
    module = Module("m", bytes(good()))
    assert place_in(module, "../sdk/src/dispatcher.rs", 201) == "../sdk/src/dispatcher.rs line 201"
