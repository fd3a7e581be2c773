"""What happens to requests, from the answer to one of them."""

from __future__ import annotations

import pytest

from wasmnb.envoy.effect import Effect, Facet, Trait
from wasmnb.envoy.exchange import Probe
from wasmnb.envoy.handling import handling_of
from wasmnb.mesh import Handling
from wasmnb.traffic.exchange import Headers, Response

UPSTREAM = ("x-envoy-upstream-service-time", "1")


def answer(status=200, *headers):
    return Response(status, "", Headers(headers), b"")


def adds(value):
    return Effect(Probe(), frozenset({Trait(Facet.HEADER, "x-tag", value)}))


NEW, OLD, SILENT = adds("new"), adds("old"), Effect(Probe())
MARKED, FORMER, BARE = (answer(200, UPSTREAM, *more) for more in ([("x-tag", "new")], [("x-tag", "old")], []))


@pytest.mark.parametrize(
    ("seen", "own", "old", "before", "expected"),
    [
        (MARKED, NEW, [OLD], BARE, Handling.FILTERED),
        (MARKED, NEW, [OLD], MARKED, Handling.UNKNOWN),
        (FORMER, NEW, [OLD], FORMER, Handling.FILTERED_BY_OLD),
        (FORMER, None, [OLD], None, Handling.FILTERED_BY_OLD),
        (BARE, NEW, [OLD], FORMER, Handling.UNFILTERED),
        (BARE, NEW, [], BARE, Handling.UNFILTERED),
        (BARE, NEW, [SILENT], BARE, Handling.UNKNOWN),
        (BARE, SILENT, [], BARE, Handling.UNKNOWN),
        (BARE, None, [], None, Handling.UNKNOWN),
        (answer(503), NEW, [OLD], BARE, Handling.ANSWERED_503),
        (answer(500), None, [], None, Handling.ANSWERED_500),
        (answer(403), None, [], None, Handling.ANSWERED_403),
        (answer(403), None, [], answer(403), Handling.UNKNOWN),
        (answer(503, UPSTREAM), NEW, [], None, Handling.UNFILTERED),
        (answer(404, UPSTREAM, ("x-tag", "new")), NEW, [], None, Handling.FILTERED),
    ],
)
def test_what_one_answer_tells(seen, own, old, before, expected):
    assert handling_of(seen, own, old, before) is expected
