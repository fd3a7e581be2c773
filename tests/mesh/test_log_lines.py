"""What the lines of a proxy's log say."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.magics.meshes import FakeMesh
from wasmnb.errors import UsageError
from wasmnb.mesh.log_lines import chosen, read
from wasmnb.session import Session

ENVOY = "[2026-11-29 01:02:03.456][1234][warning][wasm] [source/extensions/common/wasm/context.cc:1195] "
TRAP = "[2026-11-29 01:02:04.000][1234][error][wasm] [source/w.cc:1] Function: proxy_on_x failed: Uncaught RuntimeError"
LINES = (
    ENVOY.replace("warning", "info") + "wasm log one root vm: fine",
    ENVOY + "wasm log one root vm: [cell.cc:11]::onResponseHeaders() careful",
    TRAP,
    "wasmnb: one",
    "  at C::onResponseHeaders(unsigned int, bool) (cell line 12: v.at(9);)",
    "[2026-11-29 01:02:05.000][1234][debug][main] [source/s.cc:1] idle",
)


def test_a_line_of_envoy():
    line = read(LINES[1])
    assert line.time == datetime(2026, 11, 29, 1, 2, 3, 456000, tzinfo=timezone.utc)
    assert (line.level, line.plugin, line.cell_line, line.message) == ("warning", "one", 11, "careful")


def test_a_line_of_istios_agent():
    line = read(
        "2026-11-29T01:02:03.456789Z\twarning\tenvoy wasm external/envoy/source/context.cc:1195\t"
        "wasm log one: [cell.rs:7] careful\tthread=22"
    )
    assert line.time == datetime(2026, 11, 29, 1, 2, 3, 456789, tzinfo=timezone.utc)
    assert (line.level, line.plugin, line.cell_line, line.message) == ("warning", "one", 7, "careful")


def test_a_line_that_goes_on():
    line = read(LINES[4])
    assert (line.time, line.level, line.cell_line) == (None, "", 12)
    assert line.message == LINES[4]


def test_a_line_of_nobodys_form_is_its_own_message():
    assert read("\x1b[31m你好") == read("\x1b[31m你好")
    assert read("你好").message == "你好"
    assert read("").message == ""
    assert read("[2026-99-99 01:02:03.456][1][info][main] x").time is None


@pytest.mark.parametrize(
    ("level", "kept"),
    [("trace", 6), ("debug", 6), ("info", 5), ("warning", 4), ("WARN", 4), ("error", 3), ("critical", 0)],
)
def test_graver_lines_are_kept_with_their_backtrace(level, kept):
    assert len(chosen(LINES, level=level)) == kept


def test_a_line_is_found_with_its_backtrace():
    assert chosen(LINES, grep="v\\.at") == list(LINES[2:5])
    assert chosen(LINES, grep="careful") == [LINES[1]]
    assert chosen(LINES, grep="careful", level="error") == []


@pytest.mark.parametrize("words", [{"level": "loud"}, {"grep": "("}])
def test_what_cannot_be_looked_for(words):
    with pytest.raises(UsageError):
        chosen(LINES, **words)


def test_a_session_chooses_before_it_counts():
    session = Session()
    session.use(FakeMesh(lines=LINES))
    assert session.logs("details", tail=1, level="warning").items == (LINES[4],)
    assert session.logs("details", level="warning").items == LINES[1:5]
    assert list(session.logs("details", grep="careful").frame["cell_line"]) == [11]
    assert session.logs("details", tail=None, grep="nothing").items == ()
