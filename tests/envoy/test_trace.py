"""Envoy's trace of a recognisable request: whose call it is, by its headers and the order of the chain."""

from wasmnb.envoy.exchange import Probe
from wasmnb.envoy.trace import called, marked


def lines(*calls, code=0):
    found = []
    for count in calls:
        found.append(f"[t][1][trace][wasm] [x] [host->vm] proxy_on_request_headers(2, {count}, 1)")
        found.append(f"[t][1][trace][wasm] [x] [host<-vm] proxy_on_request_headers return: {code}")
    return found


def test_the_call_for_the_request_is_found_among_others():
    found = lines(9, 62, 11)
    assert called(found, 55, 0) == "[host->vm] proxy_on_request_headers(2, 62, 1)"
    assert called(lines(9, 11), 55, 0) == ""
    # Never fewer than were sent: that was another request.
    assert called(lines(54, 55), 55, 0) == ""


def test_the_order_of_the_chain_decides():
    found = lines(9, 62, 63, 10)
    assert called(found, 55, 1) == "[host->vm] proxy_on_request_headers(2, 63, 1)"
    # The first one held the request: what is called next may be for another request.
    assert called(lines(62, 63, code=1), 55, 1) == ""
    assert called(lines(62), 55, 1) == ""
    # The first one answered by itself and let it go on all the same: what is called next is for another request.
    assert called(lines(62, 10), 55, 1) == ""


def test_a_marked_request_has_that_many_headers_more():
    probe = marked(Probe(headers=(("a", "b"),)), 41)
    assert len(probe.headers) == 42
    assert probe.encoded("details:9080").count(b"\r\nx-wasmnb-probe-") == 41
