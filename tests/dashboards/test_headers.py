"""The model of the headers' dashboard."""

from __future__ import annotations

import threading

import pytest

from tests.dashboards.simulated import SimulatedMesh
from tests.mesh.conftest import until
from tests.mesh.tiny import tag
from wasmnb.dashboards import watch_headers
from wasmnb.dashboards.headers import HeadersWatch
from wasmnb.errors import TrafficError, UsageError
from wasmnb.image import package
from wasmnb.mesh.local import LocalMesh
from wasmnb.plugin import Plugin
from wasmnb.session import Session

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

URL = "details:9080/details/123"


def test_a_plugin_that_comes_and_goes_is_seen_at_once():
    with Session() as session:
        session.use(LocalMesh.start())
        watch = HeadersWatch(lambda: session.headers("productpage", URL), session.current, title="details", every=60.0)
        told = []
        watch.on_change(told.append)
        watch.start()
        until(lambda: watch.entries, lambda entries: len(entries) == 1)
        session.current.apply(Plugin("one", package(tag("one")), {"app": "details"}))
        until(lambda: [row[0] for row in watch.entries[-1].record.rows], lambda names: "x-tag" in names)
        changed = {row[0]: row[3] for row in watch.entries[-1].record.rows}
        assert changed["x-tag"] == "added"
        assert watch.entries[-1].pod.startswith("details-v1")
        assert "1 earlier response was different" in repr(watch.record())
        numbers = [one["number"] for one in told]
        assert numbers == list(range(1, len(numbers) + 1))
        watch.close()
        assert not [one for one in threading.enumerate() if one.name.startswith("wasmnb-dashboard")]


def test_the_same_answer_is_counted_and_a_silent_service_is_stale():
    with Session() as session:
        session.use(LocalMesh.start())
        broken = threading.Event()

        def send():
            if broken.is_set():
                raise TrafficError("connection refused")
            return session.headers("productpage", URL)

        watch = HeadersWatch(send, session.current, title="details", every=0.05)
        watch.start()
        until(lambda: [entry.times for entry in watch.entries], lambda times: bool(times) and times[0] > 3)
        assert len(watch.entries) == 1
        broken.set()
        until(lambda: repr(watch.record()), lambda text: "stale since" in text and "connection refused" in text)
        broken.clear()
        until(lambda: repr(watch.record()), lambda text: "stale" not in text)
        watch.close()


def test_whatever_breaks_a_request_is_told_and_the_next_one_is_sent():
    with Session() as session:
        session.use(LocalMesh.start())
        answers = iter([OSError("the other end hung up")])

        def send():
            for error in answers:
                raise error
            return session.headers("productpage", URL)

        watch = HeadersWatch(send, session.current, title="details", every=0.5)
        told = []
        watch.on_change(told.append)
        watch.start()
        until(lambda: watch.freshness.kind, lambda kind: kind == "live")
        watch.close()
        reasons = [one["freshness"]["reason"] for one in told if one["freshness"]["kind"] == "stale"]
        assert reasons == ["OSError: the other end hung up"]


def test_an_answer_is_believed_no_longer_than_the_mesh_is_heard_of():
    with Session() as session:
        session.use(LocalMesh.start())
        mesh, hangs = SimulatedMesh(1), threading.Event()

        def send():
            while hangs.is_set():
                threading.Event().wait(0.01)
            return session.headers("productpage", URL)

        watch = HeadersWatch(send, mesh, title="details", every=0.05)
        watch.start()
        until(lambda: watch.freshness.kind, lambda kind: kind == "live")
        hangs.set()
        mesh.leave()
        until(lambda: repr(watch.record()), lambda text: "stale since" in text and "does not answer" in text)
        hangs.clear()
        mesh.come_back()
        until(lambda: watch.freshness.kind, lambda kind: kind == "live")
        watch.close()


def test_an_outage_that_is_over_is_not_waited_for_until_the_next_turn():
    with Session() as session:
        session.use(LocalMesh.start())
        mesh = SimulatedMesh(1)
        watch = HeadersWatch(lambda: session.headers("productpage", URL), mesh, title="details", every=600.0)
        watch.start()
        until(lambda: watch.freshness.kind, lambda kind: kind == "live")
        mesh.leave()
        until(lambda: watch.freshness.kind, lambda kind: kind == "stale")
        mesh.come_back()
        until(lambda: watch.freshness.kind, lambda kind: kind == "live")
        watch.close()


def test_what_is_not_safe_is_not_repeated_unasked():
    with Session() as session:
        session.use(SimulatedMesh(1))
        with pytest.raises(UsageError, match="again and again"):
            watch_headers(session, "productpage", URL, data="x")
