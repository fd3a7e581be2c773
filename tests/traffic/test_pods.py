"""The same request to each pod of a service: lines side by side, whatever a pod lacks or has twice."""

from __future__ import annotations

import json

import pytest

from tests.mesh.tiny import build, header, tag
from tests.views.things import exchange
from wasmnb.errors import TrafficError, UsageError
from wasmnb.rollout.fan_out import ask_each
from wasmnb.session import Session
from wasmnb.traffic import Capture, PodCaptures
from wasmnb.views import record_of

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]


def taken(*answers, before=None):
    captures = [
        Capture(exchange(*lines, pod=pod, body=body), before if before is not None and pod == "a" else None)
        for pod, lines, body in answers
    ]
    return PodCaptures(tuple(captures))


def names(found):
    return [(line.name, dict(line.by_pod), line.among) for line in found.lines()]


def test_lines_stand_side_by_side_in_wire_order():
    found = taken(
        ("a", [("server", "envoy"), ("x-tag", "1"), ("x-tag", "2"), ("date", "now")], b"same"),
        ("b", [("server", "envoy"), ("x-new", "n"), ("x-tag", "2"), ("date", "later")], b"same"),
        ("c", [("Server", "envoy"), ("x-tag", "2"), ("x-tag", "3"), ("date", "now"), ("last", "l")], b"same"),
    )
    assert names(found) == [
        (":status", {"a": "200 OK", "b": "200 OK", "c": "200 OK"}, "same"),
        ("server", {"a": "envoy", "b": "envoy", "c": "envoy"}, "same"),
        ("x-new", {"b": "n"}, "differs"),
        ("x-tag", {"a": "1", "c": "3"}, "differs"),
        ("x-tag", {"a": "2", "b": "2", "c": "2"}, "same"),
        ("date", {"a": "now", "b": "later", "c": "now"}, "varies"),
        ("last", {"c": "l"}, "differs"),
    ]


def test_one_pod_alone_differs_from_none():
    found = taken(("a", [("x", "1")], b""))
    assert {among for *_, among in names(found)} == {"same"}
    assert "1 pod answered, all the same" in repr(record_of(found))


def test_bodies_that_differ_have_a_line():
    found = taken(("a", [], b"one body"), ("b", [], b"two body"))
    assert names(found)[-1] == (":body", {"a": "8 bytes: one body", "b": "8 bytes: two body"}, "differs")


def test_frames_have_stable_columns():
    before = exchange(("x", "0"), ("gone", "1"), pod="a", body=b"")
    found = taken(("a", [("x", "1")], b""), ("b", [("x", "2")], b""), before=before)
    frame = found.diff()
    assert list(frame.columns) == ["pod", "name", "before", "after", "change", "among"]
    assert [str(dtype) for dtype in frame.dtypes] == ["string"] * 4 + ["category"] * 2
    assert {str(dtype) for dtype in taken(("a", [], b"")).diff().dtypes} == {"string", "category"}
    mine = frame[frame.pod == "a"].set_index("name")
    assert mine.change["x"] == "changed"
    assert mine.among["x"] == "differs"
    assert mine.change["gone"] == "removed"
    assert mine.among.isna()["gone"]
    wide = record_of(found).frame
    assert list(wide.columns) == ["name", "among", "a", "b"]
    assert "a: 1 changed, 1 removed since" in repr(record_of(found))


def test_secrets_are_masked_and_differences_of_them_seen():
    found = taken(("a", [("set-cookie", "one=1")], b""), ("b", [("set-cookie", "two=2")], b""))
    shown = repr(record_of(found)) + record_of(found)._repr_html_()
    assert "one=1" not in shown
    assert "two=2" not in shown
    assert record_of(found).rows[1][1] == "differs"


def test_a_pod_that_does_not_answer_is_named_and_when_none_does_it_is_an_error():
    def send(*, pod):
        if pod == "b":
            raise TrafficError("There was no answer.")
        return exchange(pod=pod)

    answers, silent = ask_each(["a", "b", "c"], send, "details:9080/")
    assert [one.pod for one in answers] == ["a", "c"]
    assert silent == {"b": "There was no answer."}
    record = record_of(PodCaptures(tuple(Capture(one) for one in answers), silent))
    assert record.tone == "bad"
    assert "b gave no answer: There was no answer." in record.notes
    with pytest.raises(TrafficError, match="None of the pods") as caught:
        ask_each(["b"], send, "details:9080/")
    assert caught.value.why == ("b: There was no answer.",)
    assert caught.value.hint == "session.pods() shows whether they are ready"
    with pytest.raises(TrafficError, match="No pod"):
        ask_each([], send, "details:9080/")


def test_each_pod_of_a_real_service_before_and_after():
    source, url = "productpage", "reviews:9080/reviews/7"
    with Session() as session:
        session.mesh("local")
        first = session.headers(source, url, all_pods=True)
        assert first.pods == ("reviews-v1-0", "reviews-v2-0", "reviews-v3-0")
        session.deploy(tag("all"), id="all", selector="app=reviews")
        session.deploy(build("one", response=header("你好", "六翁")), id="one", selector="app=reviews,version=v2")
        found = session.headers(source, url, all_pods=True)
        lines = {line.name: line for line in found.lines()}
        assert lines["x-tag"].among == "same"
        assert dict(lines["你好"].by_pod) == {"reviews-v2-0": "六翁"}
        assert lines["你好"].among == "differs"
        assert [one.before.pod for one in found.captures] == list(found.pods)
        frame = found.diff()
        assert list(frame[(frame.name == "x-tag")].change) == ["added"] * 3
        same = session.headers(source, url, all_pods=True, before=found).diff()
        assert set(same.change) == {"same", "varies"}
        assert session.headers(source, url, all_pods=True, before="none").captures[0].before is None
        json.dumps(record_of(found).to_dict())
        with pytest.raises(UsageError):
            session.headers(source, url, all_pods=True, via="app")
