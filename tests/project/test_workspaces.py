"""Several filters in one folder: they are named, one is asked for, and never one built in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.project.test_in_place import crate, write
from tests.worded import in_cell
from wasmnb import Filter, Session
from wasmnb.compile.folder import read_source
from wasmnb.compile.workspace import members
from wasmnb.errors import BadNameError, CompileError, ConfigError, LinkError, UsageError
from wasmnb.session.building import Order

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.compiler

GO = """package main

//go:wasmexport proxy_abi_version_0_2_1
func abi() {}

//go:wasmexport proxy_on_memory_allocate
func allocate(size int32) int32 { return 0 }

func main() {}
"""
CC = """#include "proxy_wasm_intrinsics.h"
class C : public Context {
 public:
  explicit C(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override { return FilterHeadersStatus::Continue; }
};
static RegisterContextFactory r(CONTEXT_FACTORY(C));
"""

PROTO = """syntax = "proto3";
package ext;
import "ext/b/two.proto";
import "google/protobuf/duration.proto";
message One { Two two = 1; google.protobuf.Duration left = 2; }
"""
IMPORTED = 'syntax = "proto3";\npackage ext;\nmessage Two { repeated string words = 1; }\n'


@pytest.mark.usefixtures("has_go")
def test_programs_of_a_go_module(tmp_path: Path) -> None:
    top = write(
        tmp_path / "queue",
        go_dot_mod="module example.org/queue\n\ngo 1.24\n",
        shared__shared_dot_go="package shared\n",
        sender__main_dot_go=GO,
        receiver__main_dot_go=GO.replace(
            "//go:wasmexport proxy_on", "//go:wasmexport extra\nfunc extra() {}\n\n//go:wasmexport proxy_on"
        ),
        receiver__main_test_dot_go="package main\n",
        tools__gen_dot_go="//go:build ignore\n\npackage main\n",
    )
    with pytest.raises(UsageError, match=r"holds 2 filters: receiver, sender\.") as caught:
        Filter.from_folder(top)
    assert in_cell(caught.value).hint == "build one of them with -C receiver"
    with Session() as session:
        built = session.build(top, member="receiver")
        assert built.reference == "local/receiver:latest"
        assert "extra" in {item.name for item in built.image.module.facts.exports}
        assert session.build(top / "receiver").digest == built.digest, "the module's file lies above"
        with pytest.raises(UsageError, match="'receive' is none of the filters") as wrong:
            session.build(top, member="receive")
        assert "did you mean 'receiver'?" in wrong.value.hint
        assert wrong.value.why == ("available: receiver, sender",)
        with pytest.raises(BadNameError, match="There is no folder"):
            session.build(tmp_path / "missing", member="x")


def test_a_collection_of_projects(tmp_path: Path) -> None:
    crate(tmp_path / "all" / "rust" / "one", "")
    write(tmp_path / "all" / "go" / "two", go_dot_mod="module two\n\ngo 1.24\n", main_dot_go=GO)
    write(tmp_path / "all", work__go_dot_work="go 1.24\n\nuse (\n\t./a // first\n\t./b\n)\n")
    for name in ("a", "b"):
        write(tmp_path / "all" / "work" / name, go_dot_mod=f"module {name}\n\ngo 1.24\n", main_dot_go=GO)
    assert members(tmp_path / "all" / "work") == ("a", "b")
    assert members(tmp_path / "all") == ("go/two", "rust/one", "work/a", "work/b")
    with pytest.raises(UsageError, match="holds 4 filters"):
        Filter.from_folder(tmp_path / "all")


def test_a_collection_names_the_filters_in_cpp_too(tmp_path: Path) -> None:
    crate(tmp_path / "all" / "rust", "")
    write(tmp_path / "all", cpp__one__filter_dot_cc=CC, rust__native__two_dot_cc=CC, three__filter_dot_cc=CC)
    assert members(tmp_path / "all") == ("cpp/one", "rust", "three")
    with pytest.raises(UsageError, match="holds 3 filters: cpp/one, rust, three") as caught:
        Filter.from_folder(tmp_path / "all")
    assert in_cell(caught.value).hint == "build one of them with -C cpp/one"


def test_a_package_of_pages_is_no_filter(tmp_path: Path) -> None:
    pages = '{"scripts": {"build": "webpack", "serve": "webpack serve"}, "dependencies": {"react": "^18"}}'
    top = write(tmp_path / "top", package_dot_json=pages, index_dot_js="", web__package_dot_json=pages)
    crate(top / "filter", "", name="one")
    assert members(top) == ("filter",)
    assert Filter.from_folder(top).folder == str(top / "filter")


def test_members_of_a_cargo_workspace_that_are_no_filters(tmp_path: Path) -> None:
    top = write(tmp_path / "top", Cargo_dot_toml='[workspace]\nmembers = ["parts/*"]\nexclude = ["parts/three"]\n')
    crate(top / "parts" / "one", "", name="one")
    crate(top / "parts" / "three", "", name="three")
    write(top / "parts" / "two", Cargo_dot_toml='[package]\nname = "two"\nversion = "0.1.0"\n')
    assert members(top) == ("parts/one",)
    assert Filter.from_folder(top).folder == str(top / "parts" / "one"), "the only filter there is"


def test_packages_of_an_npm_workspace(tmp_path: Path) -> None:
    top = write(tmp_path / "top", package_dot_json='{"workspaces": ["filters/*"]}')
    for name in ("one", "two"):
        write(top / "filters" / name, package_dot_json='{"scripts": {"asbuild": "asc"}}', index_dot_ts="")
    with pytest.raises(UsageError, match="holds 2 filters: filters/one, filters/two"):
        Filter.from_folder(top)


def test_several_cpp_filters_in_one_folder(tmp_path: Path) -> None:
    top = tmp_path / "all"
    write(top, common__util_dot_h="#pragma once\n", ext__one__plugin_dot_cc=CC, ext__two__plugin_dot_cc=CC)
    with pytest.raises(UsageError, match=r"holds 2 filters: ext/one, ext/two\.") as caught:
        Filter.from_folder(top)
    assert in_cell(caught.value).hint == "build one of them with -C ext/one"
    write(top / "ext" / "one", other_dot_cc=CC.replace("C(", "D(").replace("CC", "CD"))
    with pytest.raises(UsageError, match=r"holds 2 filters: other\.cc, plugin\.cc\.") as caught:
        Filter.from_folder(top / "ext" / "one")
    assert caught.value.hint == f"name the file of one of them: {top / 'ext' / 'one' / 'other.cc'}"
    with Session() as session, pytest.raises(UsageError, match="available: ext/one, ext/two"):
        session.build(top, member="three")
    # Each with a root id of its own, they are one filter.
    write(top / "ext" / "one", other_dot_cc=CC.replace("FACTORY(C)", 'FACTORY(C), "other"'))
    assert Filter.from_folder(top / "ext" / "one").file == "other.cc"


def test_a_repository_with_one_project_in_it(tmp_path: Path) -> None:
    top = write(tmp_path / "My Repository", README="")
    crate(top / "filter", "", name="one")
    found = Filter.from_folder(top)
    assert (found.name, found.folder) == ("filter", str(top / "filter"))
    assert Order.read(top, None, reference=None, annotations=(), schema=None).reference == "local/my-repository"


def test_one_folder_with_the_same_filter_in_several_languages(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "sample", plugin_dot_cc=CC, plugin_dot_go=GO, plugin_dot_rs="", BUILD="", tests_dot_textpb=""
    )
    with pytest.raises(UsageError, match=r"several languages: plugin\.cc, plugin\.go, plugin\.rs\.") as caught:
        Filter.from_folder(folder)
    assert "--lang cpp" in in_cell(caught.value).hint
    assert Filter.from_folder(folder, language="rust").file == "plugin.rs"
    with Session() as session:
        for language in ("cpp", "go"):
            built = session.build(folder, language=language, tag=f"local/sample:{language}")
            assert built.image.module.facts.language == language
        (folder / "plugin.cc").rename(folder / "plugin.txt")
        assert (
            session.build(folder / "plugin.txt", language="cpp", tag="local/txt").image.module.facts.language == "cpp"
        )
        with pytest.raises(UsageError, match="A language is for a source or a folder"):
            session.build(built.image.module, language="go")


def test_sources_without_a_build_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", one_dot_go=GO, two_dot_go="package main\n")
    with pytest.raises(UsageError, match=r"holds 2 Go sources and no go\.mod") as caught:
        Filter.from_folder(folder)
    assert "go.mod" in caught.value.hint


def test_a_runtime_configuration_of_an_older_build(tmp_path: Path) -> None:
    config = '{"type": "envoy_proxy", "abiVersions": ["v0.1.0"], "config": {"rootIds": [""]}}'
    folder = write(tmp_path / "mine", filter_dot_cc=CC)
    (folder / "runtime-config.json").write_text(config)
    with Session() as session:
        built = session.build(folder)
        said = json.loads(built.image.config)
        assert (said["abiVersions"], said["config"]["rootIds"]) == (["v0.2.1"], [""])
        assert built.image.module.build is not None
        (warning,) = built.image.module.build.warnings
        assert "runtime-config.json lists the ABI v0.1.0, and the module has v0.2.1" in str(warning)
        with pytest.raises(ConfigError, match=r"abiVersions are v0\.1\.0"):
            session.build(folder, runtime_config=str(folder / "runtime-config.json"))


def test_messages_below_a_folder_that_is_named(tmp_path: Path) -> None:
    top = write(tmp_path / "top", ext__a__one_dot_proto=PROTO, ext__b__two_dot_proto=IMPORTED)
    source = f'#include "ext/a/one.pb.h"\n{CC}int size() {{ return ext::One().two().words_size(); }}\n'
    asked = Filter("mine", source, "cpp", (f"-I{top}",))
    assert asked.build().wasm
    folder = write(tmp_path / "mine", plugin_dot_cc=source)
    assert Filter.from_folder(folder, flags=(f"-I{top}",)).build().wasm
    (top / "ext/b/two.proto").write_text(IMPORTED.replace("words", "other"))
    with pytest.raises(CompileError, match="words_size"):
        asked.build()


@pytest.mark.parametrize("include", ["generated/a/one.pb.h", "a/one.pb.h", "./gen/cpp/one.pb.h"])
def test_messages_whose_imports_begin_at_a_folder_of_their_own(tmp_path: Path, include: str) -> None:
    one = 'syntax = "proto3";\npackage a;\nimport "a/two.proto";\nmessage One { Two two = 1; }\n'
    two = 'syntax = "proto3";\npackage a;\nmessage Two { string word = 1; }\n'
    words = f'#include "{include}"\nvoid fill(a::One& one) {{ one.mutable_two()->set_word("x"); }}\n'
    folder = write(tmp_path / "mine", src__plugin_dot_cc=f"{CC}{words}")
    write(folder / "api" / "proto", a__one_dot_proto=one, a__two_dot_proto=two, b__two_dot_proto=two)
    assert Filter.from_folder(folder).build().wasm
    write(folder / "api" / "proto", a__two_dot_proto=two.replace("string", "strin"))
    with pytest.raises(CompileError) as caught:
        Filter.from_folder(folder).build()
    assert caught.value.where is not None
    assert (caught.value.where.text, caught.value.where.line) == ("api/proto/a/two.proto", 3)
    assert "strin word" in caught.value.where.quote


def test_messages_that_protoc_has_made_for_its_own_library(tmp_path: Path) -> None:
    made = "// Generated by the protocol buffer compiler.  DO NOT EDIT!\n#error its library is not here\n"
    words = '#include "gen/one.pb.h"\nvoid fill(a::One& one) { one.set_word("x"); }\n'
    folder = write(
        tmp_path / "mine", plugin_dot_cc=f"{CC}{words}", gen__one_dot_pb_dot_h=made, gen__one_dot_pb_dot_cc=made
    )
    write(folder, proto__one_dot_proto='syntax = "proto3";\npackage a;\nmessage One { string word = 1; }\n')
    assert Filter.from_folder(folder).build().wasm


def test_a_source_that_another_one_includes_is_compiled_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "mine",
        plugin_dot_cc=f'#include "parts/word.cc"\n{CC}',
        parts__word_dot_cc="int word() { return 1; }\n",
    )
    assert Filter.from_folder(folder).build().wasm
    write(folder, other_dot_cc="int word() { return 2; }\n")
    with pytest.raises(LinkError, match=r"defined twice, in plugin\.cc and in other\.cc"):
        Filter.from_folder(folder).build()


def test_a_source_alone_that_names_headers_above_it_or_by_a_macro(tmp_path: Path) -> None:
    words = '#include "../common/word.h"\n#define OTHER "other.h"\n#include OTHER\nconst char* both[] = {WORD, MORE};\n'
    source = write(tmp_path / "mine", plugin_dot_cc=f"{CC}{words}") / "plugin.cc"
    write(tmp_path, common__word_dot_h='#define WORD "one"\n', mine__other_dot_h='#define MORE "more"\n')
    first = read_source(source, name="mine", language="cpp", flags=()).build()
    write(tmp_path, common__word_dot_h='#define WORD "other"\n#define OTHER_WORD\n')
    assert first.wasm
    again = read_source(source, name="mine", language="cpp", flags=()).build()
    assert again.build is not None
    assert not again.build.cached, "a header above the source was changed"


def test_names_of_the_protobuf_of_2020(tmp_path: Path) -> None:
    words = """#include "./generated/demo.pb.h"
#include "google/protobuf/util/json_util.h"
using google::protobuf::util::JsonParseOptions;
using google::protobuf::util::Status;
using google::protobuf::util::error::Code;
Status read(std::string_view text) {
  demo::Config config;
  JsonParseOptions options;
  auto status = google::protobuf::util::JsonStringToMessage(text, &config, options);
  if (status != Status::OK || status.error_code() != Code::OK) return status;
  if (std::string view(status.message()); view != status.message().ToString()) return Status::OK;
  std::string_view why = status.ok() ? status.error_message() : std::string_view("why");
  if (config.a().empty() && why.empty()) return Status(google::protobuf::util::error::INVALID_ARGUMENT, "no a");
  return Status::OK;
}
"""
    proto = 'syntax = "proto3";\npackage demo;\nmessage Config { string a = 1; }\n'
    folder = write(tmp_path / "mine", plugin_dot_cc=f"{CC}{words}", proto__demo_dot_proto=proto)
    assert Filter.from_folder(folder).build().wasm


@pytest.mark.parametrize("language", ["cpp", "go"])
def test_the_stages_of_a_build_are_all_of_its_time(language: str, request: pytest.FixtureRequest) -> None:
    if language == "go":
        request.getfixturevalue("has_go")
    module = Filter("mine", CC if language == "cpp" else GO, language).build(force=True)
    assert module.build is not None
    assert module.build.seconds == pytest.approx(sum(seconds for _, seconds in module.build.stages))
    assert [name for name, _ in module.build.stages][-1] == "store"
