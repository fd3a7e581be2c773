"""Rollouts in steps on real Envoys, under a load that the test makes."""

from __future__ import annotations

import json
import signal
import threading

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import build, header, tag
from tests.rollout.conftest import URL, Load
from tests.worded import in_cell
from wasmnb.errors import DeployError, Interrupted, ModuleError, RolloutError, SelectorError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.views import record_of

STEPS = "version=v1,version=v2,version=v3"
REVIEWS = {"id": "steps", "selector": "app=reviews"}
# Answers 503 to some requests only, so that no canary sees it.
FAILING = build("failing", request="if (path_has('7')) respond(503)", response=header("x-tag", "failing"))
TRAPPING = build("trapped", request="evil = path_has('7')", response="if (evil) __builtin_trap()")


def tags(session):
    mesh = session.current
    answers = {pod: mesh.send("productpage", URL, pod=pod).response for pod in mesh.endpoints(URL)}
    return {pod: answer.headers.all("x-tag") for pod, answer in answers.items()}


def everywhere(tag_):
    return {f"reviews-v{number}-0": [tag_] if tag_ else [] for number in (1, 2, 3)}


def test_step_by_step_until_it_is_live_everywhere(session, load):
    session.deploy(tag("old"), **REVIEWS)
    seen, stages = [], []
    done = session.deploy(
        tag("new"),
        **REVIEWS,
        steps=STEPS,
        watch_for=0.6,
        on_step=lambda now: (seen.append(now), stages.append(tuple(step.outcome for step in now.steps))),
    )
    assert done.outcome == "live"
    assert tags(session) == everywhere("new")
    assert [step.selector for step in done.steps] == STEPS.split(",")
    for step in done.steps:
        assert step.outcome == "live"
        assert [one.verdict for one in step.verdicts] == [Verdict.LIVE]
        assert step.seen.requests > 0
        assert step.seen.errors == 0
        assert step.usual.requests > 0
    order = list(dict.fromkeys(stages))
    assert order[0] == ("waiting",) * 3
    assert order.index(("live", "applying", "waiting")) < order.index(("live", "live", "watching"))
    assert order[-1] == ("live",) * 3
    history = [plugin.image.digest for plugin in session.current.history("steps")][:2]
    assert history == [package(tag("new")).digest, package(tag("old")).digest]
    json.dumps([seen[-1].to_dict(), done.to_dict()])
    record = record_of(done)
    assert "live on all 3 pods after 3 steps" in repr(record)
    assert list(record.frame.pod) == [f"reviews-v{number}-0" for number in (1, 2, 3)]
    assert (record.frame.requests > 0).all()
    again = session.deploy(tag("new"), **REVIEWS, steps=STEPS, watch_for=0.6)
    assert again.outcome == "unchanged"
    assert set(load.statuses) == {200}
    session.rollback("steps")
    assert tags(session) == everywhere("old")


def test_no_pod_has_the_new_version_before_its_step(session, load):
    session.deploy(tag("old"), **REVIEWS)
    found = {}

    def look(now):
        if now.steps[0].outcome == "watching" and not found:
            found.update(tags(session))

    session.deploy(tag("new"), **REVIEWS, steps=["version=v2", "version=v1,version=v3"], watch_for=0.3, on_step=look)
    assert found == {"reviews-v1-0": ["old"], "reviews-v2-0": ["new"], "reviews-v3-0": ["old"]}


def test_when_errors_rise_everything_goes_back(session, load):
    session.deploy(tag("old"), **REVIEWS, config={"apiKey": "s3cr3t-value"}, priority=4)
    before, history = session.current.plugins(), session.current.history("steps")
    with pytest.raises(RolloutError, match="its error rate rose") as caught:
        session.deploy(FAILING, **REVIEWS, steps=STEPS, watch_for=1.0)
    rollout = caught.value.rollout
    assert [step.outcome for step in rollout.steps] == ["failed", "waiting", "waiting"]
    assert rollout.outcome == "went back"
    assert rollout.steps[0].seen.errors > 0
    assert rollout.steps[0].usual.errors == 0
    assert [one.verdict for one in caught.value.verdicts] == [Verdict.LIVE]
    assert "every pod is back" in caught.value.what
    assert session.current.plugins() == before
    assert tags(session) == everywhere("old")
    assert session.current.history("steps") == history
    frame = record_of(rollout).frame
    assert list(frame.outcome) == ["failed", "waiting", "waiting"]
    assert frame.requests.isna().sum() == 2
    assert repr(record_of(rollout)).count("not begun") == 2, "nothing waits any more"


