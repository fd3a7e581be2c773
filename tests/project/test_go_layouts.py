"""Go modules as people have them: build tags, cgo, sources for another system or still to be made, tools beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.project.test_hints_followed import refused
from tests.project.test_in_place import write
from tests.project.test_workspaces import GO
from wasmnb import Filter
from wasmnb.compile.go.build_constraints import hint
from wasmnb.errors import CompileError, ToolchainError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("has_go")]

MOD = "module example.org/mine\n\ngo 1.24\n"
USES = f"{GO}\nvar used = word()\n"
WORD = 'package main\n\nfunc word() string { return "word" }\n'


def test_a_tag_that_a_source_wants(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "mine", go_dot_mod=MOD, main_dot_go=USES, word_dot_go=f"//go:build paid && wasm\n\n{WORD}"
    )
    error = refused(folder, CompileError)
    assert error.hint == "word.go is built with --flag -tags=paid, as its line //go:build says"
    assert Filter.from_folder(folder, flags=["-tags=paid"]).build().wasm


def test_a_tag_that_the_whole_program_wants(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", go_dot_mod=MOD, main_dot_go=f"//go:build filter || (proxy && !linux)\n\n{GO}")
    error = refused(folder, ToolchainError)
    assert error.hint == "main.go is built with --flag -tags=filter, as its line //go:build says"
    assert Filter.from_folder(folder, flags=["-tags=filter"]).build().wasm


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("word_dot_go", WORD.replace("\n", '\nimport "C"\n', 1), "word.go has C in it (cgo)"),
        ("word_linux_dot_go", WORD, "word_linux.go is for linux alone, by the end of its name"),
        ("word_dot_go", f"//go:build !wasm\n\n{WORD}", "word.go is left out by its line //go:build !wasm"),
        ("kind_dot_go", "package main\n\n//go:generate stringer -type=Kind\n", "go generate, in its folder"),
        ("other_dot_go", "//go:build paid\n\npackage main\n\nfunc other() {}\n", ""),
    ],
)
def test_a_source_that_is_left_out(tmp_path: Path, name: str, text: str, said: str) -> None:
    folder = write(tmp_path / "mine", go_dot_mod=MOD, main_dot_go=USES, **{name: text})
    found = refused(folder, CompileError).hint
    assert said in found
    assert bool(said) == bool(found)


@pytest.mark.parametrize(
    ("constraint", "tags"),
    [
        ("a && b", "a,b"),
        ("!a && b", "b"),
        ("a || b", "a"),
        ("linux || a", "a"),
        ("go1.21 && (a || linux)", "a"),
        ("wasm && !(wasip1 && !a)", "a"),
    ],
)
def test_the_fewest_tags(constraint: str, tags: str) -> None:
    found = hint("undefined: word", {"word.go": f"//go:build {constraint}\n\n{WORD}"})
    assert f"-tags={tags} " in f"{found} ".replace("'", " ").replace(",]", "]")


@pytest.mark.parametrize(
    ("said", "source", "told"),
    [
        ("undefined: word", "main.go", True),
        ("undefined: word", "inside/main.go", False),
        ("undefined: main.word", "inside/main.go", True),
        ("undefined: strings.word", "main.go", False),
        ("x.word undefined (type strings.Builder has no field or method word)", "inside/main.go", True),
    ],
)
def test_a_source_of_another_package_has_not_what_is_missing(said: str, source: str, told: bool) -> None:
    assert bool(hint(said, {"word.go": f"//go:build paid\n\n{WORD}"}, source)) is told


def test_what_is_never_built_is_not_to_be_built() -> None:
    said = hint("undefined: word", {"word.go": f"//go:build ignore\n\n{WORD}"})
    assert said == "word.go is left out by its line //go:build ignore"


def test_a_tool_beside_the_filter(tmp_path: Path) -> None:
    tool = "package main\n\nfunc main() {}\n"
    source = f"{GO}\n//go:wasmexport proxy_on_memory_allocate\nfunc allocate(int32) int32 {{ return 0 }}\n"
    folder = write(tmp_path / "mine", go_dot_mod=MOD, cmd__filter__main_dot_go=source, cmd__gen__main_dot_go=tool)
    assert Filter.from_folder(folder).file == "cmd/filter/main.go"
    write(folder, cmd__other__main_dot_go=source)
    with pytest.raises(UsageError, match="holds 2 filters: cmd/filter, cmd/other"):
        Filter.from_folder(folder)


def test_a_filter_of_its_own_packages_beside_what_runs_filters(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "mine",
        go_dot_mod=MOD,
        main_dot_go='package main\n\nimport _ "example.org/mine/plugin"\n\nfunc main() {}\n',
        plugin__plugin_dot_go=GO.replace("package main", "package plugin"),
        cmd__try__main_dot_go='package main\n\nimport _ "github.com/example/proxy-wasm-go-host"\n\nfunc main() {}\n',
    )
    assert Filter.from_folder(folder).file == "main.go"


def test_a_module_that_a_source_has_in_it(tmp_path: Path) -> None:
    source = USES.replace("package main\n", 'package main\n\nimport _ "embed"\n', 1)
    word = "\n//go:embed policy.wasm\nvar policy string\n\nfunc word() string { return policy }\n"
    folder = write(tmp_path / "mine", go_dot_mod=MOD, main_dot_go=source + word, policy_dot_wasm=b"\0policy\xff")
    assert b"\0policy\xff" in Filter.from_folder(folder).build().wasm
    write(folder, main_dot_go=GO)
    assert "policy.wasm" not in dict(Filter.from_folder(folder).files), "what a build has made is none of its sources"
