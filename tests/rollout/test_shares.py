"""Steps by share of the requests: what is read, which requests come, and that no route of ours stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.mesh.tiny import tag
from tests.rollout.fakes import FakeMesh, broken
from tests.worded import in_cell
from wasmnb.errors import BadNameError, DeployError, Interrupted, MeshError, RolloutError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Share, Verdict
from wasmnb.mesh.results import Pods
from wasmnb.plugin import Plugin
from wasmnb.rollout import RolloutPolicy, read_shares, read_steps, roll_out
from wasmnb.rollout.deploy import put
from wasmnb.rollout.shares import Shares
from wasmnb.session import Session
from wasmnb.views import record_of
from wasmnb.wording import Front

pytestmark = pytest.mark.compiler

OLD = Plugin("steps", package(tag("old")), {"app": "shop"})
NEW = OLD.with_image(package(tag("new")))
PODS = {f"shop-{version}": {"app": "shop", "version": version} for version in ("v1", "v2", "v3")}
STEPS = read_shares("version=v2:5%,25%,100%")


class SharingMesh(FakeMesh):
    """It has a thousand requests between two looks, and each pod its part of them."""

    def __init__(self, labels, **more):
        super().__init__(labels, **more)
        self.percent, self.told, self.obeyed, self.refused = None, [], True, False

    def rendered_share(self, plugin, labels, percent):
        if self.refused:
            raise DeployError("The requests for shop cannot be shared.", code="WNB4032")
        return f"share: {percent:g}"

    def share(self, plugin, labels, percent, *, wait=10.0):
        self.rendered_share(plugin, labels, percent)
        self.percent = percent
        self.told.append((percent, sorted(pod for pod, one in self.runs.items() if one == NEW)))
        return self.shares()[0]

    def shares(self, id=None):  # noqa: A002 - the protocol's word
        found = Share("steps", "shop", {"version": "v2"}, self.percent or 0.0, tuple(PODS))
        return (found,) if self.percent is not None else ()

    def unshare(self, id):  # noqa: A002
        self.percent = None

    def counts(self):
        percent = self.percent if self.percent is not None and self.obeyed else 100 / 3
        for pod in self.labels:
            self.requests[pod] = self.requests.get(pod, 0) + round(
                10 * (percent if pod == "shop-v2" else (100 - percent) / 2)
            )
        return super().counts()


@pytest.fixture
def mesh():
    mesh = SharingMesh(dict(PODS))
    mesh.apply(OLD)
    return mesh


def run(mesh, **policy):
    how = RolloutPolicy(**{"wait": 0.3, "watch_for": 0.05, **policy})
    return roll_out(mesh, NEW, STEPS, how, on_step=policy.pop("on_step", None))


def test_more_and_more_requests_come_and_then_every_pod_has_it_without_routes(mesh):
    done = run(mesh)
    # The share is set before a pod has the new version, and it is on no other pod until the end.
    assert mesh.told == [(5, []), (25, ["shop-v2"]), (100, ["shop-v2"])]
    assert mesh.percent is None
    assert done.outcome == "live"
    assert {one.pod for one in done.verdicts} == set(PODS)
    assert [step.selector for step in done.steps] == ["version=v2:5%", "version=v2:25%", "version=v2:100%"]
    shares = [step.seen.requests / step.of_all for step in done.steps]
    assert shares == pytest.approx([0.05, 0.25, 1.0], abs=0.02)
    assert done.steps[0].usual.requests > done.steps[0].seen.requests, "fewer requests are what was asked for"
    assert [step["share"] for step in done.to_dict()["steps"]] == [5, 25, 100]
    text = repr(record_of(done))
    assert "live on all 3 pods after 3 steps" in text
    assert "version=v2:25%: 2" in text


def test_what_fails_goes_back_and_takes_the_routes_away(mesh):
    def worse(now):
        if now.steps[1].outcome == "watching":
            mesh.errors["shop-v2"] = 50

    with pytest.raises(RolloutError, match=r"step 2 of 3 \(version=v2:25%\): its error rate rose"):
        roll_out(mesh, NEW, STEPS, RolloutPolicy(0.3, 0.05), on_step=worse)
    assert mesh.percent is None
    assert all(plugin == OLD for plugin in mesh.runs.values())


def test_what_cannot_go_back_gets_no_requests(mesh):
    def stuck(plugin, _only):
        if plugin is OLD:
            broken()

    mesh.verdict["shop-v2"], mesh.on_apply = Verdict.REJECTED, stuck
    with pytest.raises(RolloutError, match=r"GOING BACK FAILED: .*until .* no request is sent to shop-v2"):
        run(mesh)
    assert mesh.percent == 0


class GrowingMesh(SharingMesh):
    """All requests that do not go to v2 come to a pod that has started in the midst, once there is one."""

    def pods(self):
        return Pods(tuple(replace(pod, workload=pod.name.removesuffix("-again")) for pod in super().pods()))

    def counts(self):
        if "shop-v3-again" not in self.labels:
            return super().counts()
        for pod, part in (("shop-v2", self.percent), ("shop-v3-again", 100 - self.percent)):
            self.requests[pod] = self.requests.get(pod, 0) + round(10 * part)
        return FakeMesh.counts(self)


def test_a_pod_that_starts_beside_a_step_is_one_that_requests_are_shared_with():
    mesh = GrowingMesh(dict(PODS))
    mesh.apply(OLD)

    def start(now):
        if now.steps[0].outcome == "watching":
            mesh.labels["shop-v3-again"] = PODS["shop-v3"]
            mesh.runs["shop-v3-again"] = OLD

    done = roll_out(mesh, NEW, STEPS, RolloutPolicy(0.3, 0.05), on_step=start)
    assert done.outcome == "live"
    shares = [step.seen.requests / step.of_all for step in done.steps[:2]]
    assert shares == pytest.approx([0.05, 0.25], abs=0.02)


def test_callers_that_pass_by_the_routes_end_it(mesh):
    mesh.obeyed = False
    with pytest.raises(RolloutError, match="5% was asked for: some callers pass by"):
        run(mesh)
    assert mesh.percent is None


def test_routes_of_others_are_left_alone_before_anything_is_touched(mesh):
    mesh.refused = True
    with pytest.raises(DeployError, match="cannot be shared"):
        run(mesh)
    assert mesh.told == []
    assert all(plugin == OLD for plugin in mesh.runs.values())
    plain = FakeMesh({pod: PODS[pod] for pod in ("shop-v1", "shop-v2")})
    with pytest.raises(UsageError, match="cannot send a share") as caught:
        roll_out(plain, NEW, STEPS, RolloutPolicy())
    hint = "steps by label are possible, for instance steps="
    assert caught.value.hint.startswith(hint)
    steps = read_steps(caught.value.hint.removeprefix(hint).strip("'"))
    policy = RolloutPolicy(0.3, 0.05, accept_no_traffic=True)
    assert roll_out(plain, NEW, steps, policy).outcome == "live"


def test_an_interrupt_says_where_requests_go_and_leaves_nothing_without_a_plugin(mesh):
    def interrupt(now):
        if now.steps[1].outcome == "watching":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="new on shop-v2; as before on all others") as caught:
        roll_out(mesh, NEW, STEPS, RolloutPolicy(0.3, 0.05), on_step=interrupt)
    assert "now 25% of the requests for shop go to version=v2" in caught.value.why
    back = "session.rollback('steps') goes back on every pod"
    assert caught.value.hint == f"the same call again goes on; {back}"
    assert roll_out(mesh, NEW, STEPS, RolloutPolicy(0.3, 0.05)).outcome == "live"

    def early(plugin, only):
        if only:
            raise KeyboardInterrupt

    bare = SharingMesh(dict(PODS), on_apply=early)
    with pytest.raises(Interrupted, match="was stopped"):
        run(bare)
    assert (bare.told, bare.percent) == ([(5, [])], None)


def test_going_on_after_an_outage_begins_with_the_first_share(mesh):
    mesh.share(NEW, {"version": "v2"}, 25)
    mesh.apply(NEW, only={"version": "v2"})
    assert run(mesh).outcome == "live"
    assert [percent for percent, _ in mesh.told] == [25, 5, 25, 100]
    mesh.apply(OLD.with_image(package(tag("third"))), only={"version": "v2"})
    with pytest.raises(MeshError, match="left half-done") as caught:
        run(mesh)
    assert caught.value.hint == "session.rollback('steps') goes back on every pod; the same call as then goes on"
    end = "goes back on every pod; the cell that it was left in goes on when run again"
    assert in_cell(caught.value).hint == f"%wasm_rollback steps {end}"
    caught.value.front = Front.SHELL
    end = "goes back on every pod; the command that it was left in goes on when given again"
    assert caught.value.hint == f"wasmnb rollback steps {end}"


def test_what_a_kernel_that_ended_left_goes_with_the_same_command(mesh):
    mesh.apply(NEW)
    mesh.share(NEW, {"version": "v2"}, 100)
    assert run(mesh).outcome == "unchanged"
    assert mesh.percent is None
    mesh.share(NEW, {"version": "v2"}, 100)
    assert put(mesh, NEW, wait=0.3).unchanged
    assert mesh.percent is None


def test_what_a_kernel_that_ended_left_before_a_pod_had_it_goes_too():
    session, bare = Session(), SharingMesh(dict(PODS))
    session.use(bare)
    bare.share(NEW, {"version": "v2"}, 5)
    with pytest.raises(BadNameError, match="No plugin called 'steps'"):
        session.undeploy("steps")
    assert bare.percent is None


@pytest.mark.parametrize("former", [OLD, None])
def test_what_is_on_some_pods_only_is_not_taken_for_what_was_asked(former):
    mesh = FakeMesh(dict(PODS))
    if former is not None:
        mesh.apply(former)
    mesh.apply(NEW, only={"version": "v2"})
    done = put(mesh, NEW, wait=0.3)
    assert not done.unchanged
    assert mesh.runs == dict.fromkeys(PODS, NEW)
    assert put(mesh, NEW, wait=0.3).unchanged


def test_shares_are_read_and_what_is_none_is_refused():
    assert read_shares(["version=v2+track=canary:0.5%", "100%"]) == Shares(
        {"version": "v2", "track": "canary"}, (0.5, 100)
    )
    assert read_shares("version=v2,version=v1") is None
    assert read_shares([{"version": "v2"}]) is None
    for wrong in (
        "5%,25%",
        "version=v2:25%,5%",
        "version=v2:5%,version=v1",
        "version=v2:5%,version=v1:25%",
        "version=v2:0%",
        "version=v2:101%",
        "version=v2:x%",
        "version=v2:0.0001%",
        [{"version": "v1"}, "version=v2:5%"],
    ):
        with pytest.raises(UsageError):
            read_shares(wrong)
