"""What an Envoy counts is read while no request of our own is under way."""

from __future__ import annotations

from wasmnb.envoy import own_requests
from wasmnb.envoy.own_requests import OwnRequests, between_own


def test_answers_are_counted_by_process_and_status_class():
    own = OwnRequests()
    for process, status in ((1, 200), (1, 204), (1, 503), (2, 200)):
        own.add(process, status)
    assert own.of(1) == {"2": 2, "5": 1}
    assert own.of(2) == {"2": 1}
    assert own.of(3) == {}


def test_what_was_counted_while_one_was_under_way_is_read_again(monkeypatch):
    first, second = OwnRequests(), OwnRequests()
    asked, read = [], []
    monkeypatch.setattr(own_requests.time, "sleep", lambda _: [one.__exit__(None, None, None) for one in asked])

    def look(places):
        read.append(list(places))
        if len(read) == 1:
            # It begins and ends between the look at the count and the look at what of it is ours.
            with second.asking():
                pass
        return [f"{at} at {len(read)}" for at in places]

    third = OwnRequests()
    asked.append(third.asking())
    asked[0].__enter__()
    assert between_own([first, second, third], look) == ["0 at 1", "1 at 2", "2 at 2"]
    assert read == [[0, 1], [1, 2]]


def test_an_envoy_that_is_asked_all_the_time_is_read_as_it_is(monkeypatch):
    monkeypatch.setattr(own_requests, "_PATIENCE", 0.0)
    own = OwnRequests()
    with own.asking():
        assert between_own([own], lambda places: ["page"] * len(places)) == ["page"]
    assert between_own([], lambda _: []) == []
