"""A folder is built as it lies there: what is above it, hidden, binary, or called as build tools call their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.worded import in_cell
from wasmnb import Filter, build_image
from wasmnb.compile import tree
from wasmnb.compile.assemblyscript.project import _missing, _script
from wasmnb.compile.go import project as go_project
from wasmnb.compile.process import Finished
from wasmnb.compile.project import texts
from wasmnb.compile.tree import listed, planted
from wasmnb.compile.workspace import npm_workspace
from wasmnb.errors import ToolchainError, UsageError
from wasmnb.image import Store

if TYPE_CHECKING:
    from wasmnb.module import Module

pytestmark = pytest.mark.compiler

CARGO = """[package]
name = "{name}"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]
{more}"""
EXPORTS = """#[no_mangle]
pub extern "C" fn proxy_abi_version_0_2_1() {}
#[no_mangle]
pub extern "C" fn proxy_on_memory_allocate(_: usize) -> *mut u8 {
    core::ptr::null_mut()
}
"""
GO = """package main

import "example.org/shared"

//go:wasmexport proxy_abi_version_0_2_1
func abi() {}

//go:wasmexport proxy_on_memory_allocate
func allocate(size int32) int32 { return int32(len(shared.Word())) }

func main() {}
"""
SHARED = """package shared

import _ "embed"

//go:embed word.txt
var word string

func Word() string { return word }
"""


@pytest.fixture(autouse=True)
def _tools(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMNB_RUST", installed)


def write(folder: Path, **files: str | bytes) -> Path:
    """Write files, ``__`` in a name for ``/`` and ``_dot_`` for ``.``."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def crate(folder: Path, source: str, more: str = "", name: str = "mine", **files: str | bytes) -> Path:
    manifest = CARGO.format(name=name, more=more)
    return write(folder, Cargo_dot_toml=manifest, src__lib_dot_rs=EXPORTS + source, **files)


def built(folder: Path) -> Module:
    """Build a folder, and see that nothing was written there."""
    top = folder.parent
    before = sorted(path.as_posix() for path in top.rglob("*"))
    module = Filter.from_folder(folder, name="mine").build()
    assert sorted(path.as_posix() for path in top.rglob("*")) == before
    return module


def cached(module: Module) -> bool:
    assert module.build is not None
    return module.build.cached


def exports(module: Module) -> set[str]:
    return {item.name for item in module.facts.exports}


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    source = '#[no_mangle]\npub static TABLE: &[u8; 4] = include_bytes!("../table.bin");\n'
    folder = crate(tmp_path / "top" / "mine", source, table_dot_bin=b"\x00\xff\xfe\x80")
    first = built(folder)
    assert b"\x00\xff\xfe\x80" in first.wasm
    (folder / "table.bin").write_bytes(b"\x01\xff\xfe\x81")
    assert b"\x01\xff\xfe\x81" in built(folder).wasm


def test_a_module_called_target_and_a_hidden_file(tmp_path: Path) -> None:
    source = 'mod target;\n#[no_mangle]\npub extern "C" fn value() -> usize { target::VALUE + env!("WORD").len() }\n'
    config = '[env]\nWORD = "hidden"\n\n[build]\nrustflags = ["--cfg", "extra"]\n'
    more = '#[cfg(extra)]\n#[no_mangle]\npub extern "C" fn extra() {}\n'
    value = "pub const VALUE: usize = 1;\n"
    folder = crate(
        tmp_path / "top" / "mine",
        source + more,
        src__target__mod_dot_rs=value,
        _dot_cargo__config_dot_toml=config,
        target__CACHEDIR_dot_TAG="written by cargo",
        target__large_dot_bin=b"\x00",
    )
    assert {"value", "extra"} <= exports(built(folder))
    assert not [path for path in texts(Filter.from_folder(folder)) if path.startswith("target/")]


def test_what_lies_above_is_read_there_and_watched(tmp_path: Path) -> None:
    top = tmp_path / "top"
    write(
        top / "shared",
        Cargo_dot_toml='[package]\nname = "shared"\nversion = "0.1.0"\nedition = "2021"\n',
        src__lib_dot_rs='pub const WORD: &str = include_str!("../../word.txt");\n',
    )
    write(top, word_dot_txt="first-word")
    source = "#[no_mangle]\npub static WORD: &str = shared::WORD;\n"
    folder = crate(top / "filters" / "mine", source, '\n[dependencies]\nshared = { path = "../../shared" }\n')
    first = built(folder)
    assert b"first-word" in first.wasm
    assert cached(built(folder))
    (top / "word.txt").write_text("other-word")
    second = built(folder)
    assert not cached(second)
    assert b"other-word" in second.wasm
    assert Filter.from_folder(folder, name="mine").build(force=True).digest == second.digest


