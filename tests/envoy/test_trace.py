"""Envoy's trace of a recognisable request: whose call it is, by the lines of the filter manager."""

import pytest

from wasmnb.envoy.exchange import Probe
from wasmnb.envoy.trace import CONNECTION, called, marked, spoken

MINE, OTHERS = (f'[Tags: "ConnectionId":"9","StreamId":"{number}"]' for number in (61, 62))


def line(words, logger="http", thread=7, level="trace"):
    return f"[2026-11-29 12:28:32.273][{thread}][{level}][{logger}] [source/x.cc:1] {words}"


def begun(stream=MINE, by="abc"):
    return [line(f"{stream} request headers complete (end_stream=true):"), "':path', '/'", f"'x-wasmnb-probe', '{by}'"]


def call(callback, filter_, stream=MINE, words="decode headers"):
    vm = [f"[host->vm] {callback}(2, 9, 1)", f"[host<-vm] {callback} return: 0"]
    return [line(one, "wasm") for one in vm] + [line(f"{stream} {words} called: filter={filter_} status=0")]


def found(*parts):
    return sorted(called(spoken([one for part in parts for one in part]), "abc"))


REQUEST, RESPONSE, BODY = (f"proxy_on_{part}" for part in ("request_headers", "response_headers", "response_body"))


def test_each_callback_of_the_recognised_request_shows_its_filter():
    assert found(begun(), call(REQUEST, "one")) == ["one"]
    assert found(begun(), call(RESPONSE, "two", words="encode headers")) == ["two"]
    assert found(begun(), call(BODY, "three", words="encode data")) == ["three"]


def test_what_is_called_for_other_requests_or_by_other_threads_shows_nothing():
    assert found(begun(by="abcd"), call(REQUEST, "one")) == []
    assert found(begun(), begun(OTHERS, "x"), call(REQUEST, "one", OTHERS)) == []
    elsewhere = [line(one.partition("] [source/x.cc:1] ")[2], "wasm", thread=8) for one in call(REQUEST, "one")[:2]]
    assert found(begun(), elsewhere, call(REQUEST, "one")[2:]) == []


def test_a_filter_that_takes_no_part_is_not_credited_with_the_call_of_another():
    passed = [line(f"{MINE} decode headers called: filter=two status=0")]
    assert found(begun(), call(REQUEST, "one"), passed) == ["one"]
    assert found(begun(), call(RESPONSE, "one")[:2], passed) == []


def test_a_filter_that_answers_by_itself_is_seen_though_the_response_runs_through_the_chain_meanwhile():
    held = call(REQUEST, "door")
    inside = [line(f"{MINE} encode headers called: filter=tap status=0")]
    assert found(begun(), held[:2], inside, call(RESPONSE, "one", words="encode headers"), held[2:]) == ["door", "one"]


def test_what_a_filter_logs_is_no_word_of_envoys():
    lie = [line(f"wasm log x: {line(f'{MINE} decode headers called: filter=x status=0')}", "wasm")]
    assert found(begun(), call(REQUEST, "one")[:2], lie) == []


CONNECTION_LINES = {
    "tags": ('[Tags: "ConnectionId":"9"] ', '[Tags: "ConnectionId":"8"] ', MINE),
    "plain": ("[C9] ", "[C8] ", "[C9][S61]"),
}


@pytest.mark.parametrize("form", CONNECTION_LINES)
def test_a_filter_of_connections_is_seen_where_its_vm_is_called_before_the_requests_bytes_are_read(form):
    own, others, stream = CONNECTION_LINES[form]
    new, data = (
        [line(f"[host->vm] {name}(2)", "wasm"), line(f"[host<-vm] {name} return: 0", "wasm")]
        for name in ("proxy_on_new_connection", "proxy_on_downstream_data")
    )
    reads, theirs = [line(f"{own}parsing 125 bytes")], [line(f"{others}parsing 99 bytes")]
    assert found(new, reads, begun(stream)) == [CONNECTION]
    assert found(new, data, reads, begun(stream), call(REQUEST, "one", stream)) == [CONNECTION, "one"]
    # What is called for another connection, by another thread, or never comes back is not seen for this one.
    assert found(data, theirs, reads, begun(stream)) == []
    assert found(data, [line(f"{others}message begin")], reads, begun(stream)) == []
    assert found([one.replace("[7]", "[8]") for one in data], reads, begun(stream)) == []
    assert found(data[:1], reads, begun(stream)) == []


def test_what_a_service_asks_on_with_the_same_headers_shows_no_filter_of_the_connection_that_came():
    name = "proxy_on_downstream_data"
    data = [line(f"[host->vm] {name}(2)", "wasm"), line(f"[host<-vm] {name} return: 0", "wasm")]
    onward = '[Tags: "ConnectionId":"12","StreamId":"77"]'
    reads, theirs = ([line(f'[Tags: "ConnectionId":"{one}"] parsing 125 bytes')] for one in (9, 12))
    assert found(reads, begun(), data, theirs, begun(onward)) == []
    assert found(data, reads, begun(), theirs, begun(onward)) == [CONNECTION]


def test_a_marked_request_has_one_header_more():
    probe = marked(Probe(headers=(("a", "b"),)), "abc")
    assert probe.headers == (("a", "b"), ("x-wasmnb-probe", "abc"))
