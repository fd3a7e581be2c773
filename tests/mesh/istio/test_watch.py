"""The stream of changes when the API server forgets, or is gone for a while: nothing is lost, nothing made up."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from tests.cluster.wire import wired
from tests.mesh.istio.conftest import DETAILS
from tests.mesh.tiny import tag
from wasmnb.errors import MeshError
from wasmnb.mesh.istio import watch as watching
from wasmnb.mesh.istio.api.cluster import Cluster
from wasmnb.plugin import Plugin
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict


def until(changes, kind, name=""):
    """Read on to a change of a kind; give it with all that came before."""
    seen = []
    for change in changes:
        seen.append(change)
        if change.kind == kind and change.name.startswith(name):
            return change, seen
    raise AssertionError(f"the stream ended without {kind}")


def test_a_version_that_the_api_server_has_forgotten_is_listed_anew(mesh, monkeypatch, published):
    listed = []
    whole = watching._Feed._list

    def forgotten(feed):
        version = whole(feed)
        listed.append(feed._path)
        # The first version of all, long compacted away: the server answers 410 Gone.
        return "1" if listed.count(feed._path) == 1 else version

    monkeypatch.setattr(watching._Feed, "_list", forgotten)
    with mesh.watch() as watch:
        _, seen = until(watch, "pod")
        assert not any(change.kind == "stale" for change in seen)
        mesh.apply(Plugin("later", published(tag("one")), DETAILS))
        until(watch, "plugin", "later")
        change, _ = until(watch, "verdict")
        assert change.value["plugin"] == "later"
    assert max(listed.count(path) for path in listed) >= 2


def test_an_api_server_that_is_gone_for_a_while_is_told_and_nothing_is_lost(mesh, monkeypatch, published):
    gone = threading.Event()
    open_ = Cluster.open

    def perhaps(cluster, method, path, **options):
        if gone.is_set() and threading.current_thread().name.startswith("wasmnb-watch"):
            raise MeshError("The API server does not answer.")
        return open_(cluster, method, path, **options)

    monkeypatch.setattr(Cluster, "open", perhaps)
    with mesh.watch() as watch:
        until(watch, "pod")
        gone.set()
        for feed in watch._feeds():
            while feed._answer is None and not feed.problem:
                pass
            # One that has ended by itself meanwhile is gone as well.
            with contextlib.suppress(OSError, ValueError):
                if feed._answer is not None:
                    feed._answer.shutdown()
        stale, _ = until(watch, "stale")
        assert "does not answer" in stale.value["reason"] or "broke off" in stale.value["reason"]
        assert stale.value["since"]
        mesh.apply(Plugin("meanwhile", published(tag("one")), DETAILS))
        gone.clear()
        _, seen = until(watch, "fresh")
        assert "meanwhile" in [change.name for change in seen if change.kind == "plugin"]


@pytest.fixture
def far(home, connect, cluster, tmp_path, monkeypatch):
    """Give the way to the cluster, which can be cut, and a mesh that is reached through it."""
    monkeypatch.setattr(watching, "_QUIET", 1.0)
    monkeypatch.setattr(watching, "_ANSWER", 1.0)
    with wired(cluster.kubeconfig, tmp_path) as (wire, kubeconfig):
        mesh = connect(home, kubeconfig, preflight=False)
        yield wire, mesh
        mesh.stop()


@pytest.mark.parametrize("way", ["silence", "cut"])
def test_a_connection_that_leads_nowhere_is_noticed_and_nothing_is_fresh_before_it_is_judged(way, mesh, far, published):
    mesh.apply(Plugin("kept", published(tag("one")), DETAILS))
    wire, beyond = far
    with beyond.watch() as watch:
        until(watch, "verdict")
        getattr(wire, way)()
        stale, _ = until(watch, "stale")
        assert stale.value["reason"]
        assert stale.value["since"] < stale.at.isoformat()
        mesh.remove("kept")
        mesh.apply(Plugin("instead", published(tag("two")), DETAILS))
        wire.mend()
        _, seen = until(watch, "fresh")
    told = {change.name: change.value for change in seen if change.kind in ("plugin", "plugin-gone")}
    assert told["kept"] == {}
    assert told["instead"]
    judged = [one.value["verdict"] for one in seen if one.kind == "verdict" and one.name.endswith("/instead")]
    assert judged == [Verdict.LOADED.value] * 3


@pytest.mark.parametrize("answers", [True, False])
def test_what_was_well_and_is_not_is_told_where_the_api_server_answers(answers):
    told = []
    watch = object.__new__(watching.IstioWatch)
    watch._cluster = SimpleNamespace(answers=lambda _: answers, renew=lambda: None, server="https://there")
    watch._told = {("verdict", "web-0/id"): {"verdict": "LIVE"}}
    watch._compare = lambda found, *_: told.extend(found)
    hung = PodVerdict("web-0", "id", Verdict.HUNG, "", "", "", (), datetime.now(timezone.utc), Cause.PROXY_SILENT)
    watch._judge, watch._unsure = lambda *_: [hung], lambda *_: False
    stored = [SimpleNamespace(id="id")]
    if answers:
        watch._judge_anew([], stored)
        assert told == [("verdict", "web-0/id")]
        return
    # Nobody passed on what the proxies were asked: that is not about them.
    with pytest.raises(MeshError, match="https://there does not answer"):
        watch._judge_anew([], stored)
    assert not told


@pytest.mark.parametrize(
    ("word", "unsure", "rest"),
    [(Verdict.WARMING, False, "_SOON"), (Verdict.LOADED, True, "_DUE"), (Verdict.LOADED, False, "_LATE")],
)
def test_what_may_change_in_a_moment_is_looked_at_again_sooner(monkeypatch, word, unsure, rest):
    for times, name in enumerate(("_SOON", "_DUE", "_LATE"), start=3):
        monkeypatch.setattr(watching, name, 10.0**times)
    watch = object.__new__(watching.IstioWatch)
    watch._told, watch._compare, watch._unsure, watch._missing = {}, lambda *_: None, lambda *_: unsure, 0
    watch._judge = lambda *_: [PodVerdict("web-0", "id", word, "", "", "", (), datetime.now(timezone.utc))]
    watch._judge_anew([], [SimpleNamespace(id="id")])
    # It tells how long it is until the look after that has ended.
    assert round(watch.span, -2) == getattr(watching, rest)


def test_an_answer_that_is_missing_for_long_is_not_waited_for_by_looking_ever_again(monkeypatch):
    monkeypatch.setattr(watching, "_DUE", 1e4)
    monkeypatch.setattr(watching, "_LATE", 1e5)
    watch, missing = object.__new__(watching.IstioWatch), [True]
    watch._told, watch._compare, watch._unsure, watch._missing = {}, lambda *_: None, lambda *_: missing[0], 0
    loaded = PodVerdict("web-0", "id", Verdict.LOADED, "", "", "", (), datetime.now(timezone.utc))
    watch._judge = lambda *_: [loaded]
    spans = []
    for answered in (*[False] * (watching._MOMENTS + 2), True, False):
        missing[0] = not answered
        watch._judge_anew([], [SimpleNamespace(id="id")])
        spans.append(round(watch.span, -2))
    assert spans == [*[1e4] * watching._MOMENTS, 1e5, 1e5, 1e5, 1e4]


def test_what_nothing_tells_of_is_on_the_screen_within_ten_seconds():
    watch = object.__new__(watching.IstioWatch)
    watch._told, watch._compare, watch._unsure = {}, lambda *_: None, lambda *_: False
    watch._judge = lambda *_: [PodVerdict("web-0", "id", Verdict.LIVE, "", "", "", (), datetime.now(timezone.utc))]
    watch._judge_anew([], [SimpleNamespace(id="id")])
    assert watch.span < 10


def test_what_could_not_be_judged_for_a_while_is_listed_anew(mesh, monkeypatch):
    listed, fails = [], threading.Event()
    whole, judged = watching._Feed._list, watching.IstioWatch._judge_anew

    def counted(feed):
        listed.append(feed._path)
        return whole(feed)

    def perhaps(watch, items, stored):
        if fails.is_set():
            fails.clear()
            raise MeshError("The proxies cannot be reached.")
        judged(watch, items, stored)

    monkeypatch.setattr(watching._Feed, "_list", counted)
    monkeypatch.setattr(watching.IstioWatch, "_judge_anew", perhaps)
    monkeypatch.setattr(watching, "_LATE", 0.5)
    with mesh.watch() as watch:
        until(watch, "fresh")
        assert len(listed) == len(watch._feeds())
        fails.set()
        stale, _ = until(watch, "stale")
        assert stale.value["reason"] == "The proxies cannot be reached."
        until(watch, "fresh")
        assert all(listed.count(feed._path) >= 2 for feed in watch._feeds())


def test_no_thread_survives_a_watch_that_is_closed(mesh):
    with mesh.watch() as watch:
        until(watch, "pod")
    for feed in watch._feeds():
        feed._thread.join(20)
        assert not feed._thread.is_alive()
    watch._thread.join(20)
    assert not watch._thread.is_alive()
    with pytest.raises(StopIteration):
        next(watch)