def test_a_member_of_a_workspace_and_the_workspace(tmp_path: Path) -> None:
    top = write(tmp_path / "top", Cargo_dot_toml='[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n')
    for name in ("one", "two"):
        crate(top / name, f'#[no_mangle]\npub extern "C" fn {name}() {{}}\n', name=name)
    with pytest.raises(UsageError, match=r"holds 2 filters: one, two\.") as caught:
        built(top)
    assert in_cell(caught.value).hint.endswith("-C one")
    assert "two" in exports(built(top / "two"))
    (top / "two" / "src" / "lib.rs").write_text("broken!\n")
    with pytest.raises(Exception, match=r"at src/lib\.rs line 1"):
        built(top / "two")


@pytest.mark.usefixtures("has_go")
def test_a_go_module_beside(tmp_path: Path) -> None:
    top = tmp_path / "top"
    write(
        top / "shared",
        go_dot_mod="module example.org/shared\n\ngo 1.24\n",
        shared_dot_go=SHARED,
        word_dot_txt="go-word-one",
    )
    manifest = (
        "module mine\n\ngo 1.24\n\nrequire example.org/shared v0.0.0\n\nreplace example.org/shared => ../shared\n"
    )
    folder = write(top / "mine", go_dot_mod=manifest, main_dot_go=GO, main_dot_wasm=b"\0asm\1\0\0\0stale")
    first = built(folder)
    assert b"go-word-one" in first.wasm
    (top / "shared" / "word.txt").write_text("go-word-two")
    assert b"go-word-two" in built(folder).wasm
    image = build_image(folder, "local/mine", store=Store(tmp_path / "store"))
    assert b"go-word-two" in image.module.wasm, "the module beside the sources is what some build made of them once"


@pytest.mark.usefixtures("has_go")
def test_only_a_plugin_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "top" / "mine", go_dot_mod="module mine\n\ngo 1.24\n")
    (folder / "plugin.go").write_text(
        GO.replace('import "example.org/shared"\n', "").replace("len(shared.Word())", "0")
    )
    assert Filter.from_folder(folder).file == "plugin.go"
    assert "proxy_on_memory_allocate" in exports(built(folder))


def test_a_header_above_a_cpp_folder(tmp_path: Path) -> None:
    top = write(tmp_path / "top", word_dot_h='#define WORD "cpp-word-one"\n')
    source = '#include "../../word.h"\nextern "C" __attribute__((used, visibility("default"))) const char* word() {'
    source += ' return WORD; }\nextern "C" void proxy_abi_version_0_2_1() {}\n'
    folder = write(top / "mine", src__filter_dot_cc=source)
    assert b"cpp-word-one" in built(folder).wasm
    assert cached(built(folder))
    (top / "word.h").write_text('#define WORD "cpp-word-two"\n')
    assert b"cpp-word-two" in built(folder).wasm


def test_names_from_the_top_of_a_repository(tmp_path: Path) -> None:
    """As bazel has them; also in a folder whose sources are passed over."""
    write(tmp_path, WORKSPACE="", parts__common__word_dot_h="#pragma once\nconst char* word();\n")
    write(
        tmp_path,
        parts__common__word_dot_cc='#include "parts/common/word.h"\nconst char* word() { return "the-word"; }\n',
    )
    source = '#include "parts/mine/plugin.h"\n#include "target/other.h"\n'
    source += 'extern "C" __attribute__((used, visibility("default"))) const char* said() { return OTHER + *word(); }\n'
    source += 'extern "C" void proxy_abi_version_0_2_1() {}\n'
    folder = write(
        tmp_path / "parts" / "mine",
        plugin_dot_cc=source,
        plugin_dot_h='#pragma once\n#include "parts/common/word.h"\n',
        target__other_dot_h='#define OTHER "the-other"\n',
    )
    for made in (built(folder), Filter.from_folder(folder, name="mine").build(force=True)):
        assert b"the-word" in made.wasm
        assert b"the-other" in made.wasm
    image = build_image(folder / "plugin.cc", "local/mine", store=Store(tmp_path / "store"))
    assert b"the-word" in image.module.wasm


