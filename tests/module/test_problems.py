"""Each reason to refuse a module, next to what a real Envoy makes of the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.module.builder import KINDS, Wasm, body, custom, functype, good, leb, name, section, vector
from wasmnb.module.facts import read

if TYPE_CHECKING:
    from tests.module.judge import Judge

RAW = good()
REACTOR = RAW.with_functions(_initialize="")
FIRST = good("0_1_0")
LOG = ("env", "proxy_log", "iii:i")
LOOP = b"\x03\x40\x0c\x00\x0b"


def raw_import(kind: str, rest: bytes) -> tuple[bytes, ...]:
    return (name("env") + name("thing") + bytes([KINDS[kind]]) + rest,)


def command_linked() -> Wasm:
    """A module as wasm-ld links it without a reactor's start: each export calls the constructors first.

    The constructors count their runs at address 0, and a second run leaves what a static map's links become: a circle,
    here an endless loop when the plugin starts.
    """
    count = b"\x41\0\x41\0\x28\x02\0\x41\x01\x6a\x36\x02\0"
    again = b"\x41\0\x28\x02\0\x41\x01\x4a\x04\x40" + LOOP + b"\x0b"
    functions = {
        "__wasm_call_ctors": "",
        **RAW.functions,
        "proxy_on_context_create": "ii:",
        "proxy_on_vm_start": "ii:i",
    }
    codes = {
        "__wasm_call_ctors": count,
        "proxy_abi_version_0_2_1": b"\x10\0",
        "malloc": b"\x10\0\x41\x08",
        "proxy_on_context_create": b"\x10\0",
        "proxy_on_vm_start": b"\x10\0" + again + b"\x41\x01",
    }
    return Wasm(functions=functions, codes=codes, hidden=frozenset({"__wasm_call_ctors"}))


FINE = {
    "385 bytes raw, no _initialize": RAW,
    "reactor": REACTOR,
    "command": RAW.with_functions(_start=""),
    "0.1.0": FIRST.with_functions(proxy_on_request_headers="ii:i").but(
        imports=(("env", "proxy_continue_request", ":i"),)
    ),
    "0.2.0": good("0_2_0").but(imports=(("env", "proxy_continue_stream", "i:i"),)),
    "the first marker counts": FIRST.with_functions(proxy_abi_version_0_2_1="", proxy_on_request_headers="ii:i"),
    "an unknown marker in front": good("0_3_0").with_functions(proxy_abi_version_0_2_1=""),
    "marker of any type": RAW.with_functions(proxy_abi_version_0_2_1="i:i"),
    "other allocator": RAW.without("malloc").with_functions(proxy_on_memory_allocate="i:i"),
    "other allocator unused": RAW.with_functions(proxy_on_memory_allocate="l:i"),
    "unknown callback of any type": RAW.with_functions(proxy_on_http_request="f:d", free="f:"),
    "a callback that 0.1.0 has not": FIRST.with_functions(proxy_on_foreign_function="f:"),
    "main without _initialize": RAW.with_functions(main="f:d", __main_void="f:d"),
    "main": REACTOR.with_functions(main="ii:i"),
    "__main_void": REACTOR.with_functions(__main_void=":i"),
    "_start beside _initialize": REACTOR.with_functions(_start="f:d"),
    "wasi_unstable": RAW.but(imports=(("wasi_unstable", "fd_write", "iiii:i"),)),
    "memory imported": RAW.but(raw_imports=raw_import("memory", b"\0\x01"), memory=False),
    "table imported": RAW.but(raw_imports=raw_import("table", b"\x70\0\x01")),
    "no memory, no host calls": RAW.but(memory=False),
    "same import twice": RAW.but(imports=(LOG, LOG)),
    "name that only looks like a number": RAW.with_functions(**{"00": "", "-1": "", "1.5": "", "4294967295": ""}),
    "constructors that never run": RAW.with_functions(__wasm_call_ctors="").but(codes={"__wasm_call_ctors": b"\x01"}),
    "callbacks that start with the same call": RAW.with_functions(
        help="", proxy_on_vm_start="ii:i", proxy_on_configure="ii:i"
    ).but(codes=dict.fromkeys(("proxy_on_vm_start", "proxy_on_configure"), b"\x10\x02\x41\x01")),
    "unknown custom sections": RAW.but(customs=(("x", b"\xff"), ("", b""), ("producers", b"\xff"), ("wasmnb", b"{"))),
}

REFUSED = {
    "no marker": (RAW.without("proxy_abi_version_0_2_1"), "exports no callback", ""),
    "no marker, callbacks": (
        RAW.without("proxy_abi_version_0_2_1").with_functions(proxy_on_tick="i:"),
        "exports no proxy_abi_version_0_2_1",
        "current SDK",
    ),
    "0.2.2": (good("0_2_2"), "speaks Proxy-Wasm ABI 0.2.2; Envoy 1.40 speaks 0.1.0, 0.2.0, 0.2.1", ""),
    "0.3.0": (good("0_3_0"), "ABI 0.3.0", "proxy_abi_version_0_2_1"),
    "no allocator": (RAW.without("malloc"), "exports no allocator", "--export=malloc"),
    "unknown import": (
        RAW.but(imports=(("env", "proxy_lag", ""),)),
        "imports env.proxy_lag",
        "did you mean env.proxy_log?",
    ),
    "a function of another proxy": (
        RAW.but(imports=(("env", "proxy_get_secret", "iiii:i"),)),
        "imports env.proxy_get_secret",
        "a proxy for which this SDK is made may have it",
    ),
    "unknown module": (RAW.but(imports=(("foo", "bar", ""),)), "imports foo.bar", "define the function"),
    "AssemblyScript's abort": (RAW.but(imports=(("env", "abort", "iiii:"),)), "env.abort", "abort=abort_proc_exit"),
    "exceptions": (RAW.but(imports=(("env", "__cxa_throw", "iii:"),)), "__cxa_throw", "-fno-exceptions"),
    "Go for the browser": (RAW.but(imports=(("gojs", "runtime.wasmExit", "i:"),)), "gojs.", "-buildmode=c-shared"),
    "newer function": (
        good("0_2_0").but(imports=(("env", "proxy_get_log_level", "i:i"),)),
        "env.proxy_get_log_level, which ABI 0.2.1 has and ABI 0.2.0 has not",
        "proxy_abi_version_0_2_1",
    ),
    "older function": (
        RAW.but(imports=(("env", "proxy_continue_request", ":i"),)),
        "env.proxy_continue_request, which ABI 0.1.0 has and ABI 0.2.1 has not",
        "",
    ),
    "import of another type": (
        RAW.but(imports=(("env", "proxy_log", "ii:i"),)),
        "imports env.proxy_log as (i32 i32) -> i32; Envoy's is (i32 i32 i32) -> i32",
        "",
    ),
    "a link of files": (
        RAW.but(imports=(("wasi_snapshot_preview1", "path_symlink", "iiiii:i"),)),
        "imports wasi_snapshot_preview1.path_symlink as (i32 i32 i32 i32 i32) -> i32",
        "leave out what links files",
    ),
    "global imported": (RAW.but(raw_imports=raw_import("global", b"\x7f\0")), "imports the global env.thing", ""),
    "callback of the older ABI": (
        RAW.with_functions(proxy_on_request_headers="ii:i"),
        "proxy_on_request_headers as (i32 i32) -> i32; with ABI 0.2.1 it must be (i32 i32 i32) -> i32",
        "ABI 0.1.0 has it like this",
    ),
    "callback of the newer ABI": (
        FIRST.with_functions(proxy_on_response_headers="iii:i"),
        "with ABI 0.1.0 it must be (i32 i32) -> i32",
        "ABI 0.2.1 has it like this",
    ),
    "callback of no ABI": (
        RAW.with_functions(proxy_on_tick="f:"),
        "proxy_on_tick as (f32) -> nothing",
        "specification",
    ),
    "wrong malloc": (RAW.with_functions(malloc="l:i"), "malloc as (i64) -> i32", ""),
    "wrong main": (REACTOR.with_functions(main="f:d"), "main as (f32) -> f64", ""),
    "wrong __main_void": (REACTOR.with_functions(__main_void="f:d"), "__main_void as (f32) -> f64", ""),
    "wrong _start": (RAW.with_functions(_start="i:"), "_start as (i32) -> nothing", ""),
    "Go command": (
        RAW.with_functions(_start="").but(
            imports=(("wasi_snapshot_preview1", "proc_exit", "i:"),),
            codes={"_start": b"\x41\0\x10\0"},
            customs=(("go:buildid", b""),),
        ),
        "is a Go command",
        "-buildmode=c-shared",
    ),
    "broken names": (RAW.but(customs=(("name", b"\x01\xff"),)), "name section is malformed", "strip"),
}

CRASHES = {
    "tag exported": (RAW.but(tag="__cpp_exception"), "exports the exception tag __cpp_exception", ".hidden"),
    "tag imported": (RAW.but(raw_imports=raw_import("tag", b"\0\0")), "imports the exception tag env.thing", "hidden"),
    "number exported": (RAW.with_functions(**{"7": ""}), "exports '7'", "name"),
    "no memory": (
        RAW.with_functions(proxy_on_vm_start="ii:i").but(
            imports=(LOG,),
            memory=False,
            codes={"proxy_on_vm_start": b"\x41\x02\x41\0\x41\x01\x10\0\x1a\x41\x01"},
        ),
        "exports no memory",
        "export the memory",
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_what_we_accept_envoy_loads(judge: Judge, case: str) -> None:
    assert read(bytes(FINE[case])).problems == ()
    assert judge.ask(bytes(FINE[case])) == ""


@pytest.mark.parametrize("case", REFUSED)
def test_what_we_refuse_envoy_refuses(judge: Judge, case: str) -> None:
    wasm, what, hint = REFUSED[case]
    problem = read(bytes(wasm)).problems[0]
    assert what in problem.what
    assert hint in problem.hint
    assert problem.hint
    assert judge.ask(bytes(wasm)) not in ("", "crash", "hang")


@pytest.mark.parametrize("case", CRASHES)
def test_what_we_refuse_crashes_envoy(judge: Judge, case: str) -> None:
    wasm, what, hint = CRASHES[case]
    problem = read(bytes(wasm)).problems[0]
    assert what in problem.what
    assert hint in problem.hint
    assert judge.ask(bytes(wasm)) == "crash"


def test_a_module_without_a_reactors_start_hangs_envoy(judge: Judge) -> None:
    wasm = bytes(command_linked())
    (problem,) = read(wasm).problems
    assert "neither _initialize nor _start" in problem.what
    assert "crt1-reactor.o" in problem.hint
    assert judge.ask(wasm) == "hang"


@pytest.mark.parametrize(("pages", "fine"), [(16384, True), (16385, False)])
def test_memory_at_start(judge: Judge, pages: int, fine: bool) -> None:
    wasm = bytes(RAW).replace(section(5, b"\x01\0\x01"), section(5, b"\x01\0" + leb(pages)))
    problems = read(wasm).problems
    assert (problems == ()) is fine
    assert (judge.ask(wasm) == "") is fine
    assert fine or "1,024 MiB of memory" in problems[0].what


def test_remarks() -> None:
    assert "__main_void" in read(bytes(FINE["__main_void"])).remarks[0].what
    assert "__wasm_call_ctors" in read(bytes(FINE["constructors that never run"])).remarks[0].what
    assert read(bytes(RAW.with_functions(__wasm_call_ctors=""))).remarks == ()
    assert read(bytes(REACTOR)).remarks == ()


def test_problems_are_listed_most_telling_first_and_never_too_many() -> None:
    wasm = good("0_9_9").without("malloc").but(imports=tuple(("env", f"unknown_{i}", "") for i in range(500)))
    problems = read(bytes(wasm)).problems
    assert "ABI 0.9.9" in problems[0].what
    assert len(problems) == 50


def test_names_of_any_length_are_cut_in_messages() -> None:
    long = "x" * 100_000
    for wasm in (RAW.but(imports=((long, long, ""),)), RAW.but(tag=long), good(long)):
        assert len(read(bytes(wasm)).problems[0].what) < 500


BROKEN = {
    "cut off": bytes(RAW)[:-5],
    "code twice": bytes(RAW) + section(10, vector([])),
    "unknown section": bytes(RAW) + section(20, b""),
    "section without size": bytes(RAW) + b"\0",
    "name that is not UTF-8": bytes(RAW) + section(0, b"\x01\xff"),
    "number of six bytes": bytes(RAW) + b"\0\x83\x80\x80\x80\x80\0\x01ab",
    "another version": b"\0asm\2\0\0\0" + bytes(RAW)[8:],
    "component": b"\0asm\x0d\0\1\0",
    "text": b"(module)",
    "nothing": b"",
    "only a header": bytes(RAW)[:8],
    "function without code": b"\0asm\1\0\0\0" + section(1, vector([functype("")])) + section(3, b"\x01\0"),
    "code without function": b"\0asm\1\0\0\0" + section(10, vector([body(b"")])),
    "memory that does not exist": bytes(RAW).replace(name("memory") + b"\x02\0", name("memory") + b"\x02\x01"),
    "too much memory": bytes(RAW).replace(section(5, b"\x01\0\x01"), section(5, b"\x01\0" + leb(65537))),
    "more least than most memory": bytes(RAW).replace(section(5, b"\x01\0\x01"), section(5, b"\x01\x01\x02\x01")),
    "unknown limits": bytes(RAW).replace(section(5, b"\x01\0\x01"), section(5, b"\x01\x08\x01\x10")),
    "export twice": bytes(RAW).replace(name("memory"), name("malloc")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_modules_are_refused_by_both(judge: Judge, case: str) -> None:
    assert read(BROKEN[case]).problems
    assert judge.ask(BROKEN[case]) not in ("", "crash", "hang")


def test_a_number_may_take_more_bytes_than_it_needs(judge: Judge) -> None:
    wasm = bytes(RAW) + b"\0\x83\x80\x80\x80\0\x01ab"
    assert read(wasm).problems == ()
    assert judge.ask(wasm) == ""


def test_sections_of_any_name_stand_anywhere(judge: Judge) -> None:
    wasm = bytes(RAW)[:8] + custom("x" * 200_000, b"\0") + bytes(RAW)[8:]
    assert read(wasm).problems == ()
    assert judge.ask(wasm) == ""
