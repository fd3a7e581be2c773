"""What several threads know together of one cluster: a live view's, a cell's, a deployment's."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.mesh.istio.test_before import WEB
from tests.mesh.istio.test_evidence import Levels
from tests.mesh.istio.test_hints import ISTIO, KIND
from tests.mesh.istio.test_workers import PLAINLY, POD, STANDING, TAGGED, TAGS, looked, verdict
from wasmnb.envoy.effect import Effect, Trial
from wasmnb.envoy.exchange import PLAIN, Probe
from wasmnb.errors import MeshError, SelectorError
from wasmnb.mesh.istio import watch
from wasmnb.mesh.istio.mesh import IstioMesh
from wasmnb.mesh.istio.objects.convergence import Convergence
from wasmnb.mesh.istio.proxies import request_trace
from wasmnb.mesh.istio.proxies.probe_requests import AT_ONCE
from wasmnb.mesh.istio.proxies.proving import Proving
from wasmnb.mesh.istio.proxies.request_trace import RequestTrace
from wasmnb.plugin.verdict import Proof, Verdict
from wasmnb.progress import Silent

EFFECT = Effect(PLAIN, TAGS)
TRIAL = Trial((EFFECT,))
CLUSTER = SimpleNamespace(close=lambda: None, may=lambda _: True, request=lambda *_, **__: {"items": []})
RAISED = {"testing": "trace", "http": "trace", "wasm": "trace"}


@pytest.fixture
def proving():
    """One to whose requests `now` is what a pod answers."""
    made = Proving(SimpleNamespace(may=lambda _: True), "home", None, lambda _: [9080])
    made.permit(Proof.EFFECT)
    made.now = PLAINLY
    made.requests._strict = lambda *_: ""
    made.requests._itself = lambda *_: made.now
    made.requests.past = lambda wanted: [None for _ in wanted]
    made.known.tried("id", "sha256:1", TRIAL)
    yield made
    made.close()


def test_traces_of_more_pods_than_there_are_threads_come_to_an_end(proving, monkeypatch):
    monkeypatch.setattr(request_trace, "raised", lambda *_: nullcontext())
    monkeypatch.setattr(request_trace, "logged_lately", lambda *_: [])
    monkeypatch.setattr(request_trace, "_READS", 1)
    pods = [{**POD, "metadata": {"name": f"web-{at}", "uid": f"u{at}"}} for at in range(3 * AT_ONCE)]
    traced = []
    thread = threading.Thread(target=lambda: traced.extend(proving.trace.of(pods, "id")), daemon=True)
    thread.start()
    # It ends at once, or never.
    thread.join(60)
    assert len(traced) == len(pods)


def test_what_raises_the_log_levels_of_a_pod_waits_for_who_has_raised_them():
    admin = Levels()
    before, trace = dict(admin.now), RequestTrace(admin, None)
    raised = threading.Event()

    def raise_too():
        with trace.raised([POD], {"http": "debug"}):
            raised.set()

    with trace.raised([POD], {"http": "trace"}):
        second = threading.Thread(target=raise_too)
        second.start()
        assert not raised.wait(0.3)
        assert admin.now["http"] == "trace"
    second.join()
    assert raised.is_set()
    assert admin.now == before


def test_levels_that_were_put_back_since_they_were_read_were_not_left_raised():
    admin = Levels(wasm="debug")
    assert RequestTrace(admin, None).mend(POD, RAISED) == ""
    assert admin.set == []
    left = Levels(**RAISED)
    assert "they were put back" in RequestTrace(left, None).mend(POD, RAISED)
    assert left.now["http"] == "warning"


def test_a_removal_is_proven_though_what_was_there_before_is_forgotten_meanwhile(proving):
    proving.before("id", "sha256:1", "build", [(POD, frozenset())])
    proving.now = TAGGED
    assert looked(proving).verdict is Verdict.LIVE
    proving.now, send = PLAINLY, proving.requests.send

    def send_and_forget(wanted):
        # As by a live view that finds it at other ports.
        proving.known.elsewhere("id")
        return send(wanted)

    proving.requests.send = send_and_forget
    assert proving.left([(POD, 1)], "id", "sha256:1") == {"web-0": ""}


class Late(str):
    """The id of a plugin, during whose comparison another thread looks for one."""

    __slots__ = ("known",)

    def __eq__(self, other):
        self.known.spend({"metadata": {"uid": f"{len(self.known._spent)}"}}, "other")
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_what_is_known_can_be_put_back_though_somebody_looks_meanwhile(proving):
    known, plugin = proving.known, Late("id")
    plugin.known = known
    for uid in "abc":
        known.spend({"metadata": {"uid": uid}}, "id")
    known.snapshot(plugin)()
    assert ("a", "id") in known._spent


def test_what_was_learned_may_be_forgotten_while_it_is_looked_for(proving):
    known = proving.known
    known.learn("id", "sha256:1", "build", TRIAL, None)
    known._builds = lambda: known._learned.clear() or {}
    assert known.beyond("id", STANDING, EFFECT)


def test_what_is_known_of_builds_stays_as_it_is_for_who_reads_it(proving):
    builds = proving.known.builds("id")
    proving.known.tried("id", "sha256:2", Trial())
    assert list(builds) == ["sha256:1"]
    assert list(proving.known.builds("id")) == ["sha256:1", "sha256:2"]


@pytest.mark.parametrize("fails", [True, False], ids=["breaks-off", "ends"])
def test_a_mesh_that_is_disconnected_during_a_look_has_no_verdicts(fails):
    mesh = IstioMesh(CLUSTER, "team", ISTIO)
    mesh._objects.all = lambda: [SimpleNamespace(id="id")]
    reader = mesh._reader
    reader.serving = lambda: mesh.stop() or [POD]
    reader.judged = lambda items, *_, **__: reader._gatherer.gather(items, {}, "", whole=True) if fails else []
    with pytest.raises(MeshError, match="was disconnected"):
        mesh.verdicts()


def test_requests_that_change_something_are_kept_for_the_deployment_that_they_are_meant_for():
    mesh, post = IstioMesh(CLUSTER, "team", ISTIO), Probe("POST", "/order")
    known, mesh._reader.serving = mesh._proving.known, list
    with ThreadPoolExecutor(1) as threads, mesh._deployments._lock:
        known.mean({"web-0": [post]})
        other = threads.submit(mesh.apply, WEB, preflight=False)
        # Without waiting for this deployment it would take it for the one before.
        wait([other], timeout=0.3)
        assert known.probes([POD]) == (post,)
    mesh.stop()
    assert isinstance(other.exception(), SelectorError)


def test_a_watch_of_a_mesh_that_is_disconnected_meanwhile_is_closed(monkeypatch):
    mesh, closed = IstioMesh(CLUSTER, "team", ISTIO), []

    def opened(*_, **__):
        mesh.stop()
        return SimpleNamespace(close=lambda: closed.append("closed"))

    monkeypatch.setattr(watch, "IstioWatch", opened)
    with pytest.raises(MeshError, match="was disconnected"):
        mesh.watch()
    assert closed == ["closed"]


def test_what_another_thread_looked_for_before_all_workers_had_it_is_looked_for_again(proving):
    proving.before("id", "sha256:1", "build", [(POD, frozenset())])
    found, settled = looked(proving), time.monotonic()
    assert found.verdict is Verdict.LOADED
    assert proving.unsure(found, POD, settled)
    # Whoever looked itself, or a second time, knows it.
    assert not proving.unsure(found, POD)
    proving.look_anew({"id"})
    assert not proving.unsure(looked(proving), POD, settled)


def test_a_deployment_does_not_end_with_what_another_thread_saw_before(monkeypatch):
    asked, reader = [], IstioMesh(CLUSTER, "team", ISTIO)._reader
    monkeypatch.setattr(reader, "concerned", lambda _: [POD])
    monkeypatch.setattr(reader, "judged", lambda *_, **__: [replace(verdict(), verdict=Verdict.LOADED)])
    monkeypatch.setattr(reader, "unsure", lambda *given: bool(asked.append(given[2:]) or len(asked) < 3))
    begun = time.monotonic()
    Convergence(reader, None).settled([SimpleNamespace(id="id", kind=KIND)], 60.0, Silent())
    assert len(set(asked)) == 1
    assert asked[0][0] > begun
