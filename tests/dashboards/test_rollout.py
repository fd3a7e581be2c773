"""A rollout under way: what is live with this digest, and what is not yet."""

from __future__ import annotations

import re

import pytest

from tests.dashboards.simulated import DIGEST, SimulatedMesh
from tests.mesh.conftest import until
from tests.rollout.fakes import FakeMesh
from tests.views.things import Picture, plugin
from wasmnb.errors import DeployError, RolloutError
from wasmnb.live.board import Board
from wasmnb.mesh import Verdict
from wasmnb.rollout import RolloutPolicy, read_steps, roll_out
from wasmnb.rollout.standing import followed
from wasmnb.views import progress as progress_module
from wasmnb.views.progress import LiveProgress
from wasmnb.views.rollout_progress import following_record


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


def test_what_is_stale_is_not_live():
    mesh = SimulatedMesh(2)
    board = Board(mesh, rates=False)
    board.start()
    until(lambda: board.freshness.kind, lambda kind: kind == "live")
    mesh.leave("the API server does not answer")
    until(lambda: board.freshness.kind, lambda kind: kind == "stale")
    text = repr(following_record(plugin(image=Picture(digest=DIGEST)), board.rows(), board.freshness))
    assert "2 of 2 were live" in text
    assert "? was LIVE" in text
    assert "✓ LIVE" not in text
    board.close()


@pytest.fixture
def shown(monkeypatch):
    texts = []

    class Display(progress_module._Display):
        def _show(self, bundle):
            texts.append(bundle["text/plain"])

    monkeypatch.setattr(progress_module, "_line", Display)
    return texts


def test_progress_in_a_notebook_shows_it_and_lets_go(shown):
    mesh = SimulatedMesh(3)
    with LiveProgress(after=0.01, every=0.02) as progress:
        progress.update("waiting for the pods")
        with followed(progress, mesh, plugin(image=Picture(digest=DIGEST))):
            until(lambda: shown[-1] if shown else "", lambda text: "3 of 3 live" in text)
    assert shown[-1] == ""
    assert not mesh.watches


def test_of_what_was_stopped_the_record_stays_with_its_time_and_without_secrets(shown):
    mesh = SimulatedMesh(3)
    mesh.judge("w-0-1", Verdict.WARMING, "token hunter2 was refused")

    def stopped():
        with LiveProgress(after=0.01, every=0.02) as progress:
            progress.update("waiting for the pods")
            mine = plugin(image=Picture(digest=DIGEST))
            with followed(progress, mesh, mine, lambda text: text.replace("hunter2", "***")):
                until(lambda: shown[-1] if shown else "", lambda text: "2 of 3 live" in text)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert re.search(r"2 of 3 live with .*; stopped; as of \d\d:\d\d:\d\d UTC", shown[-1])
    assert "hunter2" not in "".join(shown)
    assert not mesh.watches


def test_a_rollout_in_steps_tells_itself_and_its_record_stays_when_it_went_back(shown):
    mesh = FakeMesh({f"reviews-{version}": {"app": "reviews", "version": version} for version in ("v1", "v2")})
    wanted = plugin(image=Picture(digest=DIGEST), selector={"app": "reviews"})

    def walk():
        with LiveProgress(after=0.0, every=0.01) as progress:

            def tell(now):
                if now.steps[1].outcome == "watching":
                    mesh.errors["reviews-v2"] = 1000
                progress.advance(now)
                words = {"waiting": "not begun"}.get(now.steps[0].outcome, now.steps[0].outcome)
                until(lambda: shown[-1] if shown else "", lambda text: words in text)

            roll_out(
                mesh,
                wanted,
                read_steps("version=v1,version=v2"),
                RolloutPolicy(1.0, 0.05),
                progress=progress,
                on_step=tell,
            )

    with pytest.raises(RolloutError):
        walk()
    texts = "\n".join(shown)
    assert "step 1 of 2, version=v1: watching the error rate: 0 of 2 steps live" in texts
    assert "1 of 2 steps live after" in texts
    assert "failed, and every pod went back: 1 of 2 steps live" in shown[-1]
    assert "now: removed from every pod" in shown[-1]


def test_a_terminal_has_no_room_for_it(monkeypatch):
    written = []
    line = progress_module._Terminal()
    monkeypatch.setattr(line, "write", lambda text, record=None: written.append((text, record)))

    def failing():
        with LiveProgress(after=0.01, every=0.01, line=line) as progress:
            progress.update("waiting")
            mesh = SimulatedMesh(1)
            with followed(progress, mesh, plugin()):
                until(lambda: written, bool)
                assert not mesh.watches, "nobody would see it"
                raise DeployError("no")

    with pytest.raises(DeployError):
        failing()
    assert {record for _, record in written} == {None}
    assert written[-1] == ("", None)
