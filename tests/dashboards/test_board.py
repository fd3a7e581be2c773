"""The model of the pods' dashboard: what it shows, when, and what it never shows."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.dashboards.simulated import SimulatedMesh
from tests.mesh.conftest import until
from wasmnb.dashboards import watch_pods
from wasmnb.errors import Interrupted
from wasmnb.image import package
from wasmnb.live.board import Board
from wasmnb.live.rates import FIRST, Rates
from wasmnb.mesh import Verdict
from wasmnb.mesh.local import LocalMesh
from wasmnb.mesh.protocol import Count
from wasmnb.session import Session
from wasmnb.views.board import board_record


@pytest.fixture
def mesh():
    return SimulatedMesh(20)


@pytest.fixture
def board(mesh):
    board = Board(mesh, pace=0.02)
    board.start()
    until(board.rows, lambda rows: len(rows) == 20 and all(row.plugins for row in rows))
    yield board
    board.close()


def record(board, **more):
    return board_record(board.rows(), board.freshness, **more)


def row(board: Board, name: str = "w-0-0"):
    return next(row for row in board.rows() if row.name == name)


def test_it_shows_what_the_watch_tells(mesh, board):
    first = row(board)
    assert (first.workload, first.ready, first.status, first.problem) == ("w-0", "2/2", "Running", False)
    assert [(one.id, one.verdict) for one in first.plugins] == [("header-filter", "LIVE")]
    mesh.change("w-0-0", ready="0/2", status="ImagePullBackOff", reason="no such image")
    changed = until(lambda: row(board), lambda found: found.status == "ImagePullBackOff")
    assert changed.problem
    assert changed.reason == "no such image"
    mesh.judge("w-0-1", Verdict.TRAPPED, "unreachable")
    assert until(lambda: row(board, "w-0-1"), lambda found: found.problem).plugins[0].reason == "unreachable"
    assert "2 with problems" in record(board).status


def test_until_everything_was_told_it_says_that_it_is_still_asking():
    mesh = SimulatedMesh(3)
    mesh.hesitant = True
    board = Board(mesh, rates=False)
    board.start()
    until(board.rows, lambda rows: len(rows) == 3)
    assert board.freshness.kind == "starting"
    assert "asking the mesh" in record(board).status
    mesh.tell("fresh", "mesh", {})
    until(lambda: board.freshness.kind, lambda kind: kind == "live")
    board.close()


def test_only_what_changed_is_painted(mesh, board):
    paints = []
    board.whole(lambda _: None)
    board.painted(paints.append)
    mesh.change("w-0-0", restarts=1)
    mesh.delete("w-0-1")
    until(lambda: [name for paint in paints for name in paint.gone], lambda gone: gone == ["w-0-1"])
    assert {row.name for paint in paints for row in paint.rows} >= {"w-0-0"}
    numbers = [paint.number for paint in paints]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_no_paint_overtakes_the_whole_however_long_it_takes_to_tell(mesh, board):
    told = []
    board.painted(lambda paint: told.append(paint.number))

    def slowly(paint):
        for restarts in range(10):
            mesh.change("w-0-0", restarts=restarts)
            time.sleep(0.02)
        told.append(("whole", paint.number))

    board.whole(slowly)
    until(lambda: told[-1], lambda last: isinstance(last, int))
    at = next(index for index, one in enumerate(told) if isinstance(one, tuple))
    assert told[at - 1] == told[at][1]
    assert told[at + 1] == told[at][1] + 1


def test_many_changes_are_few_paints(mesh):
    board = Board(mesh, pace=0.2, rates=False)
    paints = []
    board.painted(paints.append)
    board.start()
    until(board.rows, lambda rows: len(rows) == 20)
    before, start = len(paints), time.monotonic()
    for restarts in range(200):
        mesh.change("w-0-0", restarts=restarts)
        time.sleep(0.002)
    until(lambda: row(board).restarts, lambda restarts: restarts == 199)
    assert len(paints) - before <= (time.monotonic() - start) / 0.2 + 2
    board.close()


def test_stale_while_the_mesh_is_away_and_well_again_by_itself(mesh, board):
    mesh.leave("the API server does not answer")
    stale = until(lambda: board.freshness, lambda freshness: freshness.kind == "stale")
    assert stale.reason == "the API server does not answer" or "ended" in stale.reason
    text = repr(record(board))
    assert "stale since" in text
    assert "✓ LIVE" not in text
    assert "? was LIVE" in text
    # What happens meanwhile is not seen, and found afterwards.
    mesh.delete("w-0-0")
    mesh.verdict_of["w-0-1"] = mesh.judged("w-0-1", Verdict.OLD)
    mesh.come_back()
    until(lambda: board.freshness.kind, lambda kind: kind == "live")
    until(lambda: row(board, "w-0-1").plugins[0].verdict, lambda verdict: verdict == "OLD")
    assert len(until(board.rows, lambda rows: all(one.plugins[0].verdict != "UNPROVEN" for one in rows))) == 19
    assert mesh.opened == 2


def test_after_an_outage_nothing_is_live_until_it_is_told_again(mesh, board):
    class Silent:
        def __iter__(self):
            return self

        def __next__(self):
            gate.wait()
            raise StopIteration

        def __enter__(self):
            return self

        def __exit__(self, *_):
            gate.set()

        close = __exit__

    gate = threading.Event()
    watch = mesh.watch
    mesh.watch = Silent
    mesh.expire()
    doubted = until(lambda: row(board).plugins[0], lambda plugin: plugin.verdict == "UNPROVEN")
    assert doubted.reason.startswith("was LIVE")
    mesh.watch = watch
    gate.set()
    until(lambda: row(board).plugins[0].verdict, lambda verdict: verdict == "LIVE")


def test_a_watch_that_says_stale_is_believed(mesh, board):
    since = (datetime.now(timezone.utc) - timedelta(seconds=7)).isoformat()
    mesh.tell("stale", "mesh", {"since": since, "reason": "connection refused"})
    stale = until(lambda: board.freshness, lambda freshness: freshness.kind == "stale")
    assert (stale.since.isoformat(), stale.reason) == (since, "connection refused")
    mesh.tell("fresh", "mesh", {})
    until(lambda: board.freshness.kind, lambda kind: kind == "live")
    assert mesh.opened == 1


def test_a_watch_that_expires_is_opened_again_and_what_went_meanwhile_is_gone(mesh, board):
    with mesh.lock:
        mesh.expire()
        mesh.delete("w-0-0")
    until(lambda: mesh.opened, lambda opened: opened == 2)
    until(lambda: board.freshness.kind, lambda kind: kind == "live")
    assert "w-0-0" not in {row.name for row in board.rows()}
    assert mesh.listed == 0, "the watch tells everything; a list beside it is a burden on the API server"


def test_a_verdict_after_its_pod_went_brings_no_ghost(mesh, board):
    mesh.delete("w-0-0")
    mesh.tell("verdict", "w-0-0/header-filter", mesh.judged("w-0-0").to_dict())
    mesh.change("w-0-1", restarts=9)
    until(lambda: row(board, "w-0-1").restarts, lambda restarts: restarts == 9)
    assert "w-0-0" not in {row.name for row in board.rows()}


def test_paused_it_holds_no_watch_and_no_thread_and_goes_on(mesh, board):
    board.pause()
    assert board.freshness.kind == "paused"
    assert not mesh.watches
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wasmnb-dashboard")]
    mesh.change("w-0-0", restarts=5)
    assert row(board).restarts == 0
    board.start()
    until(lambda: row(board).restarts, lambda restarts: restarts == 5)
    board.close("closed")
    board.start()
    assert board.freshness.kind == "ended"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wasmnb-dashboard")]
    assert "as of" in record(board).status


def test_rates_come_from_two_readings_and_a_restart_is_no_negative_rate():
    start = datetime.now(timezone.utc)

    def count(seconds, requests, errors, reason=""):
        return [Count("a", requests, errors, reason, start + timedelta(seconds=seconds))]

    rates = Rates()
    assert rates.take(count(0, 100, 0))["a"].reason == FIRST
    second = rates.take(count(2, 120, 5))["a"]
    assert (second.requests, second.errors, second.reason) == (10.0, 0.25, "")
    restarted = rates.take(count(4, 3, 0))["a"]
    assert restarted.requests is None
    assert "were reset" in restarted.reason
    assert rates.take(count(6, None, None, "exec is forbidden"))["a"].reason == "exec is forbidden"


def test_the_record_shows_problems_first_and_says_what_it_leaves_out():
    mesh = SimulatedMesh(300)
    mesh.there["w-59-299"] = mesh.there["w-59-299"].__class__(
        **{**vars(mesh.there["w-59-299"]), "ready": "0/2", "status": "CrashLoopBackOff"}
    )
    board = Board(mesh, rates=False)
    board.start()
    until(board.rows, lambda rows: len(rows) == 300 and all(row.plugins for row in rows))
    shown = record(board, limit=50)
    assert shown.rows[0][0] == "w-59-299"
    assert any("250 more pods" in note for note in shown.notes)
    assert len(board.frame) == 300
    assert str(board.frame.dtypes["requests"]) == "Float64"
    board.close()


def test_secrets_are_masked(mesh):
    board = Board(mesh, mask=lambda text: text.replace("s3cr3t", "***"), rates=False)
    board.start()
    mesh.change("w-0-0", reason="token s3cr3t refused")
    until(lambda: [one.reason for one in board.rows()], lambda reasons: "token *** refused" in reasons)
    mesh.leave("s3cr3t")
    until(lambda: board.freshness.reason, lambda reason: reason == "***")
    board.close()


@pytest.mark.compiler
@pytest.mark.envoy
def test_a_real_mesh_shows_its_pods_their_verdict_and_their_requests():
    from tests.mesh.tiny import tag
    from wasmnb.plugin import Plugin

    with LocalMesh.start() as mesh:
        board = Board(mesh)
        board.start()
        until(board.rows, lambda rows: len(rows) == 6 and all(row.ready == "2/2" for row in rows))
        mesh.apply(Plugin("one", package(tag("one")), {"app": "details"}))
        (name,) = [pod.name for pod in mesh.pods() if pod.workload == "details-v1"]
        found = until(lambda: row(board, name), lambda row: bool(row.plugins))
        assert [(one.id, one.verdict) for one in found.plugins] == [("one", "LIVE")]
        for _ in range(20):
            mesh.send("productpage", "details:9080/details/123")
        until(lambda: row(board, name).rate.requests, bool)
        mesh.stop()
        until(lambda: board.freshness.kind, lambda kind: kind == "stale")
        board.close()


def test_stopped_before_there_is_anything_to_show_it_lets_go(mesh, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with Session() as session:
        session.use(mesh)
        monkeypatch.setattr(Board, "await_rows", stop)
        with pytest.raises(Interrupted, match="Watching was stopped"):
            watch_pods(session)
        assert not mesh.watches
        assert not len(session.open_views)
