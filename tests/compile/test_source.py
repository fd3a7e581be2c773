"""Reading C++ without a compiler."""

from __future__ import annotations

import pytest

from wasmnb.compile.cpp.source import Source, root_ids

ROOT = "CONTEXT_FACTORY(C), ROOT_FACTORY(R)"


def ids(text: str) -> tuple[str, ...] | None:
    return root_ids([Source(text)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (f'static RegisterContextFactory r({ROOT}, "one");', ("one",)),
        (f"static RegisterContextFactory r({ROOT});", ("",)),
        ('RegisterContextFactory r(CONTEXT_FACTORY(C), "one");', ("one",)),
        ('RegisterContextFactory r(ROOT_FACTORY(R), "one");', ("one",)),
        ("RegisterContextFactory r(ROOT_FACTORY(R));", ("",)),
        (f'RegisterContextFactory r{{{ROOT}, "braces"}};', ("braces",)),
        (f'static RegisterContextFactory r(\n  {ROOT},\n  "a" /* and */ "b");', ("ab",)),
        (f'RegisterContextFactory a({ROOT}, "one"); RegisterContextFactory b({ROOT}, "two");', ("one", "two")),
        (f'// RegisterContextFactory r({ROOT}, "no");', ()),
        (f'/* RegisterContextFactory r({ROOT}, "no"); */', ()),
        (f'const char* s = "RegisterContextFactory r({ROOT}, no)";', ()),
        (f'auto s = R"x(RegisterContextFactory r({ROOT}, "no");)x";', ()),
        (f'#if 0\nRegisterContextFactory r({ROOT}, "no");\n#endif\n', ()),
        (f'#if 0\n#if 1\n#endif\nx\n#else\nRegisterContextFactory r({ROOT}, "yes");\n#endif\n', ("yes",)),
        (f'RegisterContextFactory r({ROOT}, R"(raw, "id")");', ('raw, "id"',)),
        (f'RegisterContextFactory r({ROOT}, "a\\"b\\x41");', ('a"bA',)),
        (f'RegisterContextFactory r({ROOT}, std::string_view("wrapped"));', ("wrapped",)),
        (f'RegisterContextFactory r({ROOT}, "suffix"sv);', ("suffix",)),
        (f'constexpr char kId[] = "constant";\nRegisterContextFactory r({ROOT}, kId);', ("constant",)),
        (f'constexpr std::string_view kId{{"braced"}};\nRegisterContextFactory r({ROOT}, kId);', ("braced",)),
        (f'#define ID "macro"\nRegisterContextFactory r({ROOT}, ID);', ("macro",)),
        (f"RegisterContextFactory r({ROOT}, compute());", None),
        (f"RegisterContextFactory r({ROOT}, unknown);", None),
        ("RegisterContextFactory r([](uint32_t id, RootContext* c) { return f(id, c); });", ("",)),
        ('RegisterContextFactory r([](uint32_t id, RootContext* c) { return f("no", c); }, "one");', ("one",)),
        ("std::unique_ptr<Context> make(uint32_t, RootContext*);\nRegisterContextFactory r(make);", ("",)),
        (f"int n = 1'000'000; RegisterContextFactory r({ROOT}, \"after\");", ("after",)),
    ],
)
def test_root_ids(text, expected):
    assert ids(text) == expected


def test_code_keeps_every_character_in_its_place():
    text = 'int a; // x\n"str\\"ing" /* b\n c */ R"(raw\n")" \'"\' 1\'000;'
    code = Source(text).code
    assert len(code) == len(text)
    assert [i for i, letter in enumerate(text) if letter == "\n"] == [
        i for i, letter in enumerate(code) if letter == "\n"
    ]
    assert "str" not in code
    assert "raw" not in code
    assert code.endswith("1'000;")


def test_preamble_ends_where_code_begins():
    text = (
        '// mine\n#include <regex>\n\n#include "proxy_wasm_intrinsics.h"\n#include <map>\n#define X\n#include <set>\n'
    )
    assert Source(text).preamble == ("<map>", "<regex>")
    assert Source(text).uses_sdk
    assert not Source('// #include "proxy_wasm_intrinsics.h"\n').uses_sdk


def test_a_use_is_found_before_a_declaration():
    source = Source("int helper(int);\n// helper(0)\nint x = helper(1);\n")
    assert source.find("helper") == (3, 9)
    assert Source("int helper(int);").find("helper") == (1, 5)
    assert Source("int f() { return helper(2); }").find("helper") == (1, 18)
    assert source.find("help") is None
