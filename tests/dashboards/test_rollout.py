"""A rollout under way: what is live with this digest, and what is not yet."""

from __future__ import annotations

from tests.dashboards.simulated import DIGEST, SimulatedMesh
from tests.mesh.conftest import until
from tests.views.things import Picture, plugin
from wasmnb.dashboards.board import Board
from wasmnb.mesh import Verdict
from wasmnb.views import progress as progress_module
from wasmnb.views.following import following_record
from wasmnb.views.progress import LiveProgress


def test_another_digest_is_old_and_those_that_are_not_live_come_first():
    mesh = SimulatedMesh(5)
    mesh.judge("w-0-3", Verdict.WARMING, "the module is being fetched")
    board = Board(mesh, rates=False)
    board.start()
    until(board.rows, lambda rows: len(rows) == 5 and all(row.plugins for row in rows))
    wanted = plugin(image=Picture(digest=DIGEST))
    record = following_record(wanted, board.rows(), board.freshness, stage="waiting", seconds=3.2)
    assert record.status.startswith("4 of 5 live with sha256:ab12cd34ab12 after 3.2 s; waiting")
    assert record.rows[0][:2] == ("w-0-3", "WARMING")
    other = following_record(plugin(image=Picture(digest="sha256:" + "1" * 64)), board.rows(), board.freshness)
    assert "0 of 5 live" in other.status
    assert {row[1] for row in other.rows} == {"OLD", "WARMING"}
    board.close()


def test_progress_in_a_notebook_shows_it_and_lets_go(monkeypatch):
    shown = []

    class Display(progress_module._Display):
        def _show(self, bundle):
            shown.append(bundle["text/plain"])

    monkeypatch.setattr(progress_module, "_line", Display)
    mesh = SimulatedMesh(3)
    with LiveProgress(after=0.01, every=0.02) as progress:
        progress.update("waiting for the pods")
        progress.follow(mesh, plugin(image=Picture(digest=DIGEST)))
        until(lambda: shown[-1] if shown else "", lambda text: "3 of 3 live" in text)
    assert shown[-1] == ""
    assert not mesh.watches