def test_what_would_crash_on_a_request_that_was_sent_before_reaches_no_pod(session, load):
    with pytest.raises(ModuleError, match=r"crashes on the request GET /\S*7"):
        session.deploy(TRAPPING, **REVIEWS, steps=STEPS, watch_for=1.0)
    assert list(session.current.plugins()) == []


def test_a_trap_under_traffic_ends_it_with_the_evidence(session, load):
    with pytest.raises(RolloutError, match="reviews-v1-0 is TRAPPED") as caught:
        session.deploy(TRAPPING, **REVIEWS, steps=STEPS, watch_for=1.0, allow_trap=True)
    assert caught.value.rollout.steps[0].verdicts[0].evidence
    assert "removed from every pod" in caught.value.what
    assert str(caught.value.hint) == "session.pods() shows every pod", "of what was removed there are no verdicts"
    assert list(session.current.plugins()) == []
    assert tags(session) == everywhere("")


def test_without_traffic_a_headless_run_fails_and_a_user_is_asked(session):
    session.deploy(tag("old"), **REVIEWS)
    with pytest.raises(RolloutError, match="cannot be judged") as caught:
        session.deploy(tag("new"), **REVIEWS, steps=STEPS, watch_for=0.1)
    assert "--accept-no-traffic" in in_cell(caught.value).hint
    assert tags(session) == everywhere("old")
    asked = []
    with pytest.raises(RolloutError, match="you chose not to go on"):
        session.deploy(
            tag("new"),
            **REVIEWS,
            steps=STEPS,
            watch_for=0.1,
            ask=lambda text: bool(asked.append(text)) or len(asked) < 2,
        )
    assert len(asked) == 2
    assert "version=v2" in asked[1]
    assert tags(session) == everywhere("old")
    done = session.deploy(tag("new"), **REVIEWS, steps=STEPS, watch_for=0.1, accept_no_traffic=True)
    assert done.outcome == "live"
    assert all("no request reached" in step.reason for step in done.steps)


def test_what_the_canary_refuses_changes_nothing(session):
    session.deploy(tag("old"), **REVIEWS)
    with pytest.raises(ModuleError, match="refused"):
        session.deploy(build("refusing", configure="return 0"), **REVIEWS, steps=STEPS, watch_for=0.1)
    assert tags(session) == everywhere("old")


def test_steps_divide_the_selected_pods(session):
    for steps, words in (
        ("version=v1,version=v2", "reviews-v3-0 is in no step"),
        ("version=v1,version=v2,app=reviews", "reviews-v1-0 is in 2 steps: version=v1, app=reviews"),
        (f"{STEPS},version=v4", "no selected pod carries version=v4"),
    ):
        with pytest.raises(UsageError) as caught:
            session.deploy(tag("new"), **REVIEWS, steps=steps)
        assert any(words in line for line in caught.value.why)
    with pytest.raises(SelectorError):
        session.deploy(tag("new"), selector="app=nobody", steps=STEPS)
    for wrong in (
        {"steps": "version=v1,version=v1"},
        {"steps": "version"},
        {"watch_for": 3},
        {"steps": "a=b", "wait": False},
    ):
        with pytest.raises(UsageError):
            session.deploy(tag("new"), **REVIEWS, **wrong)
    assert list(session.current.plugins()) == []


def test_a_dry_run_names_the_pods_of_each_step(session):
    done = session.deploy(tag("new"), **REVIEWS, steps="app=reviews+version=v1,version=v2,version=v3", dry_run=True)
    assert "step 1, app=reviews+version=v1: reviews-v1-0" in done.notes
    assert list(session.current.plugins()) == []