def test_a_text_that_is_called_as_a_module(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", BUILD_dot_wasm="load('//bazel:wasm.bzl')\n")
    with pytest.raises(UsageError, match="holds nothing to build a filter from"):
        build_image(folder, "local/mine", store=Store(tmp_path / "store"))


def test_what_is_not_taken_along(tmp_path: Path) -> None:
    folder = crate(
        tmp_path / "mine",
        "",
        _dot_env="TOKEN=s3cr3t",
        _dot_git__config="[core]",
        _dot_ssh__id_rsa="s3cr3t",
        node_modules__x__index_dot_js="",
        old_dot_wasm=b"\0asm",
        _dot_gitignore="/big\n",
        big__data_dot_bin=b"\x00",
    )
    assert {path.relative_to(folder).as_posix() for path in listed(folder)} == {
        ".gitignore",
        "Cargo.toml",
        "big/data.bin",
        "src/lib.rs",
    }


def test_what_version_control_ignores_may_be_source_that_a_tool_has_made(tmp_path: Path) -> None:
    folder = crate(
        tmp_path / "mine",
        "",
        _dot_gitignore="/big\n/dist\n/venv\n/.cache\n*.gen.rs\n*.log\n*.wasm\n.env\n.cargo\n",
        _dot_cache__x="",
        _dot_cargo__config_dot_toml="",
        big__data_dot_bin=b"\x00",
        big__dist__old_dot_js="",
        big__node_modules__x="",
        dist__out_dot_js="",
        venv__pyvenv_dot_cfg="",
        src__a_dot_gen_dot_rs="",
        a_dot_log="",
        main_dot_wasm=b"\0asm",
        _dot_env="TOKEN=s3cr3t",
        notes="new",
    )
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(folder), "add", "src"], check=True)
    known = [".gitignore", "Cargo.toml", "notes", "src/lib.rs"]
    assert [path.relative_to(folder).as_posix() for path in listed(folder, ignored=False)] == known
    assert sorted(path.relative_to(folder).as_posix() for path in listed(folder)) == sorted(
        [*known, ".cargo/config.toml", "big/data.bin", "src/a.gen.rs"]
    )


def test_a_large_folder_that_version_control_ignores_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "_MOST_IGNORED", 2)
    folder = write(tmp_path / "mine", _dot_gitignore="/a\n/b\n", a__1="", a__2="", a__3="", b__1="", main_dot_go=GO)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    assert sorted(path.relative_to(folder).as_posix() for path in listed(folder)) == [".gitignore", "b/1", "main.go"]


@pytest.mark.usefixtures("has_go")
def test_ignored_source_is_built(tmp_path: Path) -> None:
    source = GO.replace("example.org/shared", "mine/made")
    folder = write(
        tmp_path / "top" / "mine",
        go_dot_mod="module mine\n\ngo 1.24\n",
        main_dot_go=source,
        made___dot_gitignore="*.go\n*.txt\n",
        made__shared_dot_go=SHARED,
        made__word_dot_txt="ignored-word",
    )
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    assert b"ignored-word" in built(folder).wasm


@pytest.mark.usefixtures("has_go")
def test_a_go_module_at_a_whole_path(tmp_path: Path) -> None:
    shared = write(
        tmp_path / "a" / "b" / "shared",
        go_dot_mod="module example.org/shared\n\ngo 1.24\n",
        shared_dot_go=SHARED,
        word_dot_txt="whole-path-one",
    )
    manifest = (
        f"module mine\n\ngo 1.24\n\nrequire example.org/shared v0.0.0\n\nreplace example.org/shared => {shared}\n"
    )
    folder = write(tmp_path / "c" / "mine", go_dot_mod=manifest, main_dot_go=GO)
    assert b"whole-path-one" in built(folder).wasm
    (shared / "word.txt").write_text("whole-path-two")
    assert b"whole-path-two" in built(folder).wasm, "the module of before would be put in force in silence"


def test_a_crate_at_a_whole_path(tmp_path: Path) -> None:
    manifest = '[package]\nname = "shared"\nversion = "0.1.0"\nedition = "2021"\n'
    source = "#[no_mangle]\npub static WORD: &[u8; 14] = shared::WORD;\n"
    text = 'pub const WORD: &[u8; 14] = b"whole-path-one";\n'
    shared = write(tmp_path / "a" / "b" / "shared", Cargo_dot_toml=manifest, src__lib_dot_rs=text)
    folder = crate(tmp_path / "c" / "mine", source, f'\n[dependencies]\nshared = {{ path = "{shared}" }}\n')
    assert b"whole-path-one" in built(folder).wasm
    (shared / "src" / "lib.rs").write_text(text.replace("one", "two"))
    assert b"whole-path-two" in built(folder).wasm


