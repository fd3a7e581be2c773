"""Libraries of sources that the user has: compiled once, linked where they are needed, made anew when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.project.test_in_place import write
from tests.worded import in_cell
from wasmnb import Filter, Session
from wasmnb.compile.cpp.flags import Flags
from wasmnb.compile.cpp.libraries import Libraries
from wasmnb.compile.process import Leash, StoppedError
from wasmnb.errors import LinkError, UsageError
from wasmnb.module import Module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.compiler

CELL = """#include "proxy_wasm_intrinsics.h"
#include "numbers/twice.h"
class C : public Context {
 public:
  explicit C(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t count, bool) override {
    addResponseHeader("x-twice", std::to_string(numbers::twice(count)));
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_C(CONTEXT_FACTORY(C));
"""


class Told:
    """Keeps what progress says of sources."""

    def __init__(self) -> None:
        self.compiled: list[str] = []

    def update(self, stage: str, _done: float | None = None, _total: float | None = None) -> None:
        if stage.endswith(", once") and "/" in stage:
            self.compiled.append(stage.split()[1].rstrip(","))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with what libraries have: locks, a C source, tests, a source that no header is named after."""
    folder = tmp_path / "numbers-lib"
    write(
        folder,
        numbers__twice_dot_h="#pragma once\nnamespace numbers { int twice(int); }\n",
        numbers__twice_dot_cc='#include "numbers/twice.h"\n#include <mutex>\n#include <fstream>\n'
        "#include <thread>\n#include <condition_variable>\n#include <shared_mutex>\n"
        'extern "C" int c_add(int, int);\n'
        "static std::mutex lock; static std::shared_mutex shared; static std::condition_variable ready;\n"
        "namespace numbers { int twice(int n) {\n"
        '  std::lock_guard<std::mutex> locked(lock); std::ifstream file("/etc/none");\n'
        "  shared.lock_shared(); ready.notify_all(); std::this_thread::yield();\n"
        "  return file.is_open() ? 0 : c_add(n, n * std::thread::hardware_concurrency()); } }\n",
        c__sum_dot_c="int c_add(int class, int other) { return class + other; }\n",
        numbers__unused_dot_cc="int unused_by_all() { throw 1; }\n",
        numbers__twice_test_dot_cc="#error a test is not compiled\n",
    )
    return folder


def built(source: str, folder: Path, **options: object) -> tuple[Module, list[str]]:
    told = Told()
    made = Filter("mine", source, flags=(f"--with={folder}",), **options).build(progress=told)  # type: ignore[arg-type]
    return made, told.compiled


def test_what_is_needed_is_compiled_once(cache: Path, library: Path) -> None:
    first, compiled = built(CELL, library)
    assert compiled == ["threadless/system.cc", "numbers-lib/numbers/twice.cc", "numbers-lib/c/sum.c"]
    assert str(library).encode() not in first.wasm
    edited, compiled = built(CELL.replace("x-twice", "x-two"), library)
    assert compiled == []
    assert edited.wasm != first.wasm
    assert built(CELL, library)[0].build.cached  # type: ignore[union-attr]


def test_what_changes_is_compiled_again(cache: Path, library: Path) -> None:
    first, _ = built(CELL, library)
    source = library / "numbers" / "twice.cc"
    source.write_text(source.read_text().replace("n, n *", "n, 2 * n *"))
    other, compiled = built(CELL, library)
    assert compiled == ["numbers-lib/numbers/twice.cc"]
    assert other.wasm != first.wasm
    # A new header may be found before another.
    (library / "include" / "numbers").mkdir(parents=True)
    (library / "include" / "numbers" / "other.h").write_text("")
    assert not built(CELL, library)[0].build.cached  # type: ignore[union-attr]


def test_a_new_header_that_is_found_first_is_taken_by_a_filter_of_several_files(cache: Path, tmp_path: Path) -> None:
    text = "#pragma once\nnamespace numbers { inline int twice(int n) { return 2 * n; } }\n"
    folder = write(tmp_path / "numbers-lib", src__numbers__twice_dot_h=text)
    files = (("other.cc", "int other() { return 1; }\n"),)
    first, _ = built(CELL, folder, files=files)
    write(folder, numbers__twice_dot_h=text.replace("2", "3"))
    assert built(CELL, folder, files=files)[0].wasm != first.wasm


def test_a_folder_takes_a_library_too(
    cache: Path, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "mine", filter_dot_cc=CELL)
    monkeypatch.setenv("WASMNB_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data" / "libraries").mkdir(parents=True)
    (tmp_path / "data" / "libraries" / "numbers").symlink_to(library)
    with Session() as session:
        assert session.build(folder, libraries=["numbers"], tag="local/mine").image.module
        with pytest.raises(UsageError, match="There is no folder of sources 'abseil'") as caught:
            session.build(folder, libraries=["abseil"], tag="local/mine")
    assert "git clone" in caught.value.hint


def test_a_source_that_did_not_compile_is_tried_again_when_a_header_was_corrected(cache: Path, library: Path) -> None:
    header = library / "numbers" / "twice.h"
    right = header.read_text()
    header.write_text(right + "#error not yet\n")
    parts = Libraries(Flags.parse([f"--with={library}"]), None)
    parts.near([str(header)])
    assert [one.name for one in parts.objects] == ["unit.o"], "what stands in for a system"
    header.write_text(right)
    parts = Libraries(Flags.parse([f"--with={library}"]), None)
    parts.near([str(header)])
    assert len(parts.objects) == 2


def test_the_sources_are_compiled_on_the_leash_of_the_cell(cache: Path, library: Path) -> None:
    leash = Leash()
    leash.stop()
    parts = Libraries(Flags.parse([f"--with={library}"]), None)
    with leash.on(), pytest.raises(StoppedError):
        parts.near([str(library / "numbers" / "twice.h")])


def test_a_source_that_does_not_compile_is_said_where_it_is_missing(cache: Path, library: Path) -> None:
    source = CELL.replace("numbers::twice(count)", "unused_by_all()").replace(
        "class C :", "int unused_by_all();\nclass C :"
    )
    with pytest.raises(LinkError, match="there is no function 'unused_by_all") as caught:
        built(source, library)
    assert any("numbers/unused.cc does not compile" in line and "exceptions" in line for line in caught.value.why)
    assert "--with" in in_cell(caught.value).hint