def test_ctrl_c_stays_where_it_is_says_so_and_can_go_on_or_back(session):
    session.deploy(tag("old"), **REVIEWS)
    main = threading.main_thread().ident

    def interrupt(now):
        if now.steps[1].outcome == "watching":
            signal.pthread_kill(main, signal.SIGINT)

    def stopped():
        with pytest.raises(Interrupted) as caught:
            session.deploy(tag("new"), **REVIEWS, steps=STEPS, watch_for=0.5, accept_no_traffic=True, on_step=interrupt)
        return caught.value

    error = stopped()
    assert "in step 2 of 3 (version=v2)" in error.what
    assert "did not go back" in error.what
    assert "new on reviews-v1-0, reviews-v2-0; as before on reviews-v3-0" in error.what
    said = "\n".join(error.lines())
    new, old = (package(tag(name)).digest[:19] for name in ("new", "old"))
    assert f"now on reviews-v2-0: {new}, LIVE" in said
    assert f"now on reviews-v3-0: {old}, LIVE" in said
    assert "session.rollback('steps')" in error.hint
    assert "%wasm_rollback steps" in in_cell(error).hint
    with pytest.raises(DeployError, match="left half-done"):
        session.deploy(tag("third"), **REVIEWS, steps=STEPS)
    session.rollback("steps")
    assert tags(session) == everywhere("old")
    stopped()
    done = session.deploy(tag("new"), **REVIEWS, steps=STEPS, watch_for=0.1, accept_no_traffic=True)
    assert done.outcome == "live"
    assert done.former.image.digest == package(tag("old")).digest
    assert tags(session) == everywhere("new")


def test_what_goes_on_and_fails_goes_back_to_what_was_before_the_first_half(session):
    session.deploy(tag("old"), **REVIEWS)
    mesh = session.current
    mesh.apply(mesh.plugins()[0].with_image(package(FAILING)), only={"version": "v1"})
    with Load(mesh), pytest.raises(RolloutError, match="its error rate rose"):
        session.deploy(FAILING, **REVIEWS, steps=STEPS, watch_for=1.0)
    assert tags(session) == everywhere("old")


def test_a_share_of_the_requests_goes_to_one_version_and_then_all_have_it(session):
    session.deploy(tag("old"), **REVIEWS)
    mesh, where, tagged = session.current, [], []
    shown = session.deploy(tag("new"), **REVIEWS, steps="version=v2:20%,100%", dry_run=True)
    assert '"wasmnb.shared.reviews": "100"' in shown.text
    assert "step 1, version=v2:20%: reviews-v2-0" in shown.notes

    def look(now):
        for step in now.steps:
            if step.outcome == "watching":
                where.extend(map(str, mesh.shares()))
                if step.share == 100 and not tagged:
                    tagged.append(until(asked, lambda found: found == {("new",)}))

    def asked():
        answers = [mesh.send("productpage", URL, via="app").response for _ in range(6)]
        return {tuple(answer.headers.all("x-tag")) for answer in answers}

    how = {"steps": "version=v2:20%,100%", "watch_for": 1.0, "accept_no_traffic": True}
    with Load(mesh, via="app"):
        done = session.deploy(tag("new"), **REVIEWS, **how, on_step=look)
    assert done.outcome == "live"
    assert tagged == [{("new",)}]
    assert list(dict.fromkeys(where)) == [
        f"{percent}% of the requests for reviews go to version=v2" for percent in (20, 100)
    ]
    assert tags(session) == everywhere("new")
    assert mesh.shares() == ()
    # Each pod has its turn again, which the application's proxy gives.
    before = {one.pod: one.requests for one in mesh.counts() if one.pod.startswith("reviews")}

    def grown():
        asked()
        return [one.pod for one in mesh.counts() if one.pod in before and one.requests > before[one.pod]]

    until(grown, lambda found: len(found) == len(before) == 3)
    with pytest.raises(DeployError, match="cannot be shared"):
        session.deploy(tag("old"), **REVIEWS, steps="app=reviews:20%")
    assert tags(session) == everywhere("new")
