"""What reached a service of a cluster, by its proxy's log; and log levels that are put back whatever happens."""

from __future__ import annotations

import json

import pytest

from tests.mesh.istio.conftest import DETAILS
from tests.mesh.tiny import build
from wasmnb.mesh.istio.proxies.log_format import whole_records
from wasmnb.mesh.istio.requests import received
from wasmnb.plugin import Plugin

BEGIN = "2026-11-29T12:49:36.229172Z\tdebug\tenvoy "
TAGS = '[Tags: "ConnectionId":"{0}","StreamId":"{0}"] '
URL = "details:9080/details/1"


def told(lines, mark):
    return received.told(list(whole_records(lines)), mark)


def message(scope, stream, words, *fields):
    lines = [f"{BEGIN}{scope} source/x.cc:1\t{TAGS.format(stream)}{words}", *(f"'{n}', '{v}'" for n, v in fields)]
    return [*lines, "\tthread=22"] if fields else [f"{lines[0]}\tthread=22"]


def stream(number, mark, cluster, **left):
    return [
        *message(
            "http", number, "request headers complete (end_stream=true):", (":path", "/a"), ("x-request-id", mark)
        ),
        *message("router", number, f"cluster '{cluster}' match for URL '/a'"),
        *message("router", number, "router decoding headers:", (":method", "GET"), (":path", "/b"), *left.items()),
    ]


def test_a_request_is_told_as_it_left_the_filters():
    # The mark counts where the request came in: a filter may have taken it away since.
    lines = [
        *stream(1, "other", "inbound|9080||", who="else"),
        *stream(2, "mine", "inbound|9080||", quote="it's 'a', 'b'"),
    ]
    found = told(lines, "mine")
    assert (found.request.method, found.request.path) == ("GET", "/b")
    assert list(found.request.headers) == [("quote", "it's 'a', 'b'")]
    assert not found.body
    assert told(lines, "nobody's") is None


def test_where_a_pod_asks_itself_what_came_in_is_told():
    lines = [*stream(1, "mine", "inbound|9080||", at="service"), *stream(2, "mine", "outbound|9080||x", at="way out")]
    assert told(lines, "mine").request.headers["at"] == "service"
    assert told(lines[len(lines) // 2 :], "mine").request.headers["at"] == "way out"


def test_it_is_read_from_a_log_in_json():
    parts = "\n".join(stream(1, "mine", "inbound|9080||", who="me")).split("\n" + BEGIN)
    lines = []
    for part in parts:
        scope, _, rest = part.removeprefix(BEGIN).partition("\t")
        text = rest.partition("\tthread=")[0]
        values = {"level": "debug", "time": "x", "scope": f"envoy {scope.split()[0]}", "msg": text, "thread": "22"}
        lines.append(json.dumps(values))
    assert told(lines, "mine").request.headers["who"] == "me"


def test_what_a_filter_logs_is_not_taken_for_the_proxy_s_word():
    forged = [line.replace("\tenvoy http ", "\tenvoy wasm ") for line in stream(1, "mine", "inbound|9080||", who="me")]
    assert told(forged, "mine") is None


@pytest.mark.cluster
def test_the_request_is_shown_as_the_service_received_it_where_that_is_allowed(mesh, published):
    mesh.apply(Plugin("adds", published(build("adds", request='add_header(0, "x-added", 7, "1", 1)')), DETAILS))
    taken = mesh.send("productpage", URL, headers=[("x-mine", "1")], received=True)
    assert taken.received is None
    assert "log levels" in taken.unseen
    before = {pod: mesh._admin.levels(pod) for pod in mesh.endpoints(URL)}
    taken = mesh.send("productpage", URL, headers=[("x-mine", "1")], received=True, levels=True)
    assert not taken.unseen
    arrived = taken.received.request
    assert (arrived.path, arrived.headers["x-mine"], arrived.headers["x-added"]) == ("/details/1", "1", "1")
    assert "x-request-id" not in taken.request.headers
    assert {pod: mesh._admin.levels(pod) for pod in before} == before
