"""Each hint about a folder is provoked, and followed: afterwards it builds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.project.test_in_place import EXPORTS, crate, write
from tests.project.test_migration import git
from tests.project.test_workspaces import CC, GO
from tests.worded import in_cell
from wasmnb import Filter, Session, build_image
from wasmnb.compile.go.compiler import module_cache
from wasmnb.compile.go.project import _refusal
from wasmnb.compile.process import Finished
from wasmnb.compile.tree import Tree
from wasmnb.errors import CompileError, LinkError, ToolchainError, UsageError
from wasmnb.image import Store

if TYPE_CHECKING:
    from pathlib import Path

    from wasmnb.errors import WasmnbError

pytestmark = pytest.mark.compiler

GENERATED = """licenses(["notice"])

genrule(
    name = "word_hpp",
    srcs = ["@word_header//file"],
    outs = ["word.hpp"],
    cmd = "cp $< $@",
)
"""


@pytest.fixture(autouse=True)
def _tools(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMNB_RUST", installed)


def refused(folder: Path, kind: type[WasmnbError], **options: str) -> WasmnbError:
    with pytest.raises(kind) as caught:
        Filter.from_folder(folder, name="mine", **options).build()
    return in_cell(caught.value)


def builds(folder: Path) -> None:
    assert Filter.from_folder(folder, name="mine").build().wasm


@pytest.mark.usefixtures("has_go")
def test_a_go_that_is_too_old(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.99\n", main_dot_go=GO)
    error = refused(folder, ToolchainError)
    assert "wants Go 1.99" in str(error)
    assert "the line go of go.mod" in error.hint
    (folder / "go.mod").write_text("module mine\n\ngo 1.24\n")
    builds(folder)


@pytest.mark.usefixtures("has_go")
def test_a_go_package_that_no_module_provides(tmp_path: Path) -> None:
    source = GO.replace("package main\n", 'package main\n\nimport _ "example.org/nothing/here"\n')
    folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.24\n", main_dot_go=source)
    error = refused(folder, (CompileError, ToolchainError))  # type: ignore[arg-type]
    assert "cell" not in error.hint
    (folder / "main.go").write_text(GO)
    builds(folder)


@pytest.mark.usefixtures("has_go")
def test_a_go_module_that_is_not_where_its_path_says(tmp_path: Path) -> None:
    manifest = (
        "module mine\n\ngo 1.24\n\nrequire example.org/shared v0.0.0\n\nreplace example.org/shared => ../shared\n"
    )
    source = GO.replace("package main\n", 'package main\n\nimport _ "example.org/shared"\n')
    folder = write(tmp_path / "top" / "mine", go_dot_mod=manifest, main_dot_go=source)
    error = refused(folder, CompileError)
    assert "replacement directory ../shared does not exist" in str(error)
    assert error.hint == "correct the path in the replace line of go.mod, or put the module there"
    (tmp_path / "top" / "shared").mkdir()
    refused(folder, (CompileError, ToolchainError))  # type: ignore[arg-type]
    write(tmp_path / "top" / "shared", go_dot_mod="module example.org/shared\n", a_dot_go="package shared\n")
    builds(folder)


def test_a_crate_that_is_not_where_the_path_says(tmp_path: Path) -> None:
    folder = crate(tmp_path / "top" / "mine", "", '\n[dependencies]\nshared = { path = "../shared" }\n')
    error = refused(folder, ToolchainError)
    assert error.why == (str(tmp_path / "top" / "shared" / "Cargo.toml"),)
    assert error.hint == (
        'correct the path in the line with path = "...": it starts at the folder of the manifest that has it'
    )
    (folder / "Cargo.toml").write_text((folder / "Cargo.toml").read_text().replace("../shared", "../other"))
    write(tmp_path / "top" / "other", Cargo_dot_toml='[package]\nname = "shared"\nversion = "0.1.0"\n')
    write(tmp_path / "top" / "other", src__lib_dot_rs="")
    builds(folder)


def test_a_build_script_that_fails(tmp_path: Path) -> None:
    script = 'fn main() {\n    let _ = std::fs::read("schema.txt").expect("schema.txt is to be here");\n}\n'
    folder = crate(tmp_path / "mine", "", build_dot_rs=script)
    error = refused(folder, CompileError)
    assert "The build script of 'mine' failed" in str(error)
    assert any("schema.txt is to be here" in line for line in error.why)
    assert "features" not in error.hint
    (folder / "schema.txt").write_text("")
    builds(folder)


def test_a_rust_that_is_too_old(tmp_path: Path) -> None:
    folder = crate(
        tmp_path / "mine", "pub fn f() -> bool { core::hint::black_box(4_u32); true }\n#![feature(nothing)]\n"
    )
    (folder / "src" / "lib.rs").write_text(f"{EXPORTS}pub fn f() {{ let _ = std::future::join!(async {{}}); }}\n")
    assert "rustup update" in refused(folder, CompileError).hint
    (folder / "src" / "lib.rs").write_text(EXPORTS)
    builds(folder)


def test_a_header_in_another_folder(tmp_path: Path) -> None:
    write(tmp_path / "headers", word_dot_h="#pragma once\n")
    source = f'#include "word.h"\n{CC}'
    with Session() as session:
        with pytest.raises(CompileError) as caught:
            session.filter("mine", source, language="cpp")
        assert "name its folder with -I FOLDER" in in_cell(caught.value).hint
        assert session.filter("mine", source, language="cpp", include=[str(tmp_path / "headers")]).module


def test_hints_of_a_file_speak_of_no_cell(tmp_path: Path) -> None:
    folder = write(tmp_path / "cpp", filter_dot_cc=f'#include "word.h"\n{CC}')
    error = refused(folder, CompileError)
    assert error.hint == "put the header beside the source, or name its folder with --include FOLDER"
    (folder / "word.h").write_text("#pragma once\n")
    builds(folder)
    source = (
        "use proxy_wasm::traits::*;\nuse uuid::Uuid;\nstruct H;\nimpl Context for H {}\nimpl HttpContext for H {}\n"
    )
    write(tmp_path / "rust", plugin_dot_rs=source)
    asked = Filter.from_folder(tmp_path / "rust", name="mine")
    with pytest.raises(CompileError) as caught:
        asked.build()
    assert in_cell(caught.value).hint.startswith(
        "if 'uuid' is a crate, ask for it at the top of plugin.rs: // deps: uuid"
    )


def test_messages_of_which_there_are_none_or_several(tmp_path: Path) -> None:
    proto = 'syntax = "proto3";\npackage demo;\nmessage Word { string a = 1; }\n'
    source = f'#include "INCLUDED"\n{CC}static demo::Word word;\n'
    folder = write(tmp_path / "none", filter_dot_cc=source.replace("INCLUDED", "made/word.pb.h"))
    assert refused(folder, CompileError).hint == (
        "the messages of word.pb.h are made of word.proto: put that file beside the source"
    )
    write(folder, word_dot_proto=proto)
    builds(folder)
    assert build_image(folder / "filter.cc", "local/mine", store=Store(tmp_path / "store")).module.wasm

    folder = write(tmp_path / "above", filter_dot_cc=source.replace("INCLUDED", "../made/word.pb.h"))
    assert refused(folder, CompileError).hint == (
        "the messages of word.pb.h are made of word.proto: put that file into the folder, and write "
        '#include "word.pb.h"'
    )
    write(folder, word_dot_proto=proto)
    assert refused(folder, CompileError).hint.endswith('made of word.proto: write #include "word.pb.h"')
    write(folder, filter_dot_cc=source.replace("INCLUDED", "word.pb.h"))
    builds(folder)

    folder = write(tmp_path / "two", a__word_dot_proto=proto, b__word_dot_proto=proto.replace("demo", "other"))
    write(folder, filter_dot_cc=source.replace("INCLUDED", "made/word.pb.h"))
    assert refused(folder, CompileError).hint == (
        'a/word.proto and b/word.proto have that name: say which, as in #include "a/word.pb.h"'
    )
    for path in ("a/word.pb.h", "made/a/word.pb.h"):
        write(folder, filter_dot_cc=source.replace("INCLUDED", path))
        builds(folder)


def test_messages_of_two_filters_in_one_folder(tmp_path: Path) -> None:
    proto = 'syntax = "proto3";\nmessage Config { string a = 1; }\n'
    source = f'#include "KIND/filter.pb.h"\n{CC}static Config config;\n'
    for kind in ("auth", "count"):
        text = source.replace("KIND", kind).replace("(C)", f'(C), "{kind}"')
        write(tmp_path / "top" / kind, filter_dot_cc=text, filter_dot_proto=proto)
    error = refused(tmp_path / "top", CompileError)
    assert "is already defined in file" in str(error)
    assert error.hint == (
        "give one of both files a package of its own; of a folder with several filters, -C FOLDER builds one"
    )
    builds(tmp_path / "top" / "auth")
    write(tmp_path / "top", count__filter_dot_proto=proto.replace("message", "package count;\nmessage"))
    text = (tmp_path / "top" / "count" / "filter.cc").read_text()
    (tmp_path / "top" / "count" / "filter.cc").write_text(text.replace("static Config", "static count::Config"))
    builds(tmp_path / "top")


def test_a_feature_that_is_off_and_an_example_that_is_the_filter(tmp_path: Path) -> None:
    source = 'mod inner {\n    #[cfg(feature = "more")]\n    pub fn value() -> u8 { 1 }\n}\n'
    source += '#[no_mangle]\npub extern "C" fn value() -> u8 { inner::value() }\n'
    folder = crate(tmp_path / "mine", source, "\n[features]\nmore = []\n")
    assert refused(folder, CompileError).hint == "--flag --features=more turns that feature on"
    assert Filter.from_folder(folder, flags=("--features=more",)).build().wasm
    with pytest.raises(UsageError, match="does not take the flag '--profile=dev'") as caught:
        Filter.from_folder(folder, flags=("--profile=dev",)).build()
    assert "--example=NAME; its Cargo.toml says the rest" in in_cell(caught.value).hint

    manifest = '[package]\nname = "mine"\nversion = "0.1.0"\nedition = "2021"\n'
    manifest += '\n[[example]]\nname = "one"\ncrate-type = ["cdylib"]\n'
    folder = write(tmp_path / "sdk", Cargo_dot_toml=manifest, src__lib_dot_rs="//! A library.\n")
    write(folder, examples__one_dot_rs=EXPORTS)
    with pytest.raises(UsageError, match="makes no WebAssembly module") as caught:
        Filter.from_folder(folder).build()
    assert in_cell(caught.value).hint == "--flag --example=one builds one of its examples"
    with Session() as session:
        assert session.build(folder, flags=["--example=one"], tag="local/one").image.module.wasm


def test_a_submodule_that_is_not_here(tmp_path: Path) -> None:
    crate(tmp_path / "other", "")
    git(tmp_path / "other", "init", "-q")
    git(tmp_path / "other", "add", ".")
    git(tmp_path / "other", "commit", "-qm", "first")
    (tmp_path / "top").mkdir()
    git(tmp_path / "top", "init", "-q")
    git(tmp_path / "top", "-c", "protocol.file.allow=always", "submodule", "add", "-q", "../other", "parts/filter")
    git(tmp_path / "top", "submodule", "deinit", "-q", "--force", "parts/filter")
    folder = tmp_path / "top" / "parts" / "filter"
    modules = tmp_path / "top" / ".gitmodules"
    modules.write_bytes(b"# caf\xe9\n" + modules.read_bytes())
    error = refused(folder, UsageError)
    assert "is a git submodule that is not here yet" in str(error)
    assert error.hint == "git submodule update --init, in its repository, brings it"
    git(tmp_path / "top", "-c", "protocol.file.allow=always", "submodule", "update", "--init", "-q")
    builds(folder)


@pytest.mark.usefixtures("has_go")
def test_a_folder_that_go_mod_replaces_a_module_by_and_that_is_none(tmp_path: Path) -> None:
    manifest = "module mine\n\ngo 1.24\n\nrequire example.org/a v0.0.0\n\nreplace example.org/a => ../a\n"
    source = GO.replace("package main\n", 'package main\n\nimport _ "example.org/a"\n', 1)
    folder = write(tmp_path / "mine", go_dot_mod=manifest, main_dot_go=source)
    write(tmp_path / "a", a_dot_go="package a\n")
    error = refused(folder, CompileError)
    assert str(tmp_path / "a" / "go.mod") in str(error)
    assert error.hint == "correct the path in the replace line of go.mod, or put the module there"
    write(tmp_path / "a", go_dot_mod="module example.org/a\n\ngo 1.24\n")
    builds(folder)


def test_a_header_that_bazel_makes(tmp_path: Path) -> None:
    top = write(tmp_path / "top", WORKSPACE="", common__json__BUILD=GENERATED)
    folder = write(top / "mine", plugin_dot_cc=f'#include "common/json/word.hpp"\n{CC}')
    hint = refused(folder, CompileError).hint
    assert hint == (
        "bazel makes word.hpp for a build, of @word_header, as common/json/BUILD says: put that file there, "
        "or as common/json/word.hpp into a folder that -I FOLDER names"
    )
    write(tmp_path / "headers", common__json__word_dot_hpp="#pragma once\n")
    asked = Filter.from_folder(folder, name="mine", flags=[f"-I{tmp_path / 'headers'}"])
    assert asked.build().wasm
    write(top, common__json__word_dot_hpp="#pragma once\n")
    builds(folder)


def test_a_folder_of_headers_for_a_filter_in_rust(tmp_path: Path) -> None:
    source = "use proxy_wasm::traits::*;\nfn main() {}\n"
    with Session() as session:
        for said in ({"libraries": [str(tmp_path)]}, {"include": [str(tmp_path)]}):
            with pytest.raises(UsageError, match="is for filters in C\\+\\+, and mine is in Rust") as caught:
                session.filter("mine", source, language="rust", **said)
            assert 'serde = "1", or in Cargo.toml; --lang says another language' in in_cell(caught.value).hint
        assert session.filter("mine", CC, language="cpp", include=[str(tmp_path)]).module


def test_a_library_of_sources(tmp_path: Path) -> None:
    header = "#pragma once\nnamespace absl { int twice(int); }\n"
    write(tmp_path / "library", absl__strings__x_dot_h=header)
    source = f'#include "absl/strings/x.h"\n{CC}\n'
    source += 'extern "C" __attribute__((used)) int f(int n) { return absl::twice(n); }\n'
    with Session() as session:
        with pytest.raises(CompileError) as missing:
            session.filter("mine", source, language="cpp")
        assert "--with FOLDER compiles the sources of a library that you have" in in_cell(missing.value).hint
        with pytest.raises(LinkError) as headers:
            session.filter("mine", source, language="cpp", include=[str(tmp_path / "library")])
        assert "--with FOLDER compiles the library's sources too" in in_cell(headers.value).hint
        text = '#include "absl/strings/x.h"\nnamespace absl { int twice(int n) { return 2 * n; } }\n'
        write(tmp_path / "library", absl__strings__x_dot_cc=text)
        assert session.filter("mine", source, language="cpp", libraries=[str(tmp_path / "library")]).module


def test_a_crate_of_a_git_repository_that_does_not_come(tmp_path: Path) -> None:
    kept = write(tmp_path / "kept", Cargo_dot_toml='[package]\nname = "kept"\nversion = "0.1.0"\n', src__lib_dot_rs="")
    git(kept, "init", "-q")
    git(kept, "add", ".")
    git(kept, "commit", "-qm", "first")
    line = f'kept = {{ git = "{kept.as_uri()}", branch = "later" }}'
    folder = crate(tmp_path / "mine", "", f"\n[dependencies]\n{line}\n")
    manifest = (folder / "Cargo.toml").read_text()
    error = refused(folder, ToolchainError)
    assert error.what == "The crate 'kept' cannot be fetched from its git repository."
    assert error.why[0] == f"{kept.as_uri()}?branch=later"
    assert "no such commit, branch or tag" in error.hint
    (folder / "Cargo.toml").write_text(manifest.replace("kept = ", "nothere = ").replace("/kept", "/gone"))
    error = refused(folder, ToolchainError)
    assert "'nothere' cannot be fetched" in error.what
    assert "gone" in error.why[1]
    assert 'name a folder that has it with path = "..."' in error.hint
    (folder / "Cargo.toml").write_text(manifest.replace(line, f'kept = {{ path = "{kept}" }}'))
    builds(folder)


@pytest.mark.usefixtures("has_go")
def test_a_go_work_that_states_an_earlier_go(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.24\n", main_dot_go=GO)
    write(folder, go_dot_work="go 1.23\n\nuse .\n")
    error = refused(folder, ToolchainError)
    assert error.hint == "go work use, in the folder of go.work, writes the later one there"
    (folder / "go.work").write_text("go 1.24\n\nuse .\n")
    builds(folder)


@pytest.mark.parametrize(
    ("file", "said", "what", "hint"),
    [
        (
            "github.com/x/y@v1.2.0/pkg/a.go",
            "missing go.sum entry for module providing package {0}/proxywasm; to add:",
            "github.com/x/y@v1.2.0 is made for TinyGo's SDK",
            "require a version of that module",
        ),
        (
            "{0}@v0.19.0/proxywasm/a.go",
            "undefined: cmalloc",
            "a module that go.mod requires is made for",
            "go mod why -m {0}",
        ),
    ],
)
@pytest.mark.usefixtures("has_go")
def test_a_go_module_of_others_that_is_for_tinygo(tmp_path: Path, file: str, said: str, what: str, hint: str) -> None:
    sdk = "github.com/tetratelabs/proxy-wasm-go-sdk"
    folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.24\n", main_dot_go=GO)
    place = os.path.relpath(module_cache() / file.format(sdk), folder)
    finished = Finished(1, "", f"{place}:3:2: {said.format(sdk)}\n")
    error = _refusal(finished, {}, Tree(folder, folder, folder, frozenset({"main.go"})))
    assert f"The project does not compile: {what}" in str(error)
    assert error.where.text == file.format(sdk)
    assert hint.format(sdk) in error.hint
