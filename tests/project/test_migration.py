"""A Go project on TinyGo's SDK: refused before its build, changed as far as that is mechanical, and then built."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.project.test_in_place import write
from tests.project.test_workspaces import GO
from tests.worded import in_cell
from wasmnb import Filter, Session
from wasmnb.commands import COMMANDS
from wasmnb.compile.go.migration import migrate
from wasmnb.errors import BadNameError, CompileError, UsageError
from wasmnb.progress import Silent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.compiler, pytest.mark.usefixtures("has_go")]

SOURCE = """//go:build tinygo.wasm
// +build tinygo.wasm

package main

import (
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm"
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {
	proxywasm.SetHttpContext(func(uint32) types.HttpContext { return &context{} })
}

type context struct{ types.DefaultHttpContext }
"""
MANIFEST = """module mine

go 1.20

require github.com/tetratelabs/proxy-wasm-go-sdk v0.22.0
"""
OLD = "github.com/tetratelabs/proxy-wasm-go-sdk v0.22.0"
SUMS = f"{OLD} h1:x=\n{OLD}/go.mod h1:y=\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "mine", go_dot_mod=MANIFEST, go_dot_sum=SUMS, main_dot_go=SOURCE, README="tinygo")


def git(folder: Path, *words: str) -> None:
    own = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *own, *words], check=True, capture_output=True)


def test_the_hint_is_followed(folder: Path) -> None:
    with Session() as session:
        with pytest.raises(CompileError) as caught:
            session.build(folder)
        assert "%wasm_build FOLDER --migrate" in in_cell(caught.value).hint
        with pytest.raises(UsageError, match="not committed") as refused:
            session.migrate(folder)
        assert refused.value.why == ("it is not under version control",)
        git(folder, "init", "-q")
        git(folder, "add", ".")
        with pytest.raises(UsageError, match="not committed"):
            session.migrate(folder)
        git(folder, "commit", "-qm", "first")
        done = session.migrate(folder)
        assert done.files == ("go.mod", "go.sum", "main.go")
        assert list(done.frame.columns) == ["file", "added", "removed"]
        assert "-go 1.20\n+go 1.24\n" in done.diff
        assert "-func main() {\n+func main() {}\n+\n+func init() {\n" in done.diff
        json.dumps(done.to_dict())
        assert (folder / "main.go").read_text().startswith("//go:build wasip1\n\npackage main\n")
        assert "tinygo" in (folder / "README").read_text()
        assert session.build(folder).image.module.facts.abi == "0.2.0"
        with pytest.raises(UsageError, match="nothing of TinyGo's SDK"):
            session.migrate(folder)
        with pytest.raises(BadNameError):
            session.migrate(folder / "missing")


def test_exports_and_what_is_no_start_stay_apart(folder: Path) -> None:
    (folder / "main.go").write_text(
        SOURCE.replace("\tproxywasm.SetHttp", "\t// proxywasm.SetHttp") + "\n//export own\nfunc own() {}\n"
    )
    (folder / "go.sum").write_text(f"{SUMS}example.org/other v1.0.0/go.mod h1:z=")
    with Session() as session:
        session.migrate(folder, force=True)
    assert {len(line.split()) for line in (folder / "go.sum").read_text().splitlines()} == {3}, "a line for each"
    text = (folder / "main.go").read_text()
    assert "//go:wasmexport own\n" in text
    assert "func main() {\n" in text, "it starts nothing"


def test_what_stands_in_for_the_old_sdk_goes_with_it(folder: Path) -> None:
    replaced = f"\nreplace {OLD.partition(' ')[0]} => ../..\n"
    (folder / "go.mod").write_text(MANIFEST.replace("v0.22.0", "v0.0.0-00010101000000-000000000000") + replaced)
    (folder / "go.sum").unlink()
    with Session() as session:
        done = session.migrate(folder, force=True)
        assert done.files == ("go.mod", "go.sum", "main.go")
        assert "replace" not in (folder / "go.mod").read_text()
        assert session.build(folder).image.module.facts.abi == "0.2.0"


def test_a_workspace_file_and_a_collector_for_tinygo(folder: Path) -> None:
    write(folder, go_dot_work="go 1.20\n\nuse .\n")
    write(folder, gc_dot_go='package main\n\nimport _ "github.com/wasilibs/nottinygc"\n')
    with Session() as session:
        done = session.migrate(folder, force=True)
    assert done.files == ("gc.go", "go.mod", "go.sum", "go.work", "main.go")
    assert (folder / "gc.go").read_text() == "package main\n\n"
    assert (folder / "go.work").read_text() == "go 1.24\n\nuse .\n"


def test_lines_end_as_they_did(folder: Path) -> None:
    (folder / "main.go").write_bytes(SOURCE.replace("\n", "\r\n").encode())
    done = migrate(folder, force=True)
    assert "\r" not in done.diff
    text = (folder / "main.go").read_bytes()
    assert text.count(b"\r\n") == text.count(b"\n") > 10
    assert b"\r" not in (folder / "go.mod").read_bytes()


def test_a_start_by_a_package_of_the_project(folder: Path) -> None:
    apart = SOURCE.replace("package main", "package start").replace("func main()", "func Begin()")
    write(folder, start__start_dot_go=apart)
    (folder / "main.go").write_text('package main\n\nimport begin "mine/start"\n\nfunc main() {\n\tbegin.Begin()\n}\n')
    write(folder, tool__main_dot_go='package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println(1)\n}\n')
    done = migrate(folder, force=True)
    assert done.files == ("go.mod", "go.sum", "main.go", "start/start.go")
    text = (folder / "main.go").read_text()
    # A main in one line has nothing of the function behind it.
    assert text.endswith("func main() {}\n\nfunc init() {\n\tbegin.Begin()\n}\n")
    assert not Filter.from_folder(folder, name="mine").build().build.warnings
    # Where it is not moved, it is said.
    (folder / "main.go").write_text(text.replace("func main() {}\n\nfunc init", "func main"))
    (found,) = Filter.from_folder(folder, name="mine").build().build.warnings
    assert (found.text, found.line) == ("main.go", 5)
    assert found.message == "main() does not run in a proxy: set the context in init()"


def test_the_command_gives_what_was_changed(folder: Path) -> None:
    build = COMMANDS["wasm_build"]
    with Session() as session:
        said = {"what": str(folder), "migrate": True, "progress": Silent()}
        assert build.call(session, **said, force=True).files == ("go.mod", "go.sum", "main.go")
        with pytest.raises(UsageError, match="builds nothing") as caught:
            build.call(session, **said, tag="local/mine")
        assert caught.value.hint == "leave out tag"
        with pytest.raises(UsageError) as caught:
            build.call(session, **said, flags=["-O2"], include=["."], tag="local/mine")
        assert in_cell(caught.value).hint == "leave out --flag and --include and --tag"


def test_a_module_that_only_another_one_asks_for_is_no_reason_to_refuse(folder: Path) -> None:
    (folder / "go.mod").write_text(f"module mine\n\ngo 1.24\n\nrequire {OLD} // indirect\n")
    (folder / "main.go").write_text(GO)
    assert Filter.from_folder(folder, name="mine").build().wasm


def test_only_what_is_a_filter_is_read(folder: Path) -> None:
    assert Filter.from_folder(folder).language == "go"
