from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.module.builder import body, custom, functype, good, leb, name, section, vector
from wasmnb.errors import ModuleError
from wasmnb.module.parse import MAX_BYTES, parse
from wasmnb.module.reader import Reader
from wasmnb.module.wasm_types import FuncType

HEADER = b"\0asm\1\0\0\0"
SAMPLE = bytes(
    good()
    .with_functions(proxy_on_tick="i:")
    .but(
        imports=(("env", "proxy_log", "iii:i"), ("env", "proxy_define_metric", "iiii:i")),
        customs=(
            ("name", b"\x01" + leb(12) + vector([leb(0) + name("log"), leb(2) + name("\u00e9\u00e9")])),
            ("x", b"ab"),
        ),
    )
)


def everything(wasm: bytes) -> None:
    binary = parse(wasm)
    binary.require_whole()
    assert all(0 <= item.start <= item.end <= len(wasm) for item in (*binary.sections, *binary.bodies))
    assert binary.types is not None
    assert binary.imports is not None
    assert binary.exports is not None
    assert binary.function_names is not None


def test_a_module_in_full() -> None:
    binary = parse(SAMPLE)
    assert [str(item) for item in binary.imports] == ["env.proxy_log", "env.proxy_define_metric"]
    assert binary.imports[0].type == FuncType(("i32", "i32", "i32"), ("i32",))
    assert [(item.name, item.kind, item.index) for item in binary.exports] == [
        ("proxy_abi_version_0_2_1", "func", 2),
        ("malloc", "func", 3),
        ("proxy_on_tick", "func", 4),
        ("memory", "memory", 0),
    ]
    assert str(binary.exports[2].type) == "(i32) -> nothing"
    assert binary.function_names == {0: "log", 2: "\u00e9\u00e9"}
    assert binary.custom("x") == b"ab"
    assert binary.custom("y") is None
    assert [(item.index, SAMPLE[item.start : item.end]) for item in binary.bodies] == [
        (2, b"\0\x0b"),
        (3, b"\0\x41\x01\x0b"),
        (4, b"\0\x0b"),
    ]
    assert binary.memory_pages == (1,)


def test_all_kinds_of_types_and_imports() -> None:
    types = [
        functype("ilfd:i"),
        b"\x60" + vector([b"\x7b", b"\x70", b"\x64\x70", b"\x63\x01"]) + vector([]),
        b"\x5f" + vector([b"\x78\0", b"\x7f\x01"]),
        b"\x4e" + vector([b"\x5e\x77\x01", b"\x50" + vector([b"\0"]) + functype("i")]),
    ]
    kinds = [b"\0\0", b"\x01\x70\x01\x01\x02", b"\x02\x04" + leb(1 << 33), b"\x03\x7f\x01", b"\x04\0\0"]
    wasm = HEADER + section(1, vector(types)) + section(2, vector([name("m") + name("n") + kind for kind in kinds]))
    binary = parse(wasm)
    assert binary.types == (
        FuncType(("i32", "i64", "f32", "f64"), ("i32",)),
        FuncType(("v128", "ref", "ref", "ref"), ()),
        None,
        None,
        FuncType(("i32",), ()),
    )
    assert [item.kind for item in binary.imports] == ["func", "table", "memory", "global", "tag"]


def test_many_types_make_function_entries_of_two_bytes() -> None:
    types = [functype("i" * (number % 5)) for number in range(300)]
    wasm = (
        HEADER
        + section(1, vector(types))
        + section(3, vector([leb(number) for number in range(300)]))
        + section(7, vector([name(f"f{number}") + b"\0" + leb(number) for number in (0, 127, 128, 299)]))
        + section(10, vector([body(b"")] * 300))
    )
    assert [len(item.type.params) for item in parse(wasm).exports if item.type] == [0, 127 % 5, 128 % 5, 299 % 5]
    assert len(parse(wasm).bodies) == 300


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is empty"),
        (b"\0as", "it ends within its first 8 bytes"),
        (b"\0asm\1\0", "it ends within its first 8 bytes"),
        (b"\0asm\2\0\0\0", "its format version is unknown"),
        (b"\0asm\x0d\0\1\0", "it is a component"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\x7fELF\2\1\1", "ELF"),
        (b"\xcf\xfa\xed\xfe", "Mach-O"),
        (b"!<arch>\n", "static library"),
        (b"BC\xc0\xde", "LLVM bitcode"),
        (b"  \n(module)", "WebAssembly text"),
        (b";; hello\n(module)", "WebAssembly text"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"<!DOCTYPE html>", "HTML"),
        (b'{"schemaVersion":2}', "JSON"),
        (b"\0" * 257 + b"ustar\0", "tar archive"),
        (b"#include <string>\n", "text"),
        (b"\x01\0\x02\x03", "other bytes"),
    ],
)
def test_what_is_no_module_is_named(data: bytes, what: str) -> None:
    with pytest.raises(ModuleError) as caught:
        parse(data)
    assert what in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize("count", [b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x08"])
@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 10])
def test_a_huge_count_costs_nothing(number: int, count: bytes) -> None:
    wasm = HEADER + section(number, count)
    tracemalloc.start()
    with pytest.raises(ModuleError):
        everything(wasm)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_counts_have_a_bound_when_there_is_room_too() -> None:
    for number in (2, 7):
        with pytest.raises(ModuleError, match="100000"):
            everything(HEADER + section(number, leb(100_001) + bytes(400_000)))
    with pytest.raises(ModuleError, match="sections"):
        parse(HEADER + custom("", b"") * 100_001)
    with pytest.raises(ModuleError, match="types take more"):
        everything(HEADER + section(1, leb(4) + bytes(5_000_000)))
    with pytest.raises(ModuleError, match="1000"):
        everything(HEADER + section(1, b"\x01\x60" + leb(1001) + b"\x7f" * 2000))


def test_a_module_above_the_limit_is_refused_without_a_look() -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return 300 * 1024 * 1024

    with pytest.raises(ModuleError, match="300 MiB") as caught:
        parse(Huge())
    assert f"{MAX_BYTES // 1024**2} MiB" in caught.value.what


@pytest.mark.parametrize(
    ("data", "value"), [(b"\0", 0), (b"\x7f", 127), (b"\x80\x01", 128), (b"\xff\xff\xff\xff\x0f", 2**32 - 1)]
)
def test_numbers(data: bytes, value: int) -> None:
    reader = Reader(data)
    assert reader.leb() == value
    reader.done()


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff\xff\xff\xff\x1f", b"\x80\x80\x80\x80\x80\x00"])
def test_numbers_that_do_not_end_or_do_not_fit(data: bytes) -> None:
    with pytest.raises(ModuleError):
        Reader(data).leb()


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=100, deadline=None)
def test_numbers_come_back(value: int) -> None:
    assert Reader(leb(value)).leb(64) == value


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for wasm in (data, HEADER + data):
        with suppress(ModuleError):
            everything(wasm)


@given(st.lists(st.tuples(st.integers(0, 14), st.binary(max_size=60)), max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_sections_are_read_or_refused(sections: list[tuple[int, bytes]]) -> None:
    with suppress(ModuleError):
        everything(HEADER + b"".join(section(number, content) for number, content in sections))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_module_is_read_or_refused(data: st.DataObject) -> None:
    wasm = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(8, len(wasm) - 1))
        wasm[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    with suppress(ModuleError):
        everything(bytes(wasm))
