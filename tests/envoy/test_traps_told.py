"""Where a trap was, in the user's words."""

from __future__ import annotations

from wasmnb.compile.backtrace import Frame
from wasmnb.envoy.traps import told_frames

CELL = Frame("C::onResponseHeaders(unsigned int, bool)", 14, "  v.at(9);")
LIBRARY = Frame("std::__1::" + "vector<int>::" * 9 + "__throw_out_of_range()")
EXPORT = Frame("proxy_on_response_headers")


def test_the_line_of_the_cell_comes_first_and_libraries_are_folded():
    lines = told_frames([LIBRARY, LIBRARY, CELL, EXPORT])
    assert lines[0] == "  at C::onResponseHeaders(unsigned int, bool) (cell line 14: v.at(9);)"
    assert lines[1].startswith("  and 3 frames of libraries, the innermost std::__1::vector<int>")
    assert lines[1].endswith("…")
    assert len(lines) == 2


def test_a_recursion_is_counted():
    deep = Frame("deep(int)", 3, "return deep(n + 1);")
    lines = told_frames([deep] * 57 + [CELL])
    assert lines == [f"  at {deep}, 57 times", f"  at {CELL}"]


def test_many_different_frames_end_somewhere():
    frames = [Frame(f"f{number}()", number, "x") for number in range(1, 21)]
    assert told_frames(frames)[-1] == "  and 12 more frames"


def test_without_lines_the_names_are_told():
    assert told_frames([LIBRARY, EXPORT]) == [f"  at {LIBRARY}", f"  at {EXPORT}"]
