"""What a rollout does about pods that start, proxies that restart, counts that fail, a mesh that does not go back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.mesh.tiny import tag
from tests.rollout.fakes import FakeMesh, broken
from wasmnb.errors import MeshError, RolloutError, SelectorError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.plugin import Plugin
from wasmnb.rollout import RolloutPolicy, read_steps, roll_out
from wasmnb.rollout.deploy import put
from wasmnb.rollout.traffic import Seen, risen
from wasmnb.session import Session
from wasmnb.views import record_of

pytestmark = pytest.mark.compiler

OLD = Plugin("steps", package(tag("old")), {"app": "shop"})
NEW = OLD.with_image(package(tag("new")))
STEPS = read_steps("version=v1,version=v2")


def labels(*versions):
    return {f"shop-{version}": {"app": "shop", "version": version} for version in versions}


@pytest.fixture
def mesh():
    mesh = FakeMesh(labels("v1", "v2"))
    mesh.apply(OLD)
    return mesh


def run(mesh, **policy):
    on_step = policy.pop("on_step", None)
    return roll_out(mesh, NEW, STEPS, RolloutPolicy(**{"wait": 0.3, "watch_for": 0.05, **policy}), on_step=on_step)


def at(number, outcome, do):
    """Do something once a step has come so far."""
    done = []

    def look(now):
        if now.steps[number].outcome == outcome and not done:
            done.append(do())

    return look


def test_a_pod_that_starts_in_the_midst_belongs_to_its_step(mesh):
    def start():
        mesh.labels["shop-v1-again"] = {"app": "shop", "version": "v1"}
        # A cluster gives a pod that starts what is in force for its labels.
        mesh.runs["shop-v1-again"] = NEW

    done = run(mesh, on_step=at(0, "watching", start))
    assert done.outcome == "live"
    assert done.steps[0].pods == ("shop-v1", "shop-v1-again")
    assert {one.pod for one in done.verdicts} == set(mesh.labels)


def test_a_pod_that_starts_with_the_old_version_in_a_step_that_is_done_is_not_live(mesh):
    def start():
        mesh.labels["shop-v1-again"] = {"app": "shop", "version": "v1"}
        mesh.runs["shop-v1-again"] = OLD

    with pytest.raises(RolloutError, match="shop-v1-again") as caught:
        run(mesh, on_step=at(1, "applying", start))
    assert caught.value.hint == "session.status('steps') shows every pod"
    assert all(plugin is OLD for plugin in mesh.runs.values())


@pytest.mark.parametrize("moment", ["applying", "watching"])
def test_a_pod_that_starts_and_fits_no_step_ends_it(mesh, moment):
    def start():
        mesh.labels["shop-v3"] = {"app": "shop", "version": "v3"}

    with pytest.raises(RolloutError, match="shop-v3 is in no step"):
        run(mesh, on_step=at(0, moment, start))
    assert list(mesh.plugins()) == [OLD]
    assert all(plugin is OLD for plugin in mesh.runs.values())


def test_a_step_whose_pods_are_gone_ends_it(mesh):
    with pytest.raises(RolloutError, match="no pod carries version=v2 any more") as caught:
        run(mesh, on_step=at(0, "watching", lambda: mesh.labels.pop("shop-v2")))
    assert [step.outcome for step in caught.value.rollout.steps] == ["live", "failed"]


def test_a_proxy_that_was_started_again_while_it_was_watched_ends_it(mesh):
    with pytest.raises(RolloutError, match="started again while it was watched: shop-v1"):
        run(mesh, on_step=at(0, "watching", lambda: mesh.requests.update({"shop-v1": -1000})))


def test_counts_that_cannot_be_read_are_no_proof(mesh):
    mesh.requests["shop-v1"] = None
    with pytest.raises(RolloutError, match="the cluster forbids exec"):
        run(mesh)
    assert run(mesh, accept_no_traffic=True).steps[0].reason.startswith("accepted")
    frame = record_of(run(FakeMesh(labels("v1", "v2")), accept_no_traffic=True)).frame
    assert [str(dtype) for dtype in frame.dtypes].count("Int64") == 3


def test_errors_that_have_risen_are_no_matter_of_asking(mesh):
    raised = at(0, "watching", lambda: mesh.errors.update({"shop-v1": 5}))
    with pytest.raises(RolloutError, match="error rate rose: 5 of"):
        run(mesh, accept_no_traffic=True, ask=lambda _: True, on_step=raised)


def test_nobody_to_ask_is_no_yes(mesh):
    mesh.requests["shop-v1"] = None
    with pytest.raises(RolloutError, match="nobody can be asked"):
        run(mesh, ask=lambda _: None)


def test_a_pod_that_does_not_become_live_in_time_ends_it(mesh):
    mesh.verdict["shop-v2"], mesh.reason = Verdict.WARMING, "it starts"
    with pytest.raises(RolloutError, match="shop-v2 is WARMING: it starts") as caught:
        run(mesh)
    assert caught.value.rollout.outcome == "stuck", "the pod is not live with the old version either"
    assert "GOING BACK FAILED" in caught.value.what


def test_a_mesh_that_does_not_go_back_is_said_aloud(mesh):
    def refuse(plugin, only):
        if only == {"version": "v2"} or plugin is OLD:
            broken()

    mesh.on_apply = refuse
    with pytest.raises(RolloutError) as caught:
        run(mesh)
    assert "GOING BACK FAILED: the cluster does not answer" in caught.value.what
    assert caught.value.rollout.outcome == "stuck"
    assert any(line.startswith("step 1 version=v1: live") for line in caught.value.why)


def test_a_mesh_that_fails_before_anything_was_applied_says_only_that(mesh, monkeypatch):
    def fail():
        raise MeshError("The cluster does not answer.")

    monkeypatch.setattr(mesh, "counts", fail)
    with pytest.raises(MeshError) as caught:
        run(mesh)
    assert type(caught.value) is MeshError
    assert all(plugin is OLD for plugin in mesh.runs.values())


def test_a_mesh_that_fails_in_the_midst_makes_it_go_back(mesh, monkeypatch):
    def fail():
        raise MeshError("The cluster does not answer.")

    with pytest.raises(RolloutError, match="The cluster does not answer"):
        run(mesh, on_step=at(0, "watching", lambda: monkeypatch.setattr(mesh, "counts", fail)))
    assert all(plugin is OLD for plugin in mesh.runs.values())


def test_no_secret_in_what_a_rollout_tells():
    session = Session()
    mesh = FakeMesh(labels("v1", "v2"), reason="it said s3cr3t-value")
    session.use(mesh)
    told = []
    how = {"id": "steps", "selector": "app=shop", "config": {"token": "s3cr3t-value"}, "steps": list(STEPS)}
    done = session.deploy(tag("new"), **how, watch_for=0.05, on_step=told.append)
    mesh.verdict["shop-v1"] = Verdict.REJECTED
    with pytest.raises(RolloutError) as caught:
        session.deploy(tag("next"), **how, watch_for=0.05, on_step=told.append)
    shown = [str(one.to_dict()) for one in (*told, done, caught.value.rollout)]
    shown += [str(caught.value), str(caught.value.verdicts), repr(record_of(caught.value.rollout))]
    assert not any("s3cr3t-value" in text for text in shown)
    assert any("it said ***" in text for text in shown)


@pytest.mark.parametrize(
    ("usual", "seen", "rose"),
    [
        ((100, 0), (100, 0), False),
        ((100, 0), (100, 1), True),
        ((0, 0), (5, 0), False),
        ((0, 0), (5, 1), True),
        ((100, 10), (100, 10), False),
        ((100, 10), (100, 14), False),
        ((100, 10), (100, 30), True),
        ((1000, 10), (10, 0), False),
        ((10, 10), (10, 10), False),
    ],
)
def test_what_is_a_rise(usual, seen, rose):
    assert risen(Seen(*usual), Seen(*seen)) is rose


def test_steps_are_read_from_text_lists_and_mappings():
    both = ({"version": "v1"}, {"version": "v2", "track": "canary"})
    assert read_steps("version=v1,version=v2+track=canary") == both
    assert read_steps(["version=v1", "version=v2+track=canary"]) == both
    assert read_steps(list(both)) == both
    assert read_steps(()) == ()


def test_a_selector_that_matches_nothing_is_told_the_labels_that_there_are(mesh):
    for pods in mesh.labels.values():
        pods |= {"pod-template-hash": "5f4", "security.istio.io/tlsMode": "istio"}
    lost = replace(NEW, id="lost", selector={"app": "shpo"})
    listed = "did you mean app=shop? available: app=shop, version=v1, version=v2"
    with pytest.raises(SelectorError, match=r"The selector app=shpo matches no pod\.") as caught:
        roll_out(mesh, lost, STEPS, RolloutPolicy())
    assert caught.value.hint == listed
    with pytest.raises(SelectorError, match="matches no pod of the mesh 'fake'") as caught:
        put(mesh, lost, wait=0.3)
    assert caught.value.hint == listed
    assert len(put(mesh, replace(lost, selector={"app": "shop"}), wait=0.3).verdicts) == len(mesh.labels)
    with pytest.raises(SelectorError) as caught:
        put(FakeMesh({}), lost, wait=0.3)
    assert caught.value.hint == "there is no pod at all"