def test_what_a_folder_above_tells_cargo(tmp_path: Path) -> None:
    source = '#[no_mangle]\npub extern "C" fn value() -> usize { env!("WORD").len() }\n'
    write(tmp_path / "top", _dot_cargo__config_dot_toml='[env]\nWORD = "above"\n')
    assert "value" in exports(built(crate(tmp_path / "top" / "filters" / "mine", source)))


def test_a_build_script_that_looks_beside_the_folder(tmp_path: Path) -> None:
    script = """use std::path::Path;
fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let data = Path::new(&folder).parent().unwrap().parent().unwrap().join("data").join("word.txt");
    println!("cargo:rustc-env=WORD={}", std::fs::read_to_string(data).unwrap());
}
"""
    source = '#[no_mangle]\npub static WORD: &[u8] = env!("WORD").as_bytes();\n'
    write(tmp_path / "top", data__word_dot_txt="beside-the-folder")
    folder = crate(tmp_path / "top" / "filters" / "mine", source, build_dot_rs=script)
    assert b"beside-the-folder" in built(folder).wasm


def test_a_large_file_is_there_and_not_carried(tmp_path: Path) -> None:
    folder = crate(tmp_path / "mine", "", data_dot_bin=b"\x01" * 3_000_000)
    found = Filter.from_folder(folder)
    assert len(dict(found.files)["data.bin"]) < 100
    with planted(found, tmp_path) as tree:
        assert (tree.folder / "data.bin").read_bytes() == (folder / "data.bin").read_bytes()
    assert not tree.top.exists()


def test_copies_stand_in_place_of_links_where_a_tool_passes_links_over(tmp_path: Path) -> None:
    write(tmp_path, package_dot_json="{}", assembly__a__b_dot_ts="b", other__c_dot_ts="c", node_modules__x="x")
    folder = write(tmp_path / "examples" / "mine", package_dot_json="{}", index_dot_ts='import "../../x"\n')
    with planted(Filter.from_folder(folder, language="assemblyscript"), tmp_path / "work") as tree:
        above = tree.folder.parent.parent
        tree.copy("../../other")
        assert not (above / "other").is_symlink()
        assert (above / "other" / "c.ts").read_text() == "c"
        assert (above / "assembly").is_symlink()
        tree.copy("../..")
        assert not (above / "assembly" / "a" / "b.ts").is_symlink()
        (above / "assembly" / "a" / "b.ts").write_text("changed")
        tree.copy("nothing")
        assert sorted(path.name for path in tree.folder.iterdir()) == ["index.ts", "package.json"]
    assert (tmp_path / "assembly" / "a" / "b.ts").read_text() == "b"


def test_what_lies_beside_is_linked_and_what_tools_write_is_not(tmp_path: Path) -> None:
    write(tmp_path, Cargo_dot_toml="[workspace]\n", Cargo_dot_lock="", other__file="text")
    folder = crate(tmp_path / "mine", "")
    with planted(Filter.from_folder(folder), tmp_path / "work") as tree:
        above = tree.folder.parent
        assert (above / "other").is_symlink()
        assert not (above / "Cargo.lock").is_symlink()
        assert tree.outside("../other/file") == tmp_path / "other" / "file"
        assert tree.outside("src/lib.rs") is None
        assert tree.own("mine/src/lib.rs") == "src/lib.rs"


def test_a_crate_beside_the_project_has_no_name_of_the_machine_in_the_module(tmp_path: Path) -> None:
    """A panic names its file: the same project elsewhere, under other names, is the same module."""
    shared = "#[inline(never)]\npub fn at(numbers: &[u8], place: usize) -> u8 {\n    numbers[place]\n}\n"
    source = (
        '#[no_mangle]\npub extern "C" fn any(place: usize) -> u8 {\n'
        "    shared::at(&(0..9).collect::<Vec<u8>>(), place)\n}\n"
    )
    modules = []
    for top in ("here", "some where/else"):
        more = '\n[dependencies]\nshared = { path = "../../shared" }\n'
        folder = crate(tmp_path / top / "filters" / "mine", source, more)
        manifest = '[package]\nname = "shared"\nversion = "0.1.0"\nedition = "2021"\n'
        write(tmp_path / top / "shared", Cargo_dot_toml=manifest, src__lib_dot_rs=shared)
        modules.append(built(folder))
    assert modules[0].digest == modules[1].digest
    assert b"../../shared/src/lib.rs" in modules[0].wasm


