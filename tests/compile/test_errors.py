"""What a cell that does not build gets: its own line, and a way out."""

from __future__ import annotations

import pytest

from tests.compile.conftest import BODY_LINE, cell
from tests.worded import in_cell
from wasmnb.errors import CompileError, LinkError, UsageError


def refused(build, source, error=CompileError, **options):
    with pytest.raises(error) as caught:
        build(source, **options)
    return caught.value


def test_an_error_is_shown_at_its_line_and_column(build):
    error = refused(build, cell('addResponseHeadr("a", "b");'))
    assert (error.where.text, error.where.line, error.where.column) == ("cell", BODY_LINE, 3)
    assert error.where.quote == '  addResponseHeadr("a", "b");'
    assert "did you mean 'addResponseHeader'" in str(error)
    assert "exit" not in str(error)


def test_lines_count_from_the_cells_first_one(build):
    assert refused(build, cell("oops;"), first_line=2).where.line == BODY_LINE + 1
    assert refused(build, cell("oops;"), first_line=5).where.line == BODY_LINE + 4


def test_a_column_counts_characters_not_bytes(build):
    assert refused(build, cell('addResponseHeader("你好", oops);')).where.column == 27


def test_many_errors_are_counted(build):
    error = refused(build, cell("\n  ".join(f"oops{number};" for number in range(9))))
    assert error.where.line == BODY_LINE
    assert [line for line in error.why if ": error: " in line] == [str(item) for item in error.diagnostics[1:]]
    assert error.why[1] == f"{BODY_LINE + 1:>5} |   oops1;"
    assert error.why[2].index("^") == error.why[1].index("oops1")
    assert all(line in str(error) for line in error.why)
    assert [item.line for item in error.diagnostics] == list(range(BODY_LINE, BODY_LINE + 9))
    assert error.diagnostics[0].to_dict()["severity"] == "error"


def test_after_ten_errors_only_their_lines_are_named(build):
    error = refused(build, cell("\n  ".join(f"oops{number};" for number in range(13))))
    places = ", ".join(f"cell line {BODY_LINE + number}" for number in (10, 11, 12))
    assert error.why[-1] == f"and 3 more errors: {places}"
    assert error.lines()[-2].endswith(error.why[-1])
    # None is broken between its words, so that each can be a link.
    many = refused(build, cell("\n  ".join(f"oops{number};" for number in range(18))))
    assert [line for line in many.why if "cell line" in line and "error: " not in line] == [
        f"and 8 more errors: {places},",
        "  " + ", ".join(f"cell line {BODY_LINE + number}" for number in (13, 14, 15)) + ",",
        "  " + ", ".join(f"cell line {BODY_LINE + number}" for number in (16, 17)),
    ]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("throw 1;", "exceptions are not available"),
        ("try { } catch (...) { }", "exceptions are not available"),
        ("std::mutex m;", "one thread"),
    ],
)
def test_common_traps_have_a_hint(build, body, hint):
    error = refused(build, cell(body))
    assert error.where.line == BODY_LINE
    assert hint in error.hint


@pytest.mark.parametrize(
    ("header", "body", "hint"),
    [
        ("<thread>", "std::thread t([] {});", "one thread"),
        ("<fstream>", 'std::ifstream f("/etc/hosts");', "no files"),
        ("<mutex>", "std::mutex m;", "one thread"),
        ('"absl/strings/str_cat.h"', "", "not included"),
        ('"google/protobuf/util/field_mask_util.h"', "", "no such header"),
        ('"filter.pb.h"', "", "%%wasm_file filter.proto"),
    ],
)
def test_headers_that_cannot_work_have_a_hint(build, header, body, hint):
    assert hint in in_cell(refused(build, cell(body, top=f"#include {header}\n"))).hint


def test_a_json_value_that_is_copied_is_told_to_be_referred_to(build):
    error = refused(
        build, cell('const Json all = Json::parse("[1]"); auto one = all[0];', top='#include "proxy_wasm_json.h"\n')
    )
    assert "write const auto&" in error.hint


def test_a_misspelt_header_of_the_sdk_is_told_with_the_right_one(build):
    error = refused(build, cell("", top='#include "proxy_wasm_intrinsic.h"\n'))
    assert error.hint == "did you mean 'proxy_wasm_intrinsics.h'?"


def test_without_the_sdks_header_it_is_named(build):
    error = refused(build, cell().replace('#include "proxy_wasm_intrinsics.h"', ""))
    assert '#include "proxy_wasm_intrinsics.h"' in error.hint


def test_an_error_in_a_header_points_at_the_line_that_led_there(build):
    error = refused(build, cell("std::vector<std::unique_ptr<int>> a(2), b = a;"))
    assert (error.where.text, error.where.line) == ("cell", BODY_LINE)


def test_an_override_that_matches_nothing(build):
    source = cell().replace("onResponseHeaders(uint32_t, bool)", "onResponseHeaders(std::string)")
    error = refused(build, source)
    assert error.where.line == 6
    assert "override" in error.what


