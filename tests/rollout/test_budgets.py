"""What a rollout in steps sees of traffic beside its 5xx, and what it does then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.mesh.tiny import build, tag
from tests.rollout.fakes import FakeMesh
from tests.rollout.test_faults import NEW, OLD, STEPS, labels
from tests.rollout.test_real import REVIEWS, everywhere, tags
from wasmnb.budget import Budget
from wasmnb.errors import DeployError, RolloutError, UsageError
from wasmnb.mesh import Count, Verdict
from wasmnb.mesh.durations import durations
from wasmnb.rollout import RolloutPolicy, roll_out
from wasmnb.rollout.budgets import FALLING, USUAL, WHATS, exceeded, lacking
from wasmnb.rollout.deploy import put
from wasmnb.rollout.traffic import Seen
from wasmnb.views.rollout import rollout_record

pytestmark = pytest.mark.compiler
HISTOGRAM = "B0.5(0,0) B1(0,10) B5(2,90) B10(0,98) B25(1,100) B1.8e+06(0,100)"


def traffic(requests=100, seconds=10.0, **more):
    return Seen(requests, 0, seconds=seconds, **more)


def slow(factor, requests=200):
    return traffic(requests, durations={1.0 * factor: requests // 2, 2.0 * factor: requests, 1e6: requests})


@pytest.mark.parametrize(
    ("budget", "usual", "seen", "over"),
    [
        ("4xx=+5%", traffic(), traffic(classes={"4xx": 100}), "4xx is 100% of 100 requests; before, 0%"),
        ("4xx=+5%", traffic(), traffic(classes={"4xx": 8}), ""),
        ("4xx=+5%", traffic(classes={"4xx": 90}), traffic(classes={"4xx": 95}), ""),
        ("3xx=+0%", traffic(), traffic(classes={"3xx": 1}), "3xx is 1%"),
        ("resets=+5%", traffic(), traffic(resets=30), "resets is 30%"),
        ("waiting=+5%", traffic(), traffic(waiting=30), "waiting is 30%"),
        ("p50=+50%", slow(1), slow(50), "p50 is 50 ms; before, 1 ms"),
        ("p99=+50%", slow(1), slow(1.2), ""),
        ("p99=+50%", slow(1, 40), slow(50, 40), ""),
        ("volume=-50%", traffic(100), traffic(1, 10.0), "1 request came; before, 100 in that time"),
        ("volume=-50%", traffic(100), traffic(50, 5.0), ""),
        ("volume=-50%", traffic(100, 0.0), traffic(1), ""),
    ],
)
def test_what_exceeds_a_budget(budget, usual, seen, over):
    said = exceeded(Budget.parse(budget, WHATS, FALLING), usual, seen)
    assert said.startswith(over)
    assert bool(said) == bool(over)
    assert budget in said or not over


def test_a_refusal_of_everybody_and_fifty_times_slower_exceed_what_holds_for_every_step():
    def over(usual, seen):
        return [one.what for one in USUAL if exceeded(one, usual, seen)]

    assert over(slow(1), slow(1)) == []
    assert over(slow(1), slow(50)) == ["p50"]
    assert over(traffic(5), traffic(5, classes={"4xx": 5})) == ["4xx"]
    assert over(traffic(5), traffic(5, classes={"3xx": 5})) == ["3xx"]
    assert over(traffic(100), traffic(1)) == ["volume"]


@pytest.mark.parametrize(
    ("budget", "needs"),
    [
        ("4xx=+5%", "4xx=+5% needs 80 requests on its pods, and there were 3"),
        ("p99=+50%", "p99=+50% needs 100 requests with their times, before and now, and there were 0"),
        ("volume=-50%", "volume=-50% needs 20 requests before, and there were 3"),
    ],
)
def test_what_cannot_be_judged_says_how_many_requests_it_takes(budget, needs):
    assert lacking(Budget.parse(budget, WHATS, FALLING), traffic(3), traffic(3)) == needs


def test_a_histogram_of_envoys_is_read():
    found = durations([HISTOGRAM, "No recorded values", "B0.5(0,1) B1(0,1)"])
    assert (found[0.5], found[1.0], found[1.8e6]) == (1, 11, 100)
    seen = Seen(100, durations=durations([HISTOGRAM]))
    assert (seen.timed, round(seen.quantile(0.5), 2), seen.quantile(0.99)) == (100, 3.0, 17.5)
    assert Seen().quantile(0.5) == 0.0


@pytest.mark.parametrize("text", ["4xx", "5%", "9xx=+5%", "4xx=-5%", "volume=+5%", "p42=+1%", "4xx=+x%"])
def test_what_is_no_budget_is_an_error(text):
    with pytest.raises(UsageError, match="is not a budget"):
        Budget.parse(text, WHATS, FALLING)


class Answering(FakeMesh):
    """Answers 403 on pods that run the new version."""

    def counts(self):
        def refused(one: Count) -> Count:
            runs = self.runs.get(one.pod) == NEW
            return replace(one, classes={"4xx": one.requests if runs else 0, "2xx": 0 if runs else one.requests})

        return [refused(one) for one in super().counts()]


def run(mesh, *, progress=None, on_step=None, **policy):
    mesh.apply(OLD)
    how = RolloutPolicy(wait=0.3, watch_for=0.05, **policy)
    return roll_out(mesh, NEW, STEPS, how, progress=progress, on_step=on_step)


def test_a_step_goes_back_when_it_refuses_everybody():
    mesh = Answering(labels("v1", "v2"))
    with pytest.raises(RolloutError, match="4xx is 100% of"):
        run(mesh)
    assert mesh.newest == OLD


def test_a_budget_that_cannot_be_judged_is_asked_about():
    budgets = (Budget("4xx", 1.0),)
    with pytest.raises(RolloutError, match="needs 400 requests on its pods"):
        run(FakeMesh(labels("v1", "v2")), budgets=budgets)
    assert run(FakeMesh(labels("v1", "v2")), budgets=budgets, accept_no_traffic=True).outcome == "live"


class Progress:
    """Shows nothing, and knows whether it stands still."""

    paused = False

    def update(self, stage, done=None, total=None):
        self.paused = False

    def pause(self):
        self.paused = True


def test_a_step_that_waits_for_an_answer_looks_like_it():
    seen, told, progress = [], [], Progress()

    def ask(question):
        assert question.endswith("Go on with the rollout? Otherwise every pod goes back.")
        assert progress.paused
        seen.append(told[-1])
        return True

    mesh, budgets = FakeMesh(labels("v1", "v2")), (Budget("4xx", 1.0),)
    done = run(mesh, budgets=budgets, ask=ask, progress=progress, on_step=told.append)
    assert [step.outcome for step in seen[1].steps] == ["live", "asking"]
    record = rollout_record(seen[0], stage="step 1 of 2, version=v1: needs your answer", seconds=1.0)
    assert "? needs your answer" in repr(record)
    assert "needs 400 requests" in repr(record)
    assert {step.outcome for step in done.steps} == {"live"}
    assert not progress.paused


@pytest.mark.parametrize(
    ("check", "match"),
    [
        (lambda _: False, "its check says no;"),
        (lambda step: f"{step.selector} is bad", "its check says no: version=v1 is bad"),
        (lambda _: 1 / 0, "its check failed: ZeroDivisionError"),
    ],
)
def test_the_users_own_check_ends_a_rollout(check, match):
    mesh = FakeMesh(labels("v1", "v2"))
    with pytest.raises(RolloutError, match=match):
        run(mesh, check=check)
    assert mesh.newest == OLD


def test_the_users_own_check_lets_it_go_on():
    seen = []
    assert run(FakeMesh(labels("v1", "v2")), check=lambda step: seen.append(step.selector)).outcome == "live"
    assert seen == ["version=v1", "version=v2"]


@pytest.mark.envoy
def test_on_real_envoys_a_filter_that_refuses_everybody_goes_back(session, load):
    session.deploy(tag("old"), **REVIEWS)
    refusing = build("refuses", request="if (path_has('7')) { respond(403); return 1; }")
    with pytest.raises(RolloutError, match="4xx is 100% of") as caught:
        session.deploy(refusing, **REVIEWS, steps="version=v1,version=v2,version=v3", watch_for=2.0, prove="config")
    seen = caught.value.rollout.steps[0].seen
    assert seen.share("4xx") == 1.0
    assert caught.value.rollout.steps[0].usual.timed > 0
    assert tags(session) == everywhere("old")


@pytest.mark.envoy
def test_budgets_and_a_check_go_with_steps_only(session):
    for said in ({"budget": "4xx=+5%"}, {"check": bool}):
        with pytest.raises(UsageError, match="but no steps"):
            session.deploy(tag("old"), **REVIEWS, **said)


class Many(FakeMesh):
    """Its looks tell of a crash under traffic only where they are anew."""

    sample = None

    def look_anew(self):
        self.verdict = dict.fromkeys(self.labels, Verdict.TRAPPED)


def test_a_step_that_was_watched_is_not_judged_by_what_was_seen_before():
    mesh = Many(labels("v1", "v2"))
    with pytest.raises(RolloutError, match="is TRAPPED"):
        run(mesh, accept_no_traffic=True)


def test_what_is_in_force_already_is_not_taken_for_live_by_what_was_seen_before():
    mesh = Many(labels("v1"))
    mesh.apply(OLD)
    with pytest.raises(DeployError, match="is not live"):
        put(mesh, OLD, wait=1.0)


def test_steps_are_refused_on_a_sample_of_their_pods():
    mesh = Many(labels("v1", "v2"))
    mesh.sample = 1
    with pytest.raises(UsageError, match="this mesh looks at a sample of 1"):
        run(mesh)
    assert mesh.newest == OLD
