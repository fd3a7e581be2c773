"""Hints of compilers and of what they read are provoked, and followed: afterwards it goes through."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compile.conftest import cell
from tests.module.builder import good
from tests.project.test_in_place import crate, write
from tests.project.test_workspaces import CC, GO
from tests.worded import in_cell
from wasmnb import Filter, Session
from wasmnb.compile import cache as caches
from wasmnb.compile import folder as folders
from wasmnb.compile import project, runtime
from wasmnb.compile.assemblyscript import node
from wasmnb.compile.assemblyscript import project as as_project
from wasmnb.compile.assemblyscript.toolchain import _options as options_of_asc
from wasmnb.compile.cpp import compiler, libraries, prebuilt
from wasmnb.compile.cpp import folder as cpp_folder
from wasmnb.compile.cpp.proto.protoc import describe
from wasmnb.compile.go import compiler as compiler_of_go
from wasmnb.compile.go import gopls, modules
from wasmnb.compile.go import toolchain as toolchain_of_go
from wasmnb.compile.go.migration import migrate
from wasmnb.compile.languages import toolchain
from wasmnb.compile.process import run
from wasmnb.compile.rust import project as rust_project
from wasmnb.compile.rust import toolchain as rust
from wasmnb.compile.rust import tools
from wasmnb.compile.rust.source import Source
from wasmnb.compile.zig import zig
from wasmnb.errors import BadNameError, CompileError, ToolchainError, UsageError, WasmnbError
from wasmnb.wording import RELATIVE, Front

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.module import Module


_IMPORTS = GO.replace("package main\n", 'package main\n\nimport _ "example.org/none"\n')


def refused(make: Callable[[], object], kind: type[WasmnbError], hint: str) -> WasmnbError:
    """See that something is refused with this hint, in the words of a notebook."""
    with pytest.raises(kind) as caught:
        make()
    assert in_cell(caught.value).hint == hint
    return caught.value


def found_or_skip(find: Callable[[], object]) -> None:
    """Skip what needs a compiler where there is none."""
    try:
        find()
    except ToolchainError as error:
        pytest.skip(str(error))


def script(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def build(source: str) -> Module:
    return Filter("mine", source, "cpp").build()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with monkeypatch.context() as patch:
        patch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "file"))
        error = refused(
            lambda: build(cell("// nowhere")),
            ToolchainError,
            "set WASMNB_CACHE_DIR to a folder that you may write",
        )
        assert "The build cache cannot be used." in error.what
    assert build(cell("// nowhere")).wasm


def test_a_folder_of_temporary_files_that_is_gone_is_not_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches.tempfile, "tempdir", str(tmp_path / "gone"))

    def work() -> object:
        with caches.workspace(large=True) as folder:
            return folder

    hint = "set TMPDIR to a folder that you may write, and start again"
    assert "The folder of temporary files" in refused(work, ToolchainError, hint).what
    monkeypatch.setattr(caches.tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert work()


def test_a_tool_without_disk_or_memory(tmp_path: Path) -> None:
    full = script(tmp_path / "full", "echo 'No space left on device' >&2; exit 1")
    hint = (
        "make room in the cache folder or in the folder of temporary files, "
        "or name other ones in WASMNB_CACHE_DIR and TMPDIR, and start again"
    )
    refused(lambda: run([str(full)], tmp_path), ToolchainError, hint)

    def fill() -> None:
        with caches.io_errors():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    refused(fill, ToolchainError, hint)
    killed = script(tmp_path / "killed", "kill -9 $$")
    hint = "stop other kernels or meshes, then run the cell again; it needs about 200 MB"
    error = refused(lambda: run([str(killed)], tmp_path), ToolchainError, hint)
    error.front = Front.SHELL
    assert error.hint == "end other programs or meshes, then give the command again; it needs about 200 MB"


@pytest.mark.parametrize(
    ("name", "again"), [("zig", "pip install --force-reinstall ziglang"), ("go", "install go again")]
)
def test_the_tool_that_does_not_start_is_the_one_to_install(tmp_path: Path, name: str, again: str) -> None:
    program = tmp_path / name
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    refused(lambda: run([str(program)], tmp_path), ToolchainError, f"{again}, then run %wasm_doctor")
    script(program, "exit 0")
    assert run([str(program)], tmp_path).code == 0


def test_a_language_that_there_is_not() -> None:
    with pytest.raises(UsageError) as caught:
        Filter("mine", "x", "cobol").build()
    start = "there is cpp (C++), rust (Rust), go (Go), assemblyscript (AssemblyScript)"
    assert caught.value.hint.startswith(start)
    assert all(toolchain(part.split()[0]) for part in start.removeprefix("there is ").split(", "))


def test_a_source_that_is_empty(tmp_path: Path) -> None:
    refused(lambda: Filter("mine", " \n", "go").build(), UsageError, "write the program in the cell")
    folder = write(tmp_path / "other", filter_dot_cc="")
    error = refused(
        lambda: Filter.from_folder(folder).build(),
        UsageError,
        'write the filter into it: #include "proxy_wasm_intrinsics.h"',
    )
    assert error.what == "filter.cc has no source."
    folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.24\n", main_dot_go="")
    error = refused(lambda: Filter.from_folder(folder).build(), UsageError, "write the program into it")
    assert error.what == "main.go has no source."
    found_or_skip(compiler_of_go.find)
    write(folder, main_dot_go=GO)
    assert Filter.from_folder(folder).build().wasm


class TestWhatIsRead:
    def test_a_folder_without_a_source(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "mine", filter_dot_h="")
        refused(
            lambda: Filter.from_folder(folder, language="cpp"),
            UsageError,
            "it needs a file that ends with .cc, .cpp, .cxx, .c++, .C or .c",
        )
        write(folder, filter_dot_cxx=CC)
        assert Filter.from_folder(folder).file == "filter.cxx"

    def test_a_folder_without_a_program(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "mine", Cargo_dot_toml='[package]\nname = "mine"\n')
        refused(lambda: Filter.from_folder(folder), UsageError, "it begins in src/lib.rs")
        write(folder, src__lib_dot_rs="")
        assert Filter.from_folder(folder).file == "src/lib.rs"

    @pytest.mark.parametrize(("module", "limit"), [(cpp_folder, "_MOST_BYTES"), (folders, "_MOST")])
    def test_a_folder_of_cpp_that_holds_too_much(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, limit: str
    ) -> None:
        parts = {f"library__{number}_dot_h": "//" + 40 * "x" for number in range(9)}
        folder = write(tmp_path / "mine", filter_dot_cc=CC, **parts)
        monkeypatch.setattr(module, limit, 5 if limit == "_MOST" else len(CC) + 100)
        refused(
            lambda: Filter.from_folder(folder),
            UsageError,
            "give the folder of the filter alone, and name those of libraries with -I FOLDER",
        )
        (folder / "library").rename(tmp_path / "library")
        assert Filter.from_folder(folder, flags=[f"-I{tmp_path}/library"]).file == "filter.cc"

    @pytest.mark.parametrize(("limit", "most"), [("_MOST_BYTES", 1000), ("_MOST", 5)])
    def test_a_folder_of_another_language_that_holds_too_much(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
    ) -> None:
        parts = {f"data__{number}_dot_txt": 200 * "x" for number in range(9)}
        folder = write(tmp_path / "top", mine__go_dot_mod="module mine\n", mine__main_dot_go=GO, go_dot_mod="", **parts)
        write(folder, main_dot_go="package main\n")
        monkeypatch.setattr(project, limit, most)
        refused(lambda: Filter.from_folder(folder, language="go"), UsageError, "give the folder of the filter alone")
        assert Filter.from_folder(folder / "mine").file == "main.go"

    def test_a_source_that_cannot_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(tmp_path / "mine", plugin_dot_rs="fn f() {}\n") / "plugin.rs"

        def deny(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", deny)
            refused(lambda: folders.text_of(path), BadNameError, "see that you may read it")
        missing = path.with_name("missing.rs")
        refused(lambda: folders.text_of(missing), BadNameError, "a relative path starts at the notebook's folder")
        with monkeypatch.context() as patch:
            patch.setattr(folders, "_MAX_SOURCE", 5)
            refused(lambda: folders.text_of(path), UsageError, "give the source of a filter")
        assert folders.text_of(path) == "fn f() {}\n"

    def test_a_file_of_a_folder_that_cannot_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        hint = "mend it, or take it out of the folder"
        folder = write(tmp_path / "cpp", filter_dot_cc=CC)
        (folder / "lost.h").symlink_to("nowhere.h")
        refused(lambda: Filter.from_folder(folder), BadNameError, hint)
        (folder / "lost.h").unlink()
        assert Filter.from_folder(folder).file == "filter.cc"
        folder = write(tmp_path / "go", go_dot_mod="module mine\n", main_dot_go=GO)
        write(folder, lost_dot_txt="lost")

        def deny(path: Path) -> bytes:
            if path.name == "lost.txt":
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            with path.open("rb") as file:
                return file.read()

        monkeypatch.setattr(Path, "read_bytes", deny)
        refused(lambda: Filter.from_folder(folder), BadNameError, hint)
        (folder / "lost.txt").unlink()
        assert Filter.from_folder(folder).file == "main.go"


INCLUDED = {"json": '#include "proxy_wasm_json.h"\n', "optional": "#include <optional>\n"}
PROTOBUF = "google/protobuf/util/json_util.h", "google/protobuf/util/time_util.h"


class TestCpp:
    @pytest.mark.parametrize(
        ("wrong", "words", "right"),
        [
            (
                cell("throw 1;"),
                "exceptions are not available in a proxy's VM; return a bool, a WasmResult or a std::optional instead",
                cell("auto f = [] { return std::optional<int>(); }; if (!f()) {}", top=INCLUDED["optional"]),
            ),
            (
                cell("static std::mutex lock;"),
                "a filter runs in one thread and needs no locks; there are no threads in a proxy's VM",
                cell(),
            ),
            (
                cell('std::ifstream file("x");'),
                "there are no files in a proxy's VM; read the plugin's configuration with getConfiguration()",
                cell("if (getConfiguration()->size() == 0) {}"),
            ),
            (
                cell('Json a = Json::parse("{}"); auto b = a;', top=INCLUDED["json"]),
                "a Json value is not copied: write const auto& in place of auto, and const Json& for a parameter",
                cell('Json a = Json::parse("{}"); const auto& b = a; if (b.isNull()) {}', top=INCLUDED["json"]),
            ),
            (
                cell(top='#include "google/protobuf/descriptor.h"\n'),
                (
                    "the SDK's messages are its own and have no such header: there are the well-known types, "
                    "repeated fields, maps and google/protobuf/util/json_util.h and time_util.h"
                ),
                cell(top="".join(f'#include "{name}"\n' for name in PROTOBUF)),
            ),
            (
                cell("helper(1);", top="int helper(int);\n"),
                (
                    "define it in the cell, call a function of the SDK, or name the folder of the library that has it "
                    "with --with FOLDER"
                ),
                cell("helper(1);", top="int helper(int number) { return number; }\n"),
            ),
            (
                cell("Base* b = new Base; b->f();", top="struct Base { virtual void f(); };\n"),
                "give each of its virtual functions a body, or end its declaration with '= 0'",
                cell("Base* b = new Base; b->f();", top="struct Base { virtual void f() {} };\n"),
            ),
            (
                cell(top='extern "C" unsigned proxy_on_done(unsigned) { return 1; }\n'),
                "give it another name, or leave it out: the SDK's one calls your contexts",
                cell(top='extern "C" unsigned my_proxy_on_done(unsigned) { return 1; }\n'),
            ),
        ],
        ids=["exceptions", "threads", "files", "JSON", "protobuf", "nowhere", "virtual", "twice"],
    )
    def test_what_a_cell_cannot_have(self, wrong: str, words: str, right: str) -> None:
        refused(lambda: build(wrong), CompileError, words)
        assert build(right).wasm

    def test_a_header_that_is_made_of_messages(self) -> None:
        source = cell("m::Limit limit; limit.set_each_second(1);", top='#include "x.pb.h"\n')
        words = (
            "the messages of x.pb.h are made of x.proto: write that file in a cell that begins with %%wasm_file x.proto"
        )
        with Session() as session:
            refused(lambda: session.filter("mine", source, language="cpp"), CompileError, words)
            session.file("x.proto", 'syntax = "proto3";\npackage m;\nmessage Limit { int32 each_second = 1; }\n')
            assert session.filter("mine", source, language="cpp").module

    def test_the_parts_of_an_installation(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(compiler, "SDK", tmp_path)
            refused(compiler.sdk_id, ToolchainError, "install wasmnb again")
        assert compiler.sdk_id()
        broken = replace(zig(), program=str(script(tmp_path / "zig", "echo broken >&2; exit 1")))
        shared = ("-std=c++17", "-DHINT=1")
        with monkeypatch.context() as patch:
            patch.setattr(compiler, "zig", lambda: broken)
            again = "pip install --force-reinstall ziglang==0.17.1"
            error = refused(lambda: compiler.frontend(shared), ToolchainError, again)
            assert error.why == ("broken",)
        assert compiler.frontend(shared)
        with monkeypatch.context() as patch:
            patch.setattr(runtime, "zig", lambda: broken)
            error = refused(
                lambda: runtime.fill(tmp_path, None),
                ToolchainError,
                f"run %wasm_doctor; a fresh '{again}' repairs a damaged compiler",
            )
            assert error.why == ("broken",)
        error = refused(
            lambda: prebuilt._checked([broken.program], tmp_path),
            ToolchainError,
            "run %wasm_doctor; install wasmnb and ziglang again",
        )
        assert error.why == ("broken",)

    def test_a_compiler_that_crashes(self) -> None:
        crash = "#pragma clang __debug crash"
        refused(
            lambda: build(cell(f"\n{crash}\n")),
            ToolchainError,
            "change the lines you edited last; if that does not help, run %wasm_doctor",
        )
        assert build(cell("\n\n")).wasm

    def test_a_library_that_is_more_than_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(tmp_path, one__a_dot_h="", two__b_dot_h="", two__c_dot_h="")
        monkeypatch.setattr(libraries, "_MOST", 2)
        refused(lambda: libraries.listing([str(tmp_path)]), UsageError, "name the folder of the library alone")
        assert libraries.listing([str(tmp_path / "one")])

    def test_messages_of_an_older_kind(self) -> None:
        text = "message A { optional int32 x = 1; }\n"
        error = refused(
            lambda: describe({"a.proto": f'syntax = "proto2";\n{text}'}, ["a.proto"]),
            UsageError,
            'let its first line be syntax = "proto3";',
        )
        assert describe({"a.proto": f"{error.hint.removeprefix('let its first line be ')}\n{text}"}, ["a.proto"])


PACKAGE = f'"{modules.SDK}/proxywasm"'
CONTEXT = f"""package main