def test_what_a_tag_brings_along_is_downloaded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = '//go:build more\n\npackage main\n\nimport _ "example.test/more"\n'
    folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.24\n", main_dot_go=GO, more_dot_go=more)
    asked = []

    def go(_: object, words: list[str], *__: object, online: bool = False) -> Finished:
        asked.append(words if online else words[:1])
        return Finished(0 if online else 1, "", "x: module lookup disabled by GOPROXY=off")

    monkeypatch.setattr(go_project, "_go", go)
    with pytest.raises(ToolchainError):
        Filter.from_folder(folder, flags=["-tags=more"]).build(force=True)
    assert asked == [["build"], ["list", "-mod=readonly", "-deps", "-tags=more", "./"], ["build"]]


def npm_project(folder: Path, script: str, *made: str, name: str = "asbuild") -> Path:
    """Make a project whose script writes a module to each place, with its name in a custom section."""
    writing = """const fs = require("fs");
const path = require("path");
for (const name of process.argv.slice(2)) {
  fs.mkdirSync(path.dirname(name), { recursive: true });
  const word = Buffer.from(name);
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 0, word.length + 1, word.length];
  fs.writeFileSync(name, Buffer.concat([Buffer.from(head), word]));
}
"""
    manifest = {"name": "mine", "version": "1.0.0", "scripts": {name: f"{script} {' '.join(made)}"}}
    return write(
        folder, package_dot_json=json.dumps(manifest), make_dot_cjs=writing, assembly__index_dot_ts="export {};\n"
    )


@pytest.mark.usefixtures("has_node")
@pytest.mark.parametrize(
    ("made", "taken"),
    [
        (("dist/plugin.wasm",), "dist/plugin.wasm"),
        (("build/debug.wasm", "build/plugin.wasm"), "build/plugin.wasm"),
        (("build/a.wasm", "out/release.wasm"), "out/release.wasm"),
    ],
)
def test_the_module_that_a_script_makes(tmp_path: Path, made: tuple[str, ...], taken: str) -> None:
    folder = npm_project(tmp_path / "top" / "mine", "node make.cjs", *made)
    assert taken.encode() in Filter.from_folder(folder, language="assemblyscript").build().wasm


@pytest.mark.usefixtures("has_node")
def test_a_module_of_an_earlier_build_is_not_taken_for_what_a_script_makes(tmp_path: Path) -> None:
    folder = npm_project(tmp_path / "top" / "mine", "node make.cjs", "build/plugin.wasm")
    write(folder, build__filter_dot_wasm=b"\0asm\1\0\0\0stale")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "add", "--force", "."], check=True)
    assert b"build/plugin.wasm" in Filter.from_folder(folder, language="assemblyscript").build().wasm


@pytest.mark.usefixtures("has_node")
@pytest.mark.parametrize("version", ["*", "workspace:^"])
def test_a_member_of_an_npm_workspace_has_the_others(tmp_path: Path, version: str) -> None:
    top = tmp_path / "top"
    folder = npm_project(top / "packages" / "mine", "node make.cjs", "a.wasm")
    manifest = json.loads((folder / "package.json").read_text())
    (folder / "package.json").write_text(json.dumps({**manifest, "dependencies": {"shared-of-ours": version}}))
    script = "const fs = require('fs'); const word = require('shared-of-ours'); fs.writeFileSync('a.wasm', word);"
    write(folder, make_dot_cjs=script)
    write(top, package_dot_json='{"private": true, "workspaces": ["packages/*"]}')
    if version != "*":
        write(top, package_dot_json='{"private": true}')
        (top / "pnpm-workspace.yaml").write_text("packages:\n  - 'packages/*'\n  - '!packages/old'\n")
    shared = write(top / "packages" / "shared", package_dot_json='{"name": "shared-of-ours", "version": "1.0.0"}')
    for word in ("first", "other"):
        data = [0, 97, 115, 109, 1, 0, 0, 0, 0, 6, 5, *word.encode()]
        write(shared, index_dot_js=f"module.exports = Buffer.from({data});\n", word_dot_txt=word)
        assert word.encode() in built(folder).wasm


