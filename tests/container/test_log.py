"""What is read from a build's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from wasmnb.compile.container.messages import diagnostics_of
from wasmnb.compile.container.stream import Splitter

if TYPE_CHECKING:
    from pathlib import Path

RUST = """\
   Compiling header-filter v0.1.0 (/work)
error[E0425]: cannot find value `nothing` in this scope
 --> src/lib.rs:2:7
  |
2 |   四 + nothing
  |        ^^^^^^^ not found in this scope
warning: unused variable: `x`
 --> src/lib.rs:1:5
error: aborting due to 1 previous error; 1 warning emitted
error: could not compile `header-filter` (lib) due to 1 previous error
"""


@given(st.lists(st.binary(max_size=20)), st.binary(max_size=5))
def test_lines_do_not_depend_on_where_a_stream_is_cut(pieces: list[bytes], end: bytes) -> None:
    whole, cut = Splitter(), Splitter()
    expected = [*whole.feed(b"".join(pieces) + end), *whole.end()]
    found = [line for piece in [*pieces, end] for line in cut.feed(piece)]
    assert [*found, *cut.end()] == expected


def test_colours_and_overwritten_lines_are_dropped() -> None:
    splitter = Splitter()
    text = "\x1b[1;31merror\x1b[0m: 四\r\n 10%\r 99%\r100%\n\x1b]8;;http://x.test\x07link\x1b]8;;\x07\nnot ended"
    assert splitter.feed(text.encode()) == ["error: 四", "100%", "link"]
    assert splitter.end() == ["not ended"]
    assert splitter.end() == []


def test_rustc(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").write_text("let x = 1;\n  四 + nothing\n")
    error, warning = diagnostics_of(RUST.splitlines(), tmp_path)
    assert (error.severity, error.text, error.line, error.column) == ("error", "src/lib.rs", 2, 7)
    assert error.quote == "  四 + nothing"
    assert (warning.severity, warning.line) == ("warning", 1)


def test_rustc_in_one_line_and_go(tmp_path: Path) -> None:
    log = ["src/lib.rs:2:7: error[E0425]: cannot find value `y`", "# example", "./main.go:3:2: undefined: y"]
    rust, go = diagnostics_of(log, tmp_path)
    assert (rust.text, rust.line, rust.message) == ("src/lib.rs", 2, "cannot find value `y`")
    assert (go.severity, go.text, go.line, go.message) == ("error", "main.go", 3, "undefined: y")


def test_clangs_notes_stand_below_their_error(tmp_path: Path) -> None:
    log = [
        "/work/a.cc:1:1: error: no such thing",
        "/usr/include/b.h:7:3: note: declared here",
        "/work/a.cc:1:1: error: no such thing",
        "a.cc:9:1: fatal error: gone",
    ]
    first, again, last = diagnostics_of(log, tmp_path)
    assert [(note.text, note.line) for note in first.notes] == [("/usr/include/b.h", 7)]
    assert again.message == first.message
    assert (last.severity, last.quote) == ("error", "")


def test_a_linkers_message_has_no_place(tmp_path: Path) -> None:
    (only,) = diagnostics_of(["error: linking with `rust-lld` failed", "  = note: x"], tmp_path)
    assert (only.message, only.line) == ("linking with `rust-lld` failed", 0)


def test_no_line_of_a_file_elsewhere_is_quoted(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "other.cc").write_text("a secret\n")
    (folder / "link.cc").symlink_to(tmp_path / "other.cc")
    log = ["../other.cc:1:1: error: x", "link.cc:1:1: error: y", "/work/../other.cc:1:1: error: z"]
    assert [item.quote for item in diagnostics_of(log, folder)] == ["", "", ""]
