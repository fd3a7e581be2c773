"""From a cell to a module, on the real compiler."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compile.conftest import cell
from wasmnb.check import State
from wasmnb.compile import Filter
from wasmnb.compile.cpp import compiler
from wasmnb.compile.languages import toolchain
from wasmnb.errors import CompileError, ModuleError, UsageError
from wasmnb.module.check import check

RAW = """
extern "C" {
unsigned proxy_log(unsigned level, const char* text, unsigned long size);
void proxy_abi_version_0_2_1() {}
void* proxy_on_memory_allocate(unsigned long size) { static char heap[4096]; return heap; }
void proxy_on_context_create(unsigned, unsigned) { proxy_log(2, "raw", 3); }
}
"""


def test_a_cell_becomes_a_small_module_that_knows_its_root_id_and_language(build):
    module = build(cell("// small"))
    assert module.size < 30_000
    assert module.facts.root_ids == ("here",)
    assert module.facts.language == "cpp"
    assert not module.facts.problems
    assert not {".debug_line", "producers"} & {str(section) for section in module.facts.custom_sections}
    assert not module.build.cached
    assert [stage for stage, _ in module.build.stages] == ["prepare", "compile", "link", "store"]


def test_exports_are_what_a_proxy_calls_and_nothing_else(build):
    names = {str(export) for export in build(cell()).facts.exports}
    assert {"_initialize", "memory", "proxy_abi_version_0_2_1", "proxy_on_response_headers"} <= names
    assert not [name for name in names if not name.startswith(("proxy_", "_initialize", "memory", "malloc"))]


@pytest.mark.parametrize(
    ("top", "name"),
    [
        ("class A : public Context { using Context::Context; void onLog() override {} } a(0, nullptr);", "on_log"),
        (
            (
                "namespace { struct R : RootContext { using RootContext::RootContext; void onTick() override {} }; }"
                " R r(0, {});"
            ),
            "on_tick",
        ),
        (
            (
                "template <typename T> struct T1 : T { using T::T; bool onStart(size_t) override { return true; } };"
                " T1<RootContext> r(0, {});"
            ),
            "on_vm_start",
        ),
        (
            (
                "void call(RootContext* root) { root->httpCall({}, {}, {}, {}, 1, {}); }"
                " RegisterContextFactory r([](uint32_t id, RootContext* root) { call(root); return"
                " std::unique_ptr<Context>(new Context(id, root)); });"
            ),
            "on_http_call_response",
        ),
        (
            (
                'extern "C" void proxy_on_queue_ready(uint32_t, uint32_t);'
                " WASM_EXPORT(void, own, ()) { proxy_on_queue_ready(1, 2); }"
            ),
            "on_queue_ready",
        ),
    ],
)
def test_a_callback_is_exported_when_the_cell_has_a_use_for_it(build, top, name):
    without = {str(export) for export in build(cell()).facts.exports}
    assert f"proxy_{name}" not in without
    top = f'#include "proxy_wasm_intrinsics.h"\n{top}\n'
    assert {str(export) for export in build(cell(top=top)).facts.exports} >= {f"proxy_{name}", *without}


def test_log_lines_take_strings_in_the_newest_standard(build):
    assert build(cell("LOG_INFO(std::string(1, 'a') + \"b\" + std::to_string(1));"), flags=("-std=c++26",)).size


def test_every_file_of_the_sdk_counts(tmp_path, monkeypatch):
    shutil.copytree(compiler.SDK, tmp_path / "sdk")
    monkeypatch.setattr(compiler, "SDK", tmp_path / "sdk")
    before = compiler.sdk_id()
    for name in ("include/contrib/proxy_expr.h", "src/internal.h", "host_functions.txt"):
        with (tmp_path / "sdk" / name).open("a") as file:
            file.write("\n")
        assert compiler.sdk_id() != before
        before = compiler.sdk_id()


def test_a_cell_without_the_sdk_speaks_the_abi_itself(build):
    module = build(RAW)
    assert module.size < 4_000
    assert module.facts.root_ids is None
    assert {str(export) for export in module.facts.exports} >= {"proxy_abi_version_0_2_1", "proxy_on_context_create"}


def test_what_registers_no_context_is_built_and_not_deployed_before_it_does_as_its_hint_says(build):
    source = (
        cell().replace("Http", "Filter").replace("static RegisterContextFactory", "RegisterContextFactory* none; //")
    )
    with pytest.raises(ModuleError, match="registers no root context") as caught:
        check(build(source))
    registers = caught.value.hint.removeprefix("register one at the end: ")
    assert registers == "static RegisterContextFactory register_Filter(CONTEXT_FACTORY(Filter));"
    assert check(build(f"{source}\n{registers}\n")) == ""


def test_an_unchanged_cell_starts_no_compiler(build, started):
    source = cell("// unchanged")
    first = build(source)
    assert started
    started.clear()
    again = build(source)
    assert not started
    assert again.build.cached
    assert again == first


def test_force_compiles_again_and_gives_the_same_bytes(cache, started):
    tested = Filter("tested", cell("// forced"))
    first = tested.build()
    started.clear()
    again = tested.build(force=True)
    assert started
    assert not again.build.cached
    assert again.wasm == first.wasm


def test_blank_lines_in_front_do_not_change_the_module(build):
    source = cell("// moved")
    assert build(source, first_line=2).wasm == build(source).wasm


def test_the_name_does_not_change_the_module(cache):
    source = cell("// named")
    first = Filter("one", source).build()
    other = Filter("other", source).build()
    assert other.build.cached
    assert (other.name, other.wasm) == ("other", first.wasm)


def test_other_folders_and_caches_give_the_same_bytes(build, tmp_path, empty_cache, monkeypatch):
    script = """
