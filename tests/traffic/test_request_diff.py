"""What became of a request on its way: sent, received before, received after."""

from __future__ import annotations

from datetime import datetime, timezone

import pandas as pd

from wasmnb.traffic import Capture, Exchange, Headers, Received, Request, Response

AT = datetime(2026, 1, 1, tzinfo=timezone.utc)


def request(*headers, path="/one", body=b"", method="GET"):
    return Request(method, "shop:80", path, Headers(headers), body)


def exchange(sent, received=None, unseen=""):
    came = Received(received) if received is not None else None
    return Exchange(sent, Response(200, "OK", Headers()), "cart", "shop-0", "proxy", 0.1, AT, (), came, unseen)


def changes(after, before=None):
    return {row.name: row.change for row in Capture(after, before).request.rows if row.change != "same"}


SENT = request(("X-Mine", "1"), ("x-mine", "2"), ("x-gone", "g"))


def test_without_a_before_the_received_is_compared_with_the_sent():
    got = request(("x-mine", "1"), ("x-mine", "two"), ("x-forwarded-proto", "http"), path="/other")
    after = exchange(SENT, got)
    assert changes(after) == {
        ":path": "changed",
        "x-mine": "changed",
        "x-forwarded-proto": "added",
        "x-gone": "removed",
    }
    lines = [(row.name, row.sent, row.before, row.after) for row in Capture(after).request.rows]
    assert ("x-mine", "1", None, "1") in lines
    assert ("x-mine", "2", None, "two") in lines
    assert ("x-gone", "g", None, None) in lines


def test_with_a_before_only_what_the_change_of_plugins_did_is_marked():
    proxies = (("x-forwarded-proto", "http"), ("x-request-id", "a"))
    before = exchange(SENT, request(("x-mine", "1"), ("x-mine", "2"), ("x-gone", "g"), *proxies))
    after = exchange(SENT, request(("x-mine", "1"), ("x-user", "me"), ("x-gone", "g"), *proxies))
    assert changes(after, before) == {"x-user": "added", "x-mine": "removed", "x-request-id": "varies"}
    lost = next(row for row in Capture(after, before).request.rows if row.change == "removed")
    assert (lost.sent, lost.before, lost.after) == ("2", "2", None)


def test_what_a_filter_before_had_added_and_this_one_does_not_is_removed():
    before = exchange(SENT, request(*SENT.headers, ("x-user", "me")))
    rows = Capture(exchange(SENT, request(*SENT.headers)), before).request.rows
    assert [(row.sent, row.before, row.after, row.change) for row in rows if row.name == "x-user"] == [
        (None, "me", None, "removed")
    ]


def test_a_line_that_neither_let_through_is_the_same():
    before = exchange(SENT, request(("x-mine", "1"), ("x-mine", "2")))
    assert changes(exchange(SENT, request(("x-mine", "1"), ("x-mine", "2"))), before) == {}


def test_a_body_has_a_row_when_it_differs():
    sent = request(body=b"hello", method="POST")
    rows = Capture(exchange(sent, request(body=b"hullo", method="POST"))).request.rows
    body = next(row for row in rows if row.name == ":body")
    assert (body.sent, body.after, body.change) == ("5 bytes: hello", "5 bytes: hullo", "changed")
    assert not [row for row in Capture(exchange(sent, sent)).request.rows if row.name == ":body"]


def test_the_frame_is_the_same_when_nothing_is_known():
    known, unknown = Capture(exchange(SENT, SENT)).request, Capture(exchange(SENT, unseen="no way")).request
    assert list(known.frame.columns) == ["name", "sent", "before", "after", "change"]
    pd.testing.assert_series_equal(known.frame.dtypes, unknown.frame.dtypes)
    assert unknown.unseen == "no way"
    assert not unknown.changed


def test_a_credential_is_seen_to_change_but_not_seen():
    sent = request(("authorization", "Bearer abcdefgh"), path="/one?token=abcdefgh")
    got = request(("authorization", "Bearer zyxwvuts"), path="/one?token=abcdefgh&more=1")
    found = Capture(exchange(sent, got)).request
    assert "abcdefgh" not in str(found) + found.frame.to_csv() + str(found.to_dict())
    assert "zyxwvuts" not in str(found) + found.frame.to_csv() + str(found.to_dict())
    assert {row.name: row.change for row in found.rows}["authorization"] == "changed"
