"""A log that is followed: what is new at each look, in a table that lives and in a terminal."""

from __future__ import annotations

import pytest

from tests.magics.meshes import FakeMesh
from tests.mesh.conftest import until
from wasmnb.commands import COMMANDS
from wasmnb.dashboards.logs import LogsWatch
from wasmnb.errors import BadNameError, TrafficError
from wasmnb.live.log_tail import LogTail, grown
from wasmnb.mesh.results import Logs
from wasmnb.session import Session

AT = "[2026-11-29 01:02:0{}.456][1][{}][wasm] [context.cc:1] wasm log one root vm: {}"
LINES = [AT.format(0, "info", "a"), AT.format(1, "warning", "b"), AT.format(2, "info", "c")]
NAMED = ["wasmnb: one", "  at C::onRequestHeaders (cell line 12: v.at(9);)"]


@pytest.mark.parametrize(
    ("old", "new", "gone", "kept"),
    [
        ([], ["a"], 0, 0),
        (["a", "b"], ["a", "b", "c"], 0, 2),
        (["a", "b", "c"], ["b", "c", "d"], 1, 2),
        (["a", "b"], ["c", "d"], 2, 0),
        (["a", "b"], [], 2, 0),
        (["a", "a", "b"], ["a", "b", "c"], 1, 2),
        (["a", "trap", "raw"], ["a", "trap", *NAMED, "raw"], 0, 2),
    ],
)
def test_what_is_new(old, new, gone, kept):
    assert grown(old, new) == (gone, kept)


def test_a_table_follows_the_last_lines():
    lines, broken = LINES[:2], []

    def read():
        if broken:
            raise TrafficError("connection refused")
        return Logs(tuple(lines[-3:]), pod="details-v1")

    watch = LogsWatch(read, read(), every=0.01)
    shown = []

    def paint(told):
        shown[:] = [*shown[told["gone"] : told["gone"] + told["kept"]], *told["lines"]]

    watch.on_change(paint)
    watch.whole(paint)
    watch.start()
    lines.append(AT.format(3, "error", "d"))
    lines.append(AT.format(4, "info", "[cell.cc:7] e"))
    until(lambda: [line["message"] for line in shown], lambda found: found == ["b", "d", "e"])
    assert (shown[1]["sign"], shown[1]["tone"], shown[2]["cell_line"]) == ("✗", "bad", 7)
    assert (shown[0]["time"], shown[0]["plugin"], shown[0]["text"]) == ("01:02:01.456", "one", lines[1])
    broken.append(1)
    until(lambda: repr(watch.record()), lambda text: "stale since" in text and "connection refused" in text)
    broken.clear()
    until(lambda: repr(watch.record()), lambda text: "stale" not in text)
    watch.pause("nobody looked")
    watch.start()
    watch.close("the mesh was stopped")
    assert "3 lines; as of" in repr(watch.record())
    assert "the mesh was stopped" in repr(watch.record())


def test_a_terminal_gets_each_line_once(capsys):
    looks = [LINES[:2], LINES, LINES, [*LINES[1:], *NAMED]]

    def read(_):
        found = looks.pop(0)
        if not looks:
            raise KeyboardInterrupt
        return found

    LogTail(read, tail=1)._ipython_display_()
    assert capsys.readouterr().out.splitlines() == [LINES[1], LINES[2], "Following was stopped."]


def test_what_is_followed_is_masked_chosen_and_ends(monkeypatch):
    mesh = FakeMesh(lines=(*LINES, AT.format(5, "warning", "hunter2")))
    with Session() as session:
        session.use(mesh)
        session.kept.keep("password", "hunter2")
        command = COMMANDS["wasm_logs"]
        found = command.call(session, **command.parse("details-v1 -f --level warning --for 0.01", {}).keywords)
        assert [line.partition("vm: ")[2] for line in found] == ["b", "***"]
        monkeypatch.setenv("WASMNB_NONINTERACTIVE", "1")
        assert next(iter(command.call(session, pod="details-v1", follow=True, tail=1))).endswith("***")


def test_a_pod_that_there_is_not_is_an_error_at_once():
    def read(_):
        raise BadNameError("There is no pod 'x'.")

    with pytest.raises(BadNameError):
        LogTail(read)