import sys
from wasmnb import Filter
module = Filter("tested", open(sys.argv[1]).read()).build()
print(module.build.cached, module.digest)
"""
    source = cell('addResponseHeader("x-file", __FILE__);')
    path = tmp_path / "source.cc"
    path.write_text(source)
    root = str(Path(__file__).parents[2])
    environment = {"WASMNB_CACHE_DIR": str(empty_cache), "PYTHONPATH": root, "CPATH": "/nowhere", "LANG": "de_DE.UTF-8"}
    command = [sys.executable, "-c", script, str(path)]
    other = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    cached, digest = other.stdout.split()
    monkeypatch.chdir(Path(__file__).parent)
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(empty_cache.parent / "third"))
    shutil.copytree(empty_cache / "runtime", empty_cache.parent / "third" / "runtime")
    module = Filter("tested", source).build()
    assert (cached, module.build.cached) == ("False", False)
    assert module.digest == digest
    assert str(tmp_path).encode() not in module.wasm


@pytest.mark.parametrize("source", ["", " \n\t\n", "// nothing\n/* here */\n", "/* not closed"])
def test_no_source(cache, source):
    with pytest.raises(UsageError, match=r"no source|only comments") as caught:
        Filter("tested", source).build()
    assert "proxy_wasm_intrinsics.h" in caught.value.hint


def test_an_unknown_language_is_answered_with_those_there_are():
    with pytest.raises(UsageError, match="no toolchain for the language 'c\\+\\+'") as caught:
        toolchain("c++")
    assert "'cpp'" in caught.value.hint
    with pytest.raises(UsageError, match="'fortran'"):
        Filter("tested", "END", language="fortran").build()


def test_the_time_of_the_build_is_no_part_of_a_module(build):
    with pytest.raises(CompileError, match="not reproducible"):
        build(cell('addResponseHeader("x-built", __DATE__);'))


def test_progress_is_told_what_is_done(cache):
    stages = []

    class Progress:
        def update(self, stage, done=None, total=None):
            stages.append(stage)

    Filter("tested", cell("// progress")).build(progress=Progress())
    assert stages == ["preparing", "compiling", "linking"]


def test_a_header_of_the_users_is_part_of_the_filter(build, tmp_path, started):
    header = tmp_path / "mine.h"
    header.write_text('#define VALUE "first"\n')
    source = cell('addResponseHeader("x-mine", VALUE);', top='#include "mine.h"\n')
    flags = ("-I", str(tmp_path))
    first = build(source, flags=flags)
    assert build(source, flags=flags).build.cached
    header.write_text('#define VALUE "other"\n')
    other = build(source, flags=flags)
    assert not other.build.cached
    assert other.wasm != first.wasm
    assert b"other" in other.wasm


def test_a_root_id_in_a_users_header_is_found(build, tmp_path):
    registration = 'static RegisterContextFactory register_http(CONTEXT_FACTORY(Http), "here");'
    assert registration in cell()
    (tmp_path / "registration.inc").write_text(registration.replace('"here"', '"there"'))
    source = cell().replace(registration, '#include "registration.inc"')
    assert build(source, flags=(f"-I{tmp_path}",)).facts.root_ids == ("there",)


def test_standard_headers_in_front_are_precompiled_once(build, started):
    source = cell(
        'addResponseHeader("x", std::regex_replace(std::string("a"), std::regex("a"), "b"));', top="#include <regex>\n"
    )
    build(source)
    assert [command for command in started if "-emit-pch" in command]
    started.clear()
    build(source.replace('"x"', '"y"'))
    assert not [command for command in started if "-emit-pch" in command]
    started.clear()
    build(cell("// base", top="#include <string>\n#include <vector>\n"))
    assert not [command for command in started if "-emit-pch" in command]
    build(cell("// another set", top="#include <set>\n#include <chrono>\n"))
    assert not [command for command in started if "-emit-pch" in command]


@pytest.mark.parametrize("beside", [False, True], ids=["a cell", "a cell that includes a file"])
def test_names_of_headers_that_a_filter_does_not_include_are_its_own(build, beside):
    opened = "using namespace std;\n"
    top = f"#include <regex>\n{'' if beside else opened}struct stack {{ int deep = 1; }};\n"
    files = (("mine.h", opened),) if beside else ()
    source = cell('stack own; addResponseHeader("x", std::to_string(own.deep));', top=top)
    build(source.replace("struct stack", '#include "mine.h"\nstruct stack') if beside else source, files=files)


def test_a_cell_that_wants_more_of_the_runtime_than_most_is_linked_with_all_of_it(build, started):
    body = 'std::ostringstream out; out << 1.5; addResponseHeader("x", out.str());'
    module = build(cell(body, top="#include <sstream>\n"))
    assert [command[1] for command in started].count("wasm-ld") == 2
    assert not module.facts.problems


def test_doctor_says_that_all_is_well(cache):
    checks = {check.name: check for check in toolchain("cpp").doctor()}
    assert set(checks) == {"C++ compiler", "C++ runtime", "C++ SDK", "C++ messages", "build cache"}
    assert all(check.state is State.READY for check in checks.values()), checks
    assert "22." in checks["C++ compiler"].detail


def test_doctor_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("wasmnb.compile.runtime.PACKAGED", tmp_path / "none")
    monkeypatch.setattr("wasmnb.compile.runtime._packaged", lambda: None)
    checks = {check.name: check for check in toolchain("cpp").doctor()}
    assert checks["C++ runtime"].state is State.FIRST_USE
    assert checks["C++ SDK"].state is State.FIRST_USE
    assert "wasmnb.compile.runtime" in checks["C++ runtime"].hint


def test_the_record_in_the_cache_is_json(build):
    module = build(cell("int unused = 1;"))
    record = json.loads((module.build.symbols.parent / "entry.json").read_text())
    assert record["notes"]["warnings"][0]["line"] == module.build.warnings[0].line


OVERRIDE = "FilterHeadersStatus onResponseHeaders(uint32_t, bool) override;"
OUTSIDE = "FilterHeadersStatus Http::onResponseHeaders(uint32_t, bool)"


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("FilterHeadersStatus onResponseHeader(uint32_t headers, bool);", "did you mean 'onResponseHeaders'?"),
        ("FilterHeadersStatus onResponseHeaders(int);", "other parameters than the callback"),
        ("FilterHeadersStatus onResponseHeaders(uint32_t headers, bool);", ""),
        ("FilterHeadersStatus onceMore(uint32_t, bool);", ""),
    ],
)
def test_what_looks_like_a_callback_and_is_none_is_warned_of(build, declared, words):
    name, parameters = declared.removeprefix("FilterHeadersStatus ").rstrip(";").split("(")
    source = cell().replace(OVERRIDE, f"{declared}\n  void onLog() override {{}}")
    source = source.replace(OUTSIDE, f"FilterHeadersStatus Http::{name}({parameters}")
    warnings = [one for one in build(source).build.warnings if "Envoy never calls it" in one.message]
    assert [(one.line, words in one.message) for one in warnings] == ([(6, True)] if words else [])


def test_a_filter_that_overrides_no_callback_is_refused(build):
    with pytest.raises(CompileError, match="overrides no callback") as caught:
        build(cell().replace(OVERRIDE, "").partition(OUTSIDE)[0])
    assert (caught.value.code, caught.value.where.line) == ("WNB2026", 5)
    with pytest.raises(CompileError, match="overrides no callback") as caught:
        build(cell().replace("onResponseHeaders", "onResponseHeader").replace(" override", ""))
    assert caught.value.where.line == 6
    configured = "bool onConfigure(size_t) override { return true; }"
    root = f"class Root : public RootContext {{ using RootContext::RootContext; {configured} }};\n"
    other = cell().replace(OVERRIDE, "").partition(OUTSIDE)[0].replace("class Http", f"{root}class Http")
    assert build(other.replace("CONTEXT_FACTORY(Http)", "CONTEXT_FACTORY(Http), ROOT_FACTORY(Root)"))
