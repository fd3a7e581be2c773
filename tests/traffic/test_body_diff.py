from __future__ import annotations

import json
from dataclasses import astuple

import pytest

from tests.traffic.test_capture import taken
from wasmnb.traffic.body_diff import body_rows


def compared(old, new):
    found = body_rows(taken(body=old), taken(body=new))
    return found if found is None else [astuple(row) for row in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'{"a": 1}', b'{"a": 1.0}', [("a", "1", "1.0", "changed")]),
        (b'{"a": 1}', b'{"a": true}', [("a", "1", "true", "changed")]),
        (b'{"a": {"b-c": [1, {"d": 2}]}}', b'{"a": {"b-c": [1, {"d": 3}]}}', [("a.b-c[1].d", "2", "3", "changed")]),
        (b'{"a.b": 1}', b"{}", [('["a.b"]', "1", None, "removed")]),
        (b"[1, 2, 3]", b"[2, 3]", [("[0]", "1", None, "removed")]),
        (b'{"a": [1]}', b'{"a": {"b": 1}}', [("a", "[1]", '{"b": 1}', "changed")]),
        (b"[]", b"{}", [("all of it", "[]", "{}", "changed")]),
        (b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}', []),
        (b'{"log": "token=abcd1234"}', b'{"log": "x"}', [("log", '"token=***"', '"x"', "changed")]),
    ],
)
def test_values_are_compared(old, new, expected):
    assert compared(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"{}", b"{}"), (b"1", b"2"), (b"{}", b"text"), (b"", b"{}"), (b"\xff", b"{}"), (b"[" * 5000, b"{}")],
)
def test_what_is_no_json_is_not_compared(old, new):
    assert compared(old, new) is None


def test_long_lists_are_compared_item_by_item():
    old = list(range(10_000))
    assert compared(json.dumps(old).encode(), json.dumps([*old[:-1], "x"]).encode()) == [
        ("[9999]", "9999", '"x"', "changed")
    ]