import (
    {PACKAGE}
    "{modules.SDK}/proxywasm/types"
)

type vm struct {{ EMBEDDED }}

func (*vm) NewPluginContext(uint32) types.PluginContext {{ return nil }}
func init() {{ proxywasm.SetVMContext(&vm{{}}) }}
"""


class TestGo:
    @pytest.fixture(autouse=True)
    def _go(self) -> None:
        found_or_skip(compiler_of_go.find)

    @pytest.mark.parametrize(
        ("wrong", "words", "right"),
        [
            ('import "strngs"\nvar a = strngs.Repeat("a", 2)\n', "check the import's name", ("strngs", "strings")),
            ('import "strings"\n', "remove the import, or put _ before it", ("import", "import _")),
            (
                'func init() { proxywasm.LogInfo("a") }\n',
                f"import {PACKAGE}",
                ("func init", f"import {PACKAGE}\nfunc init"),
            ),
            (
                CONTEXT.replace("EMBEDDED", ""),
                "embed the default in your struct: types.DefaultVMContext, DefaultPluginContext, DefaultHttpContext",
                ("struct {", "struct { types.DefaultVMContext"),
            ),
            ("package other\n", "write package main, or leave the line out", ("package other", "package main")),
        ],
        ids=["misspelt", "not used", "not imported", "not embedded", "package"],
    )
    def test_a_cell_that_go_does_not_build(self, wrong: str, words: str, right: tuple[str, str]) -> None:
        refused(lambda: Filter("mine", wrong, "go").build(), CompileError, words)
        assert Filter("mine", wrong.replace(*right), "go").build().wasm

    @pytest.mark.parametrize(
        ("files", "words", "right"),
        [
            (
                {"main_dot_go": "package other\n"},
                "a filter is package main; -C FOLDER names the folder of one",
                {"main_dot_go": GO},
            ),
            (
                {"main_dot_go": f"//go:build linux\n\n{GO}"},
                "main.go is left out by its line //go:build linux",
                {"main_dot_go": f"//go:build wasip1\n\n{GO}"},
            ),
        ],
        ids=["package", "build tags"],
    )
    def test_a_project_that_go_does_not_build(
        self, tmp_path: Path, files: dict[str, str], words: str, right: dict[str, str]
    ) -> None:
        folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.24\n", **files)
        refused(lambda: Filter.from_folder(folder).build(), ToolchainError, words)
        write(folder, **right)
        assert Filter.from_folder(folder).build().wasm

    def test_a_flag_that_is_none_of_go(self) -> None:
        refused(
            lambda: Filter("mine", GO, "go", ["-O2"]).build(),
            UsageError,
            "use -tags=..., -gcflags=... or -ldflags=...",
        )
        assert Filter("mine", GO, "go", ["-tags=x"]).build().wasm

    def test_modules_that_cannot_be_fetched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOPROXY", "off")
        way_out = (
            "the network, or set GOPROXY to a mirror that you can reach; what was downloaded once is used without a "
            "network"
        )
        source = f"// deps: example.org/none@v1.0.0\n{GO}"
        refused(lambda: Filter("mine", source, "go").build(), ToolchainError, f"check the name and {way_out}")
        folder = self.project(tmp_path, "example.org/none v1.0.0", _IMPORTS)
        refused(lambda: Filter.from_folder(folder).build(), ToolchainError, f"check the names and {way_out}")
        served = tmp_path / "mirror" / "example.org" / "none" / "@v"
        write(served, list="v1.0.0\n", v1_dot_0_dot_0_dot_info='{"Version": "v1.0.0"}')
        write(served, v1_dot_0_dot_0_dot_mod="module example.org/none\n")
        with zipfile.ZipFile(served / "v1.0.0.zip", "w") as archive:
            for name, text in {"go.mod": "module example.org/none\n", "none.go": "package none\n"}.items():
                archive.writestr(f"example.org/none@v1.0.0/{name}", text)
        monkeypatch.setenv("GOPROXY", f"file://{tmp_path}/mirror")
        monkeypatch.setenv("GONOSUMDB", "example.org/*")
        monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
        subprocess.run(
            [compiler_of_go.find().program, "mod", "tidy"],
            cwd=folder,
            check=True,
            env={**os.environ, **compiler_of_go.environment(online=True)},
        )
        assert Filter.from_folder(folder).build().wasm

    def project(self, path: Path, required: str, source: str) -> Path:
        return write(path / "mine", go_dot_mod=f"module mine\n\ngo 1.24\n\nrequire {required}\n", main_dot_go=source)

    def test_a_sum_that_is_missing(self, tmp_path: Path) -> None:
        source = f'package main\n\nimport _ "{modules.SDK}/proxywasm"\n\nfunc main() {{}}\n'
        folder = self.project(tmp_path, f"{modules.SDK} {modules.SDK_VERSION}", source)
        refused(
            lambda: Filter.from_folder(folder).build(),
            CompileError,
            "go mod tidy, in its folder, adds what is missing in go.mod and go.sum",
        )
        (folder / "go.sum").write_text(modules.SDK_SUMS)  # as it does where there is a network
        assert Filter.from_folder(folder).build().wasm

    def test_a_go_that_is_too_old(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.99\n", main_dot_go=GO)
        refused(
            lambda: Filter.from_folder(folder).build(),
            ToolchainError,
            "install Go 1.99, or write the version that is here into the line go of go.mod, "
            "if all that the project requires builds with it",
        )

    def test_a_compiler_that_crashes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        go = compiler_of_go.find()
        broken = script(tmp_path / "go", f'[ "$1" = build ] || exec {go.program} "$@"; echo fatal error >&2; exit 2')
        with monkeypatch.context() as patch:
            patch.setattr(toolchain_of_go, "find", lambda: replace(go, program=str(broken)))
            patch.setenv("GOCACHE", str(tmp_path / "go cache"))
            error = refused(
                lambda: Filter("mine", f"{GO}// crash\n", "go").build(),
                ToolchainError,
                f"run %wasm_doctor; GOCACHE='{tmp_path}/go cache' go clean -cache makes it start anew",
            )
        (tmp_path / "go cache" / "00").mkdir(parents=True)
        (tmp_path / "go cache" / "00" / "damaged-d").touch()
        command = error.hint.partition("; ")[2].removesuffix(" makes it start anew").replace(" go ", f" {go.program} ")
        subprocess.run(["sh", "-c", command], check=True, cwd=tmp_path)
        assert not list((tmp_path / "go cache").glob("*/*"))

    def test_a_language_server_that_cannot_be_built(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = script(tmp_path / "go", "echo 'dial tcp: no route to host' >&2; exit 1")
        monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
        go = compiler_of_go.find()
        monkeypatch.setattr(gopls, "find", lambda: replace(go, program=str(broken)))
        refused(gopls.build, ToolchainError, "check the network, or set GOPROXY to a mirror that you can reach")
        script(broken, 'echo mine > "$GOBIN/gopls"')
        assert gopls.build().read_text() == "mine\n"

    def test_a_language_server_that_does_not_say_its_version(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gopls, "_PATIENCE", 0.05)
        silent = script(tmp_path / "gopls", "sleep 1000")
        assert gopls._version(str(silent), 0) == "of an unknown version"

    def test_a_migration(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "mine", go_dot_mod="module mine\n\ngo 1.24\n", main_dot_go=GO)
        old = "github.com/tetratelabs/proxy-wasm-go-sdk"
        refused(lambda: migrate(folder), UsageError, f"a project on it requires {old}")
        refused(lambda: migrate(folder / "none"), BadNameError, str(RELATIVE))
        (folder / "go.mod").write_text(f"module mine\n\ngo 1.24\n\nrequire {old} v0.22.0\n")
        refused(lambda: migrate(folder), UsageError, "commit them, or add --force")
        git = [
            "git",
            "-C",
            str(folder),
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "-c",
            "commit.gpgsign=false",
        ]
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "mine"]):
            subprocess.run([*git, *words], check=True)
        assert migrate(folder).files == ("go.mod", "go.sum")


class TestRust:
    def test_lines_that_ask_for_crates(self) -> None:
        def asked(line: str) -> tuple[str, ...]:
            return tuple(one.name for one in Source(f"// deps: {line}\n").dependencies)

        error = refused(
            lambda: asked("serde 1"),
            UsageError,
            'write it as Cargo.toml does: // deps: serde = "1", regex = { version = "1", features = ["std"] }',
        )
        assert asked(error.hint.partition("// deps: ")[2]) == ("serde", "regex")
        refused(
            lambda: asked('mine = { path = "../mine" }'),
            UsageError,
            'take it from a registry, or from git with a rev: // deps: serde = "1"',
        )
        assert asked('mine = { git = "https://example.org/mine", rev = "abc" }') == ("mine",)

    def test_a_variable_that_names_no_compiler(
        self, installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WASMNB_RUST", installed)
        program = tools.find().rustc
        monkeypatch.setenv("WASMNB_RUST", str(tmp_path))
        refused(tools.find, ToolchainError, "name a folder with bin/rustc in it, or leave the variable out")
        script(tmp_path / "bin" / "rustc", f'exec {program} "$@"')
        assert tools.find().version

    def test_a_compiler_without_cargo(self, installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WASMNB_RUST", installed)
        bare = replace(tools.find(), cargo="")
        source = "use proxy_wasm::traits::*;\nstruct H;\nimpl Context for H {}\nimpl HttpContext for H {}\n"
        folder = crate(tmp_path / "mine", "")
        monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
        with monkeypatch.context() as patch:
            patch.setattr(rust, "find", lambda: bare)
            patch.setattr(rust_project, "find", lambda: bare)
            refused(lambda: Filter("mine", source, "rust").build(), ToolchainError, "install cargo, or rustup")
            refused(lambda: Filter.from_folder(folder).build(), ToolchainError, "install cargo")

    def test_a_project_and_its_manifest(self, installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WASMNB_RUST", installed)
        folder = crate(tmp_path / "mine", "// a library\n")
        refused(
            lambda: Filter.from_folder(folder, flags=["-O"]).build(),
            UsageError,
            "allowed are --features=NAMES, --no-default-features, --all-features and --example=NAME; "
            "its Cargo.toml says the rest",
        )
        manifest = (folder / "Cargo.toml").read_text()
        (folder / "Cargo.toml").write_text(manifest.replace('["cdylib"]', '["rlib"]'))
        error = refused(
            lambda: Filter.from_folder(folder, language="rust").build(),
            UsageError,
            'a filter is a library: [lib] with crate-type = ["cdylib"]',
        )
        said = error.hint.partition("with ")[2]
        (folder / "Cargo.toml").write_text(manifest.replace('crate-type = ["rlib"]', said))
        assert Filter.from_folder(folder).build().wasm


class TestAssemblyScript:
    @pytest.fixture(autouse=True)
    def _node(self) -> None:
        found_or_skip(node.find)

    def test_flags(self) -> None:
        error = refused(
            lambda: Filter("mine", "x", "assemblyscript", ["-O9"]).build(),
            UsageError,
            "use -O0 to -O3, -Os, -Oz, --noAssert, --converge, --enable=... or --stackSize=...",
        )
        for flag in (
            error.hint.removeprefix("use ").replace("...", "64").replace(" to ", ", ").replace(" or ", ", ").split(", ")
        ):
            assert options_of_asc((flag,))

    def test_packages_that_cannot_be_fetched(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        npm = script(tmp_path / "npm", "echo 'npm error network' >&2; exit 1")
        found = node.find()
        offline = replace(found, npm=(str(npm),))
        way_out = "the network and npm's registry; what was downloaded once is used without a network"
        monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
        error = refused(lambda: node.modules(offline), ToolchainError, f"check {way_out}")
        assert error.why == ("npm error network",)
        monkeypatch.setattr(as_project, "find", lambda: offline)
        folder = write(
            tmp_path / "mine", package_dot_json='{"scripts": {"asbuild": "true"}}', assembly__index_dot_ts="//"
        )
        refused(lambda: Filter.from_folder(folder).build(), ToolchainError, f"check the names, {way_out}")
        script(npm, "mkdir node_modules")
        assert node.modules(offline).is_dir()
        script(npm, "exit 1")
        assert node.modules(offline).is_dir()

    @pytest.mark.parametrize(("entry", "asked"), [({"integrity": "sha512-eA=="}, 2), ({}, 1)])
    def test_a_locked_registry_gives_way_to_ours_only_where_the_lock_has_every_hash(
        self, entry: dict[str, str], asked: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        says = f"echo \"$@\" >> {tmp_path}/asked; echo 'npm error code E404' >&2; exit 1"
        found = replace(node.find(), npm=(str(script(tmp_path / "npm", says)),))
        monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setattr(as_project, "find", lambda: found)
        folder = write(
            tmp_path / "mine", package_dot_json='{"scripts": {"asbuild": "true"}}', assembly__index_dot_ts="//"
        )
        one = {"resolved": "https://npm.example/one/-/one-1.0.0.tgz", **entry}
        lock = {"lockfileVersion": 3, "packages": {"": {"dependencies": {"one": "1"}}, "node_modules/one": one}}
        (folder / "package-lock.json").write_text(json.dumps(lock))
        way_out = "check the names, the network and npm's registry; what was downloaded once is used without a network"
        refused(lambda: Filter.from_folder(folder).build(), ToolchainError, way_out)
        questions = (tmp_path / "asked").read_text().splitlines()
        assert ["--replace-registry-host=always" in one for one in questions] == [False, True][:asked]

    def test_a_project_and_its_manifest(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # What npm does with a script, a second sooner.
        says = """[ "$1" = run ] || exec true
            exec sh -c "$(sed -n 's/.*"asbuild": "\\([^"]*\\)".*/\\1/p' package.json)\""""
        found = replace(node.find(), npm=(str(script(tmp_path / "npm", says)),))
        monkeypatch.setattr(as_project, "find", lambda: found)
        folder = write(tmp_path / "mine", assembly__index_dot_ts="//")
        (folder / "made").write_bytes(bytes(good()))

        def scripts(build: str, **more: object) -> None:
            (folder / "package.json").write_text(json.dumps({"scripts": {"asbuild": build}, **more}))

        def built() -> Module:
            return Filter.from_folder(folder).build()

        scripts("true", dependencies={"other": "file:../other"})
        refused(built, ToolchainError, "correct the path in package.json, or put the package there")
        (folder / "package.json").write_text('{"scripts": {"test": "true"}}')
        error = refused(
            built,
            UsageError,
            'add "scripts": {"asbuild": "asc assembly/index.ts --outFile build/filter.wasm"}',
        )
        (folder / "package.json").write_text(f"{{{error.hint.removeprefix('add ')}}}")
        refused(
            built,
            ToolchainError,
            "npm install --save-dev assemblyscript, in its folder, adds the compiler to package.json",
        )
        scripts("false")
        refused(built, ToolchainError, "npm run asbuild, in its folder, says more")
        scripts("true")
        refused(built, UsageError, "its compiler writes one with --outFile build/filter.wasm")
        scripts("cp made build/filter.wasm")
        assert built().wasm
        refused(
            lambda: Filter.from_folder(folder, flags=["-O3"]).build(),
            UsageError,
            "its package.json says how it is built",
        )