@pytest.mark.usefixtures("has_node")
def test_a_member_of_an_npm_workspace_has_packages_from_folders_too(tmp_path: Path) -> None:
    top = write(tmp_path / "top", package_dot_json='{"private": true, "workspaces": ["packages/**"]}')
    folder = npm_project(top / "packages" / "mine", "node make.cjs", "a.wasm")
    manifest = json.loads((folder / "package.json").read_text())
    (folder / "package.json").write_text(json.dumps({**manifest, "dependencies": {"aside": "file:../../aside"}}))
    script = "const fs = require('fs'); const word = require('aside'); fs.writeFileSync('a.wasm', word);"
    write(folder, make_dot_cjs=script)
    # What a package manager has put there is no member.
    write(
        folder / "node_modules" / "others", package_dot_json='{"name": "others", "dependencies": {"gone-of-us": "9"}}'
    )
    data = [0, 97, 115, 109, 1, 0, 0, 0, 0, 6, 5, *b"aside"]
    write(
        top / "aside",
        package_dot_json='{"name": "aside", "version": "1.0.0"}',
        index_dot_js=f"module.exports = Buffer.from({data});\n",
    )
    assert npm_workspace(folder) == (top, ("packages/mine",))
    assert b"aside" in built(folder).wasm


@pytest.mark.usefixtures("has_node")
def test_a_link_to_nothing_and_what_the_compiler_says_of_its_library(tmp_path: Path) -> None:
    library = "WARNING AS201: Conversion in ~lib/number.ts(221,21)"
    ours = "WARNING AS100: Ours in assembly/index.ts(1,1)"
    said = "; ".join(f"echo '{text}'".replace(" in ", "'; echo 'in ") for text in (library, ours))
    folder = npm_project(tmp_path / "mine", f"ln -s gone old.wasm; {said}; node make.cjs", "build/filter.wasm")
    build = Filter.from_folder(folder, language="assemblyscript").build().build
    assert build is not None
    assert [item.message for item in build.warnings] == ["Ours"]


@pytest.mark.usefixtures("has_node")
@pytest.mark.parametrize(
    ("program", "hint"),
    [
        ("asc", "npm install --save-dev assemblyscript"),
        ("pnpm-of-nobody", "with the package that has pnpm-of-nobody"),
    ],
)
def test_a_script_that_calls_what_is_not_here(tmp_path: Path, program: str, hint: str) -> None:
    folder = npm_project(tmp_path / "mine", f"{program} run it; exit 127 #")
    with pytest.raises(ToolchainError, match="does not build it") as caught:
        Filter.from_folder(folder, language="assemblyscript").build()
    assert hint in str(caught.value.hint)


def test_a_package_manager_that_is_not_here() -> None:
    assert _missing("yarn") == "install yarn, or write npm run where the scripts of package.json call it"


@pytest.mark.usefixtures("has_node")
def test_a_script_that_makes_none_or_several_modules(tmp_path: Path) -> None:
    none = npm_project(tmp_path / "none", "node make.cjs")
    with pytest.raises(UsageError, match="makes no module") as caught:
        Filter.from_folder(none, language="assemblyscript").build()
    assert in_cell(caught.value).hint == "its compiler writes one with --outFile build/filter.wasm"
    two = npm_project(tmp_path / "two", "node make.cjs", "build/a.wasm", "build/b.wasm")
    with pytest.raises(UsageError, match=r"makes 2 modules: build/a\.wasm, build/b\.wasm") as caught:
        Filter.from_folder(two, language="assemblyscript").build()
    assert in_cell(caught.value).hint == "let it write the one that is the filter as filter.wasm"
    followed = npm_project(tmp_path / "two", "node make.cjs", "build/a.wasm", "build/filter.wasm")
    assert b"build/filter.wasm" in Filter.from_folder(followed, language="assemblyscript").build().wasm


def test_the_only_script_that_compiles_is_the_build() -> None:
    scripts = {"compile": "asc assembly/index.ts --outFile build/filter.wasm", "test": "node test.js"}
    assert _script(json.dumps({"scripts": scripts})) == "compile"
    with pytest.raises(UsageError, match="does not say how the project is built"):
        _script(json.dumps({"scripts": {**scripts, "debug": "npx asc assembly/index.ts"}}))
    with pytest.raises(UsageError, match="or what it calls scripts, is not a JSON object"):
        _script(json.dumps({"scripts": "asbuild"}))
