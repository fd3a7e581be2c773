from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pandas as pd
import pytest

from wasmnb.traffic import Captures, Exchange, Headers, Request, Response, diff
from wasmnb.traffic.lines import CHANGES

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def taken(*lines, status=200, reason="OK", body=b"", trailers=(), pod="details-v1", second=0, **request):
    sent = Request(
        request.get("method", "GET"), "details:9080", request.get("path", "/"), request.get("headers", Headers())
    )
    response = Response(status, reason, Headers(tuple(lines)), body, trailers=Headers(tuple(trailers)))
    at = START + timedelta(seconds=second)
    return Exchange(sent, response, request.get("source", "productpage"), pod, request.get("via", "proxy"), 0.001, at)


def table(before, after):
    frame = diff(before, after).astype(object).where(lambda frame: frame.notna(), None)
    return [tuple(row) for row in frame.itertuples(index=False)]


def test_the_articles_two_headers():
    old = [("server", "istio-envoy"), ("date", "10:10:07"), ("x-envoy-upstream-service-time", "31")]
    new = [("server", "istio-envoy"), ("date", "10:10:09"), ("x-envoy-upstream-service-time", "3")]
    assert table(taken(*old), taken(*new, ("hello", "world"), ("你好", "六翁"))) == [
        (":status", "200 OK", "200 OK", "same"),
        ("server", "istio-envoy", "istio-envoy", "same"),
        ("date", "10:10:07", "10:10:09", "varies"),
        ("x-envoy-upstream-service-time", "31", "3", "varies"),
        ("hello", None, "world", "added"),
        ("你好", None, "六翁", "added"),
    ]


def test_what_has_gone_stands_where_it_was():
    old = [("first", "1"), ("a", "1"), ("gone", "x"), ("gone-too", ""), ("b", "1")]
    assert table(taken(*old), taken(("a", "1"), ("b", "2"), status=404, reason="")) == [
        (":status", "200 OK", "404", "changed"),
        ("first", "1", None, "removed"),
        ("a", "1", "1", "same"),
        ("gone", "x", None, "removed"),
        ("gone-too", "", None, "removed"),
        ("b", "1", "2", "changed"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a", "b"], ["a", "c"], [("a", "a", "same"), ("b", "c", "changed")]),
        (["a", "b"], ["b"], [("a", None, "removed"), ("b", "b", "same")]),
        (["a"], ["x", "a"], [(None, "x", "added"), ("a", "a", "same")]),
        (["a", "a"], ["a"], [("a", "a", "same"), ("a", None, "removed")]),
    ],
)
def test_duplicates_are_paired(old, new, expected):
    rows = table(taken(*(("Set-Cookie", value) for value in old)), taken(*(("set-cookie", value) for value in new)))
    assert [row[1:] for row in rows[1:]] == expected


def test_a_varying_header_that_appears_is_an_effect():
    assert table(taken(), taken(("X-Request-Id", "1")))[1] == ("X-Request-Id", None, "1", "added")


def test_a_varying_header_varies_also_when_it_is_equal():
    assert table(taken(("Date", "1")), taken(("date", "1")))[1] == ("date", "1", "1", "varies")


def test_trailers_and_body():
    rows = table(
        taken(body=b"x" * 100 + b"old" + b"y" * 100, trailers=[("grpc-status", "0")]),
        taken(body=b"x" * 100 + b"new!" + b"y" * 100, trailers=[("grpc-status", "1")]),
    )
    assert rows[1] == ("trailer grpc-status", "0", "1", "changed")
    assert rows[2][0] == ":body"
    assert rows[2][1].startswith("203 bytes: …xxxx")
    assert "xold" in rows[2][1]
    assert "xnew!" in rows[2][2]


def test_without_before():
    frame = diff(None, taken(("a", "1"), body=b"body"))
    assert list(frame["after"]) == ["200 OK", "1"]
    assert frame["before"].isna().all()
    assert list(frame["change"]) == ["", ""]


@pytest.mark.parametrize("before", [None, taken(("a", "1"))])
def test_columns_and_dtypes_are_stable(before):
    frame = diff(before, taken())
    assert list(frame.columns) == ["name", "before", "after", "change"]
    assert [str(dtype) for dtype in frame.dtypes[:3]] == ["string"] * 3
    assert isinstance(frame["change"].dtype, pd.CategoricalDtype)
    assert tuple(frame["change"].cat.categories) == CHANGES


def test_before_is_the_last_one_under_another_state():
    captures = Captures()
    plain, plain_again = taken(("n", "1")), taken(("n", "2"), second=1)
    filtered, filtered_again = taken(("n", "3"), second=2), taken(("n", "4"), second=3)
    back = taken(("n", "5"), second=4)
    assert captures.add(plain, "none").before is None
    assert captures.add(plain_again, "none").before is None
    assert captures.add(filtered, "with").before is plain_again
    capture = captures.add(filtered_again, "with")
    assert (capture.after, capture.before) == (filtered_again, plain_again)
    assert list(capture.diff()["change"]) == ["same", "changed"]
    assert captures.add(back, "none").before is filtered_again
    assert list(captures) == [filtered_again, back]


def test_another_request_is_no_before():
    captures = Captures()
    captures.add(taken(), "none")
    for other in (
        taken(path="/other"),
        taken(method="POST"),
        taken(source="ratings"),
        taken(via="app"),
        taken(headers=Headers((("x", "y"),))),
    ):
        assert captures.before(other, "with") is None
    captures.clear()
    assert captures.before(taken(), "with") is None


def test_the_same_pod_is_preferred():
    captures = Captures()
    first, second = taken(pod="reviews-v1"), taken(pod="reviews-v2", second=1)
    captures.add(first, "none")
    captures.add(second, "none")
    assert captures.before(taken(pod="reviews-v1"), "with") is first
    assert captures.before(taken(pod="reviews-v3"), "with") is second


def test_what_is_kept_is_bounded():
    captures = Captures()
    for number in range(300):
        captures.add(taken(path=f"/{number}"), "none")
    for state in range(20):
        captures.add(taken(path="/299"), state)
    assert len(captures) <= 256 + 8
    assert captures.before(taken(path="/299"), "new") is not None
