"""Filters and folders as people have them: a start-up of their own, an older SDK, messages that are made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.project.test_in_place import GO, write
from wasmnb import Filter, build_image
from wasmnb.compile.cpp.proto import elsewhere, wanted
from wasmnb.compile.cpp.source import Source as CppSource
from wasmnb.compile.go.modules import imported
from wasmnb.compile.rust.source import Source
from wasmnb.errors import CompileError
from wasmnb.image import Store

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "struct R;\nimpl Context for R {}\nimpl RootContext for R {}\n"


@pytest.mark.parametrize(
    "start", ["#[no_mangle]\npub fn _start() {}\n", '#[no_mangle]\npub extern "C" fn _initialize() {}\n']
)
def test_a_rust_cell_that_starts_itself_gets_no_second_start(start: str) -> None:
    assert Source(start + ROOT).complete() == start + ROOT
    assert "main!" in Source(f"fn _started() {{}}\n{ROOT}").complete()


@pytest.mark.compiler
@pytest.mark.usefixtures("has_go")
def test_the_sdk_for_tinygo_is_refused_before_a_build(tmp_path: Path) -> None:
    manifest = "module mine\n\ngo 1.24\n\nrequire github.com/tetratelabs/proxy-wasm-go-sdk v0.24.0\n"
    folder = write(tmp_path / "mine", go_dot_mod=manifest, main_dot_go=GO)
    with pytest.raises(CompileError, match="its SDK is for TinyGo") as caught:
        Filter.from_folder(folder).build()
    assert (caught.value.where.text, caught.value.where.line) == ("go.mod", 5)
    assert "in init()" in str(caught.value.hint)
    # As `go get` has left it, where nobody has tidied it since.
    imports = '\nimport "github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm"\n'
    untidy = manifest.replace("v0.24.0", "v0.24.0 // indirect")
    source = GO.replace("package main\n", f"package main\n{imports}", 1)
    with pytest.raises(CompileError, match="its SDK is for TinyGo"):
        Filter.from_folder(write(tmp_path / "untidy", go_dot_mod=untidy, main_dot_go=source)).build()


def test_messages_that_a_makefile_makes_elsewhere() -> None:
    include = '#include "./generated/demo.pb.h"\n'
    texts = {"proto/demo.proto": "", "other/more.proto": "", "src/filter.cc": include}
    assert wanted([CppSource(include)], texts) == ["proto/demo.proto"]
    made = {"proto/demo.pb.h": "", "proto/demo.pb.cc": ""}
    assert elsewhere({"src/filter.cc": include}, made) == {
        "src/generated/demo.pb.h": '#include "../../proto/demo.pb.h"\n'
    }
    assert not elsewhere({"src/filter.cc": '#include "proto/demo.pb.h"\n'}, made)
    assert not elsewhere({"src/filter.cc": include}, {**made, "b/demo.pb.h": ""}), "one of two is not guessed"


@pytest.mark.compiler
def test_a_source_with_files_beside_it(tmp_path: Path) -> None:
    source = '#include "plugin.h"\nextern "C" void proxy_abi_version_0_2_1() {}\n'
    source += 'extern "C" __attribute__((used, visibility("default"))) const char* word() { return WORD; }\n'
    write(tmp_path, plugin_dot_cc=source, plugin_dot_h='#define WORD "beside-word"\n', other_dot_cc="broken!\n")
    image = build_image(tmp_path / "plugin.cc", "local/mine", store=Store(tmp_path / "store"))
    assert b"beside-word" in image.module.wasm


def test_the_packages_that_a_go_cell_imports() -> None:
    source = 'import (\n\t"fmt"\n\t"example.org/a/b/c"\n\tx "example.org/d"\n)\n'
    assert imported(source) == ["example.org/a/b/c", "example.org/d"]
