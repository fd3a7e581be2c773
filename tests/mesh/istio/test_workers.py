"""A pod's proxy has several workers, each with VMs of its own: what one of them answers is not taken for the pod."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from wasmnb.envoy.effect import Effect, Facet, Trait, Trial
from wasmnb.envoy.exchange import PLAIN
from wasmnb.mesh.istio.objects.objects import KINDS
from wasmnb.mesh.istio.proxies import known_effects, verdicts
from wasmnb.mesh.istio.proxies.config_dump import FilterChain, Listeners, Stats
from wasmnb.mesh.istio.proxies.evidence import Evidence, Gatherer, Standing
from wasmnb.mesh.istio.proxies.peer_requests import ByPeer
from wasmnb.mesh.istio.proxies.pod_list import PodList, slim
from wasmnb.mesh.istio.proxies.proving import Proving
from wasmnb.mesh.istio.proxies.removal import removal, unseen
from wasmnb.mesh.istio.proxies.shared_state import forget
from wasmnb.mesh.istio.proxies.verdicts import VerdictReader
from wasmnb.plugin.verdict import Cause, Handling, PodVerdict, Proof, Verdict
from wasmnb.traffic import Headers
from wasmnb.traffic.exchange import Response

POD = {"metadata": {"name": "web-0", "uid": "u", "labels": {"app": "web"}}, "status": {"podIP": "10.0.0.1"}}
STANDING = Standing("filter", "mark", workers=2, ports=(9080,))
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def answer(*lines, status=200):
    return Response(status, "", Headers(lines))


PLAINLY, TAGGED, FAILED = answer(), answer(("x-tag", "a")), answer(status=503)
TAGS = frozenset({Trait(Facet.HEADER, "x-tag"), Trait(Facet.HEADER, "x-tag", "a")})


def verdict(word=Verdict.LIVE):
    return PodVerdict("web-0", "id", word, "sha256:1", "sha256:1", "", (), NOW)


@pytest.fixture
def proving():
    """One that may send requests, to which `answers` are what comes back, in turn."""
    made = Proving(SimpleNamespace(may=lambda _: True), "home", None, lambda _: [9080])
    made.permit(Proof.EFFECT)
    made.answers = [PLAINLY]
    made.requests._strict = lambda *_: ""
    made.requests._itself = lambda *_: made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
    made.known.tried("id", "sha256:1", Trial((Effect(PLAIN, TAGS),)))
    made.before("id", "sha256:1", "build", [(POD, frozenset())])
    yield made
    made.close()


def looked(proving):
    proving.look([(verdict(), POD, STANDING)])
    return proving.proven(verdict(), POD, "mark")


def test_requests_that_mutual_tls_keeps_out_are_said_to_be_unanswered_and_by_which_policy(monkeypatch):
    policy = {"metadata": {"name": "all", "namespace": "home"}, "spec": {"mtls": {"mode": "STRICT"}}}
    monkeypatch.setattr("wasmnb.mesh.istio.requests.mtls.policies", lambda *_: found)
    found, cluster = [policy], SimpleNamespace(may=lambda _: True, request=lambda *_, **__: {})
    proving = Proving(cluster, "home", None, lambda _: [9080], "istio-system")
    proving.permit(Proof.EFFECT)
    monkeypatch.setattr(proving.requests, "_ask", lambda *_: None)
    proving.known.tried("id", "sha256:1", Trial((Effect(PLAIN, TAGS),)))
    proving.before("id", "sha256:1", "build", [(POD, frozenset())])
    reason = looked(proving).reason
    assert "takes mutual TLS only (STRICT), as the policy home/all says" in reason
    assert "no service of this namespace leads to it" in reason
    found, proving.requests._policies = [], (float("-inf"), [])
    assert looked(proving).reason == "no request of ours was answered in time"
    proving.close()


def test_a_filter_that_changes_none_of_the_requests_is_to_be_tried_on_one_that_it_changes(proving):
    assert "probe=" not in looked(proving).reason
    proving.known.tried("id", "sha256:1", Trial((Effect(PLAIN),)))
    proving.look_anew({"id"})
    found = looked(proving)
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)
    assert "(probe=REQUEST tries it on a request that it changes, session.mesh('istio', prove='trace')" in found.reason


def test_an_effect_in_the_answers_of_some_workers_alone_is_not_live(proving):
    proving.answers = [TAGGED, PLAINLY] * 3
    found = looked(proving)
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)
    assert "its effect showed in 1 of 2 answers" in found.reason
    proving.permit(Proof.EFFECT)
    # One takes it over a moment later, and an answer that failed tells nothing of a filter.
    proving.answers = [TAGGED, PLAINLY, TAGGED, FAILED]
    assert looked(proving).proof is Proof.EFFECT


def test_a_plugin_for_some_ports_alone_is_looked_for_there_and_by_nobody_elses_answers(proving):
    standing = STANDING._replace(ports=(9080, 9081))
    proving.requests._ports = lambda _: [9080, 9081]
    asked = []

    def answered(item, _, plugin):
        asked.append(proving.requests.port(item, plugin))
        return TAGGED if asked[-1] == 9081 and len(asked) > 1 else PLAINLY

    proving.requests._itself = answered
    proving.confine("id", (9081, 9090), NOW)
    # Who looks may know an object of before.
    proving.confine("id", (), NOW - timedelta(seconds=1))
    proving.before("id", "sha256:1", "build", [(POD, frozenset())])
    proving.look([(verdict(), POD, standing)])
    assert set(asked) == {9081}
    found = proving.proven(verdict(), POD, "mark")
    assert found.verdict is Verdict.LIVE
    assert "GET / at port 9081: response header x-tag: a" in found.evidence[-1]
    # What could not be put in force elsewhere acts where it did.
    with pytest.raises(KeyboardInterrupt), proving.confining("id", (9090,), NOW + timedelta(seconds=1)):
        raise KeyboardInterrupt
    assert not proving.known.there(POD, "id")
    proving.confine("id", (9081, 9090), NOW)
    assert proving.requests.port(POD, "id") == 9081
    # At another port it has not been seen, nor what was there before.
    proving.confine("id", (9080,), NOW)
    proving.look([(verdict(), POD, standing)])
    assert proving.proven(verdict(), POD, "mark").verdict is Verdict.LOADED


def test_what_was_seen_before_something_was_amiss_has_to_be_seen_again(proving):
    proving.answers = [TAGGED]
    assert looked(proving).verdict is Verdict.LIVE
    # Its log was silent for a while, in which its VM crashed.
    proving.doubt(POD, "id")
    proving.answers = [FAILED]
    assert looked(proving).verdict is Verdict.LOADED


def test_what_was_seen_before_something_was_amiss_is_looked_for_at_once(proving):
    proving.answers = [TAGGED]
    for _ in range(3):
        assert looked(proving).verdict is Verdict.LIVE
        proving.doubt(POD, "id")
    assert looked(proving).verdict is Verdict.LIVE


def test_what_another_thread_is_looking_for_at_that_moment_is_not_called_unseen(proving):
    asked, answered = threading.Event(), threading.Event()

    def answer_late(*_):
        asked.set()
        answered.wait()
        return TAGGED

    proving.requests._itself = answer_late
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(looked, proving)
        asked.wait()
        second = threads.submit(looked, proving)
        # Without waiting for the first it would be done before the answer comes.
        wait([second], timeout=0.2)
        answered.set()
    assert [first.result().verdict, second.result().verdict] == [Verdict.LIVE] * 2


@pytest.mark.parametrize(
    ("answers", "unsure"),
    [([None], True), ([FAILED], True), ([TAGGED, PLAINLY] * 3, True), ([PLAINLY], False), ([TAGGED], False)],
    ids=["no answer", "an error", "one worker is late", "answers without it", "seen"],
)
def test_what_was_not_seen_for_a_reason_that_may_pass_is_looked_for_again(proving, answers, unsure):
    proving.answers = answers
    assert proving.unsure(looked(proving), POD) is unsure
    proving.look_anew({"id"})
    proving.answers = [TAGGED]
    assert not proving.unsure(looked(proving), POD)


@pytest.mark.parametrize(
    ("word", "cause", "after"),
    [
        (Verdict.HUNG, Cause.PROXY_SILENT, Verdict.LIVE),
        (Verdict.UNPROVEN, Cause.NO_PERMISSION, Verdict.LIVE),
        # What a log does not tell of while it is silent is lost, and a worker that hung may have left its VM so.
        (Verdict.UNPROVEN, Cause.LOG_SILENT, Verdict.LOADED),
        (Verdict.HUNG, Cause.WORKER_HUNG, Verdict.LOADED),
    ],
)
def test_what_could_not_be_asked_for_a_while_need_not_be_seen_again(proving, monkeypatch, word, cause, after):
    proving.answers = [TAGGED]
    assert looked(proving).verdict is Verdict.LIVE
    judged(monkeypatch, proving, [POD], replace(verdict(word), cause=cause))
    assert proving.proven(verdict(), POD, "mark").verdict is after


def test_a_pod_that_nobody_can_ask_is_not_waited_for(proving, monkeypatch):
    proving.answers = [None]
    found = looked(proving)
    monkeypatch.setattr(proving.requests, "_strict", lambda *_: "home/all")
    monkeypatch.setattr(proving.requests, "_peers", SimpleNamespace(why_not=lambda _: "nobody can ask it"))
    assert not proving.unsure(found, POD)


def test_an_application_that_is_not_met_past_its_proxy_is_no_service_without_the_effect(proving):
    proving.known.forget("id")
    proving.known.learn("id", "sha256:1", "build", Trial((Effect(PLAIN, TAGS),)), None)
    proving.answers = [TAGGED]
    met = []
    proving.requests._ask = lambda _, __, address, ___: met.append(address) or (None if len(met) == 1 else PLAINLY)
    found = looked(proving)
    assert found.reason.startswith("no request of ours was answered in time")
    assert proving.unsure(found, POD)
    proving.look_anew({"id"})
    assert looked(proving).verdict is Verdict.LIVE
    assert set(met) == {"127.0.0.1"}


def test_what_hung_before_a_plugin_came_is_asked_again(proving):
    proving.answers = [None, None, PLAINLY]
    proving.before("id", "sha256:1", "another build", [(POD, frozenset())])
    proving.answers = [TAGGED]
    assert looked(proving).verdict is Verdict.LIVE


@pytest.mark.parametrize(("alone", "word"), [(PLAINLY, Verdict.LIVE), (TAGGED, Verdict.LOADED), (None, Verdict.LOADED)])
def test_what_failed_before_a_plugin_came_is_compared_with_what_the_application_answers_alone(proving, alone, word):
    proving.answers = [FAILED]
    proving.before("id", "sha256:1", "another build", [(POD, frozenset())])
    proving.answers = [TAGGED]
    proving.requests.past = lambda wanted: [alone for _ in wanted]
    assert looked(proving).verdict is word


@pytest.mark.parametrize(
    ("word", "answers", "said"),
    [
        (Verdict.REJECTED, [TAGGED, FAILED], Handling.ANSWERED_503),
        (Verdict.UNPROVEN, [TAGGED], Handling.FILTERED),
        (Verdict.UNPROVEN, [TAGGED, PLAINLY], Handling.UNFILTERED),
        (Verdict.TRAPPED, [TAGGED], Handling.UNKNOWN),
        (Verdict.TRAPPED, [TAGGED, TAGGED, FAILED], Handling.ANSWERED_503),
    ],
)
def test_what_happens_to_requests_is_what_the_worst_worker_does(proving, word, answers, said):
    proving.answers = [*answers]
    (found,) = proving.handled.look([verdict(word)], {"web-0": POD}, (), {"web-0"})
    assert found.requests is said


@pytest.mark.parametrize(
    ("status", "alone", "said"),
    [
        (503, PLAINLY, Handling.ANSWERED_503),
        (403, PLAINLY, Handling.ANSWERED_403),
        (503, FAILED, Handling.UNKNOWN),
        (503, None, Handling.UNKNOWN),
        (200, PLAINLY, Handling.UNFILTERED),
    ],
)
def test_a_proxys_own_answer_is_told_from_the_services_where_another_pod_had_it(proving, status, alone, said):
    here = POD | {"spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]}}
    # The proxy between says of each answer how long it took.
    proving.answers = [ByPeer(status, "", Headers((UPSTREAM,)), peer="shop-0")]
    proving.requests.past = lambda wanted: [alone for _ in wanted]
    (found,) = proving.handled.look([verdict(Verdict.TRAPPED)], {"web-0": here}, (), {"web-0"})
    assert found.requests is said


def test_what_passes_a_proxy_by_is_unfiltered_whatever_the_proxy_answers_the_pod_itself(proving):
    proving.answers = [TAGGED]
    bypassed = replace(verdict(Verdict.UNPROVEN), cause=Cause.TRAFFIC_BYPASSES)
    (found,) = proving.handled.look([bypassed], {"web-0": POD}, (), {"web-0"})
    assert found.requests is Handling.UNFILTERED


def test_a_removal_is_not_proven_where_a_worker_hangs_or_still_filters(proving):
    gone = Listeners((), frozenset(), frozenset(), (), "")
    hung = Evidence(POD, (), gone, silence="1 of 2 workers of the proxy do not answer", hung=True, hanging=(1, 2))
    found = removal(hung, "id", "sha256:1", {"filter"})
    assert (found.verdict, found.cause, found.hanging) == (Verdict.UNPROVEN, Cause.WORKER_HUNG, (1, 2))
    proving.answers = [TAGGED]
    assert looked(proving).verdict is Verdict.LIVE
    proving.answers = [PLAINLY, TAGGED]
    removed = removal(Evidence(POD, (), gone), "id", "sha256:1", {"filter"})
    assert removed.proof is Proof.CONFIG
    still = unseen(removed, proving.left([(POD, 2)], "id", "sha256:1")["web-0"])
    assert (still.proof, "x-tag: a" in still.reason) == (Proof.CONFIG, True)
    proving.answers = [PLAINLY]
    assert unseen(removed, proving.left([(POD, 2)], "id", "sha256:1")["web-0"]).proof is Proof.EFFECT


def counted(hung=(0, 0), clusters=(9, 12, 3)):
    hangs = {f"worker_{number}": count for number, count in enumerate(hung)}
    return Stats({}, {"main_thread": 0, **hangs}, clusters)


@pytest.mark.parametrize(
    ("before", "now", "asked"),
    [
        (None, counted(), 1),
        (None, counted((0, 1)), 2),
        (None, counted(clusters=(9, 0, 0)), 2),
        (None, counted(clusters=None), 1),
        (counted((1, 1)), counted((1, 1)), 1),
        (counted((1, 1)), counted((1, 2)), 2),
        (counted((1, 1)), counted((1, 0)), 2),
        (counted((0, 0)), counted((0, 0), (9, 0, 0)), 2),
        (counted((0, 0), (9, 0, 0)), counted((0, 0), (9, 0, 0)), 1),
        (counted((0, 0), (9, 2, 0)), counted((0, 0), (9, 0, 0)), 2),
    ],
    ids=["calm", "a hang", "reset", "not kept", "known", "another", "reset after", "reset since", "cleared", "again"],
)
def test_every_worker_is_asked_where_the_count_of_hangs_may_not_tell(monkeypatch, before, now, asked):
    workers = []
    admin = SimpleNamespace(
        several=lambda _, *questions: [lambda: "" for _ in questions],
        skew=lambda _: None,
        worker=lambda _, workers, asked: met.append(workers),
    )
    met = workers
    gatherer = Gatherer(None, "home", admin)
    names = "wasmnb.mesh.istio.proxies.evidence."
    monkeypatch.setattr(f"{names}read", lambda *_: None)
    monkeypatch.setattr(f"{names}proxy_started", lambda _: NOW)
    monkeypatch.setattr(gatherer, "_listeners", lambda *_: Listeners((), frozenset(), frozenset(), (), ""))
    for stats in [one for one in (before, now) if one is not None]:
        monkeypatch.setattr(f"{names}stats", lambda _, stats=stats: stats)
        gatherer._more(Evidence(POD), None, None)
    assert workers[-1] == asked
    gatherer.close()


def test_a_watch_forgets_what_is_known_of_pods_that_are_gone():
    kept, renewed = [], []
    keeps = SimpleNamespace(keep=kept.append, renew=renewed.append)
    reader = VerdictReader(None, PodList(None, "home"), None, keeps, None, images=None, proving=keeps)
    reader.known(POD, "id")
    reader.keep([POD])
    assert reader._known
    reader.keep([])
    assert not reader._known
    assert kept == [[POD], {"web-0"}, [], set()]
    reader.keep([])
    assert len(kept) == 4
    # Another pod of its name, as a StatefulSet makes one, is asked on new connections.
    reader.keep([POD])
    reader.keep([{**POD, "metadata": {"name": "web-0", "uid": "another"}}])
    assert renewed == ["web-0"]


def test_what_is_forgotten_meanwhile_may_be_added_to():
    known = dict.fromkeys(range(9))

    def gone(key):
        known[key + 100] = None  # as another thread does
        return key < 8

    forget(known, gone)
    assert not known.keys() & set(range(8))
    assert known.keys() >= {8, 100}


def test_what_a_gateway_answers_proves_nothing_where_a_pod_behind_it_has_the_plugin_too(proving):
    proving.answers = [TAGGED]
    proving.look([(verdict(), POD, STANDING._replace(behind=True))])
    found = proving.proven(verdict(), POD, "mark")
    assert found.verdict is Verdict.LOADED
    assert "may be the doing of a pod behind it" in found.reason
    assert "trace" in found.reason
    proving.look_anew({"id"})
    assert looked(proving).verdict is Verdict.LIVE


UPSTREAM = ("x-envoy-upstream-service-time", "1")
NO_ROUTE, MARKED = answer(status=404), answer(("x-tag", "a"), status=404)


@pytest.mark.parametrize(
    ("before", "now", "tells", "word"),
    [
        (NO_ROUTE, MARKED, True, Verdict.LIVE),
        (NO_ROUTE, NO_ROUTE, True, Verdict.LOADED),
        (NO_ROUTE, answer(("x-tag", "a"), UPSTREAM, status=404), True, Verdict.LOADED),
        (answer(UPSTREAM, status=404), MARKED, True, Verdict.LOADED),
        (PLAINLY, TAGGED, True, Verdict.LOADED),
        (NO_ROUTE, MARKED, False, Verdict.LOADED),
    ],
    ids=["its own", "without it", "a route came", "a route went", "a route", "it does not tell"],
)
def test_a_gateway_is_seen_to_act_on_what_it_has_no_route_for(proving, before, now, tells, word):
    proving.answers = [before]
    proving.before("id", "sha256:1", "another build", [(POD, frozenset())])
    proving.answers = [now]
    proving.look([(verdict(), POD, STANDING._replace(behind=True, tells=tells))])
    assert proving.proven(verdict(), POD, "mark").verdict is word


@pytest.mark.parametrize(
    ("fresh", "alone", "word"),
    [(60.0, TAGGED, Verdict.LIVE), (-1.0, TAGGED, Verdict.LOADED), (-1.0, PLAINLY, Verdict.LIVE)],
    ids=["just now", "the application has come to answer so", "it does not"],
)
def test_what_an_application_came_to_answer_itself_since_is_not_the_filters(proving, monkeypatch, fresh, alone, word):
    monkeypatch.setattr(known_effects, "_FRESH", fresh)
    item = {**POD, "spec": {"containers": [{"name": "istio-proxy"}, {"name": "app"}]}}
    proving.answers = [TAGGED]
    proving.requests.past = lambda wanted: [alone for _ in wanted]
    proving.look([(verdict(), item, STANDING)])
    assert proving.proven(verdict(), item, "mark").verdict is word


@pytest.mark.parametrize(("before", "word"), [(PLAINLY, Verdict.LIVE), (TAGGED, Verdict.LOADED)])
def test_a_filter_that_went_and_that_the_proxy_still_named_hides_nothing(proving, before, word):
    # The same build under another id, which had been taken away.
    proving.known.tried("former", "sha256:1", Trial((Effect(PLAIN, TAGS),)))
    proving.answers = [before]
    proving.before("id", "sha256:1", "again", [(POD, frozenset({"sha256:1"}))])
    proving.answers = [TAGGED]
    assert looked(proving).verdict is word


@pytest.mark.parametrize(("leads_on", "word"), [(False, Verdict.LIVE), (True, Verdict.LOADED)])
def test_what_another_plugin_does_may_have_come_from_a_pod_behind_a_gateway(proving, leads_on, word):
    proving.known.tried("inside", "sha256:2", Trial((Effect(PLAIN, TAGS),)))
    proving.answers = [TAGGED]
    proving.look([(verdict(), POD, STANDING._replace(leads_on=leads_on))])
    assert proving.proven(verdict(), POD, "mark").verdict is word


def test_pods_that_run_another_image_of_the_same_tag_or_otherwise_do_not_answer_alike(proving):
    def pod(name, image="sha256:1", **more):
        container = {"name": "app", "image": "app:latest", **more}
        status = {"podIP": "10.0.0.1", "containerStatuses": [{"name": "app", "imageID": image}]}
        metadata = {"name": name, "uid": name, "labels": {"app": "web"}}
        # As they are listed, without most of what they say.
        return slim({"metadata": metadata, "spec": {"containers": [container]}, "status": status})

    proving.before("id", "sha256:1", "build", [(pod("first"), frozenset())])
    others = (
        pod("alike"),
        pod("pushed", "sha256:2"),
        pod("flagged", env=[{"name": "NEW", "value": "1"}]),
        pod("settings", envFrom=[{"configMapRef": {"name": "new"}}]),
        pod("started", command=["serve", "--new"]),
    )
    assert [bool(proving.known.there(one, "id")) for one in others] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("telling", "containers", "answers"),
    [
        ({"web-0"}, ("app",), (FAILED, Handling.ANSWERED_503)),
        ((), ("app",), (PLAINLY, Handling.ANSWERED_503)),
        ((), ("app",), (FAILED, Handling.UNKNOWN)),
        ((), (), (PLAINLY, Handling.UNKNOWN)),
    ],
    ids=["it tells", "the application does not", "the application does", "a gateway"],
)
@pytest.mark.parametrize("hides", [False, True])
def test_an_error_is_the_proxys_only_where_it_can_be_told(proving, hides, telling, containers, answers):
    alone, said = answers
    item = {**POD, "spec": {"containers": [{"name": name} for name in ("istio-proxy", *containers)]}}
    if hides:
        said = said if not telling else Handling.UNKNOWN
        gone = frozenset({Trait(Facet.HEADER, "x-envoy-upstream-service-time")})
        proving.known.tried("other", "sha256:2", Trial((Effect(PLAIN, gone=gone),)))
    proving.answers = [FAILED]
    proving.requests.past = lambda wanted: [alone for _ in wanted]
    (found,) = proving.handled.look([verdict(Verdict.OLD)], {"web-0": item}, (), telling)
    assert found.requests is said


@pytest.mark.parametrize("apps", [["edge"], ["web"], ["web", "web"], ["edge", "web"]])
def test_a_gateway_is_told_that_a_pod_behind_it_has_the_plugin_too(monkeypatch, apps):
    pods = [{**POD, "metadata": {"name": f"{app}-{at}", "uid": str(at)}} for at, app in enumerate(apps)]
    looks = []
    proving = SimpleNamespace(
        proven=lambda one, *_: replace(one, verdict=Verdict.LOADED),
        look=looks.append,
        asks=lambda _: True,
        confine=lambda *_: None,
        handled=SimpleNamespace(look=lambda found, *_: found),
    )
    judged(monkeypatch, proving, pods, verdict(), whole=False)
    behind = [standing.behind for _, _, standing in looks[0]]
    assert behind == [app == "edge" and "web" in apps for app in apps]


def judged(monkeypatch, proving, pods, said, *, whole=True):
    """Judge the plugin on pods, of all of which their proxies say the same."""
    images = SimpleNamespace(modules=dict, fill=lambda _: None)
    reader = VerdictReader(None, PodList(None, "home"), None, None, None, images=images, proving=proving)
    evidence = {
        one["metadata"]["name"]: Evidence(one, (), Listeners((chain(one),), frozenset(), frozenset(), (), "mark"))
        for one in pods
    }
    monkeypatch.setattr(reader, "_gathered", lambda *_, **__: (evidence, [], ""))
    monkeypatch.setattr(reader, "wanted", lambda *_: SimpleNamespace(names=()))
    monkeypatch.setattr(reader, "_environment", lambda one, *_: one)
    for name, value in {"selects": True, "has_proxy": True, "put_at": NOW, "drift_of": ()}.items():
        monkeypatch.setattr(verdicts, name, lambda *_, value=value: value)
    monkeypatch.setattr(verdicts, "judge", lambda *_: said)
    stored = SimpleNamespace(
        kind=next(kind for kind in KINDS.values() if kind.ours), item=POD, name="id", id="id", record={}
    )
    return reader._judged(pods, [stored], rest=False, whole=whole)


def chain(item):
    """Give a filter chain of a gateway or of a sidecar."""
    return FilterChain(not item["metadata"]["name"].startswith("edge"), 9080, True, frozenset())


def test_what_shows_no_more_is_not_believed_where_nobody_may_look_again(proving):
    proving.answers = [TAGGED]
    assert looked(proving).verdict is Verdict.LIVE
    # A filter comes beside it, with which it shows no more, and goes.
    proving.answers = [PLAINLY]
    proving.look([(verdict(), POD, STANDING._replace(mark="another"))])
    proving.allow(Proof.CONFIG, "id")
    assert proving.proven(verdict(), POD, "mark").verdict is Verdict.LOADED


def test_nothing_is_remembered_of_pods_and_plugins_that_are_gone(proving):
    proving.answers = [TAGGED]
    looked(proving)
    proving.handled.look([verdict(Verdict.OLD)], {"web-0": POD}, (), {"web-0"})
    proving.known.remember("web-0", SimpleNamespace(method="GET", body=b"", path="/x", headers=()))
    proving.keep([])
    kept = (proving._sightings._looks, proving.handled._handled, proving.requests._own, proving.known._before)
    assert not any(kept)
    assert not proving.known._sent._sent
    # Its pods may come back, and answer as those before.
    assert looked(proving).verdict is Verdict.LIVE
    proving.forget("id")
    assert not any((proving._sightings._looks, proving.known._trials, proving.known._alike))