def test_a_missing_include_of_the_users(build):
    error = refused(build, cell(top='#include "mine.h"\n'))
    assert error.where.line == 1
    assert "'mine.h' file not found" in error.what


def test_a_misspelt_host_function_is_a_link_error_at_its_call(build):
    top = 'extern "C" unsigned proxy_get_log_levl(unsigned* level);\n'
    error = refused(build, cell("unsigned n; proxy_get_log_levl(&n);", top=top), LinkError, first_line=2)
    assert (error.where.line, error.where.column) == (BODY_LINE + 2, 15)
    assert "there is no host function 'proxy_get_log_levl'" in error.what
    assert error.hint == "did you mean 'proxy_get_log_level'?"


def test_an_imported_host_function_that_no_proxy_has(build):
    top = '__attribute__((import_module("env"), import_name("proxy_fly"))) extern "C" void proxy_fly(int);\n'
    error = refused(build, cell("proxy_fly(1);", top=top), LinkError)
    assert error.where.line == BODY_LINE + 1


def test_a_function_without_a_body(build):
    error = refused(
        build,
        cell("helper(1, 2);", top="namespace a { struct S { int helper(int); }; }\nint helper(int, int);\n"),
        LinkError,
    )
    assert (error.where.line, error.where.column) == (BODY_LINE + 2, 3)
    assert "helper(int, int)" in error.what


def test_a_virtual_function_without_a_body(build):
    top = "struct Base { virtual void f(); virtual ~Base() = default; };\n"
    error = refused(build, cell("Base* b = new Base; b->f();", top=top), LinkError)
    assert error.where.line in {1, BODY_LINE + 1}
    assert "no body" in error.what


def test_a_host_function_with_another_signature_is_no_silent_trap(build):
    top = 'extern "C" int proxy_set_effective_context(int, int, int);\n'
    source = cell("proxy_set_effective_context(1, 2, 3);", top=top)
    assert "proxy_set_effective_context" in refused(build, source, CompileError).what


def test_a_symbol_that_the_sdk_has_already(build):
    error = refused(build, cell(top='extern "C" unsigned proxy_on_done(unsigned) { return 1; }\n'), CompileError)
    assert "proxy_on_done" in error.what


def test_several_undefined_symbols_are_all_reported(build):
    error = refused(build, cell("one(); two(); three();", top="void one(); void two(); void three();\n"), LinkError)
    assert "2 more" in error.what
    assert len(error.diagnostics) == 3


def test_warnings_do_not_stop_the_build_and_are_kept(build):
    source = cell("int number = 1;")
    for module in (build(source, first_line=2), build(source, first_line=2)):
        (warning,) = module.build.warnings
        assert (warning.severity, warning.line, warning.column) == ("warning", BODY_LINE + 1, 7)
        assert "unused variable 'number'" in warning.message
        assert warning.quote == "  int number = 1;"


def test_old_callbacks_and_unused_parameters_are_no_warning(build):
    source = cell().replace("(uint32_t, bool) override", "(uint32_t headers) override")
    source = source.replace("(uint32_t, bool) {", "(uint32_t headers) {")
    assert build(source).build.warnings == ()


def test_a_failed_build_leaves_nothing(build, cache):
    before = sorted(path.name for path in (cache / "modules").iterdir()) if (cache / "modules").exists() else []
    refused(build, cell("left_behind;"))
    after = sorted(path.name for path in (cache / "modules").iterdir()) if (cache / "modules").exists() else []
    assert before == after


@pytest.mark.parametrize(
    "flag", ["-DNAME", '-DNAME="a b"', "-O0", "-O2", "-Oz", "-std=c++20", "-Wno-unused", "-Wshadow"]
)
def test_flags_that_are_allowed(build, flag):
    assert build('extern "C" void proxy_abi_version_0_2_1() {}\n', flags=(flag,)).size


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ("-fexceptions", "exceptions"),
        ("-flto", "slow"),
        ("-g", "kept"),
        ("-std=c++11", "not a C\\+\\+ standard"),
        ("-lz", "library|runtime"),
        ("-I/does/not/exist", "does not exist"),
        ("x.cc", "not allowed"),
        ("-D", "not allowed"),
    ],
)
def test_flags_that_are_not(build, flag, word):
    error = refused(build, cell(), UsageError, flags=(flag,))
    import re

    assert re.search(word, str(error))


def test_a_macro_and_a_standard_reach_the_cell(build):
    source = cell("static_assert(VALUE == 3 && __cplusplus >= 202002L);")
    assert build(source, flags=("-DVALUE=3", "-std=c++20")).size
    assert refused(build, source, flags=("-DVALUE=4", "-std=c++20")).where.line == BODY_LINE


def test_a_warning_can_be_made_an_error(build):
    assert refused(build, cell("int number = 1;"), flags=("-Werror",)).where.line == BODY_LINE
