"""The request as the service received it, on the local mesh: after all filters, whatever they did."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wasmnb.compile import Filter
from wasmnb.errors import TrafficError
from wasmnb.image import package
from wasmnb.mesh.local import LocalMesh
from wasmnb.mesh.local.workload import Workload
from wasmnb.plugin import Plugin
from wasmnb.session import Session
from wasmnb.traffic import Capture
from wasmnb.views import record_of

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

SOURCE = """#include "proxy_wasm_intrinsics.h"
class Change : public Context {
 public:
  explicit Change(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    if (getRequestHeader("x-stop")->toString() == "yes") {
      sendLocalResponse(403, "", "no", {});
      return FilterHeadersStatus::StopIteration;
    }
    addRequestHeader("x-user", "me");
    removeRequestHeader("x-drop");
    removeRequestHeader("content-length");
    replaceRequestHeader(":path", "/details/2");
    return FilterHeadersStatus::Continue;
  }
  FilterDataStatus onRequestBody(size_t size, bool) override {
    if (size) setBuffer(WasmBufferType::HttpRequestBody, 0, size, "changed");
    return FilterDataStatus::Continue;
  }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Change));
"""
# Bodies grow, and content-length stays as it was.
LONGER = """#include "proxy_wasm_intrinsics.h"
class Longer : public Context {
 public:
  explicit Longer(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterDataStatus onRequestBody(size_t size, bool end) override {
    if (end) setBuffer(WasmBufferType::HttpRequestBody, size, 0, "+more");
    return FilterDataStatus::Continue;
  }
  FilterDataStatus onResponseBody(size_t size, bool end) override {
    if (end) setBuffer(WasmBufferType::HttpResponseBody, size, 0, "+more");
    return FilterDataStatus::Continue;
  }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Longer));
"""
URL = "details:9080/details/1"


# What a service answers that does not keep to what its head announces.
ODD = {
    "/more": b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour+more",
    "/short": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfour",
}


class Odd(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.wfile.write(ODD.get(self.path, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"))
        self.close_connection = self.path == "/short"

    def do_GET(self):
        self.do_HEAD()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def mesh():
    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as odd:
        threading.Thread(target=odd.serve_forever, daemon=True).start()
        with LocalMesh.start(extra=[Workload("odd", f"127.0.0.1:{odd.server_port}")]) as running:
            yield running
        odd.shutdown()


@pytest.fixture
def odd(mesh):
    port = next(pod for pod in mesh._plan.proxies if pod.name == "odd-0").site.port
    return lambda path: mesh.send("productpage", f"odd:{port}{path}", received=True)


@pytest.fixture
def filtered(mesh):
    mesh.apply(Plugin("change", package(Filter("change", SOURCE).build()), selector={"app": "details"}))
    yield mesh
    mesh.remove("change")


def test_what_no_filter_touched_arrives_with_the_proxies_own_lines(mesh):
    taken = mesh.send("productpage", URL, headers=[("X-Mine", "ä"), ("x-two", "1"), ("x-two", "2")], received=True)
    got = taken.received.request
    assert (got.method, got.authority, got.path) == ("GET", "details:9080", "/details/1")
    assert got.headers.all("x-two") == ["1", "2"]
    assert got.headers["x-mine"] == "ä"
    assert "x-request-id" in got.headers
    assert "x-request-id" not in taken.request.headers


def test_what_a_filter_did_is_seen(filtered):
    taken = filtered.send("productpage", URL, method="POST", headers=[("x-drop", "1")], body=b"hello", received=True)
    got = taken.received.request
    assert got.path == "/details/2"
    assert got.headers["x-user"] == "me"
    assert "x-drop" not in got.headers
    assert (got.body, taken.received.whole) == (b"changed", True)


def test_a_long_body_is_said_to_be_cut(mesh):
    taken = mesh.send("productpage", URL, method="POST", body=b"x" * 100_000, received=True)
    assert not taken.received.whole
    assert 0 < len(taken.received.request.body) < 100_000


def test_a_request_that_a_filter_answered_did_not_arrive(filtered):
    taken = filtered.send("productpage", URL, headers=[("x-stop", "yes")], received=True)
    assert (taken.response.status, taken.received) == (403, None)
    assert "did not reach the service" in taken.unseen


def test_a_request_s_own_id_is_kept(mesh):
    taken = mesh.send("productpage", URL, headers=[("x-request-id", "mine")], received=True)
    assert taken.received.request.headers.all("x-request-id") == ["mine"]


def test_through_the_application_s_proxy_it_is_seen_on_whichever_pod_answers(mesh):
    found = [mesh.send("productpage", "reviews:9080/reviews/1", via="app", received=True) for _ in range(4)]
    assert all(one.received is not None for one in found)


def test_many_at_once_each_get_their_own(mesh):
    def send(number):
        return mesh.send("productpage", URL, headers=[("x-number", str(number))], received=True)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(send, range(40)))
    assert [one.received.request.headers["x-number"] for one in found] == [str(number) for number in range(40)]


def test_a_session_compares_it_before_and_after(filtered):
    session = Session()
    session.use(filtered)
    filtered.remove("change")
    session.headers("productpage", URL, header=["x-drop: 1"])
    filtered.apply(Plugin("change", package(Filter("change", SOURCE).build()), selector={"app": "details"}))
    taken = session.headers("productpage", URL, header=["x-drop: 1"])
    assert {row.name: row.change for row in taken.request.rows if row.change not in ("same", "varies")} == {
        ":path": "changed",
        "x-user": "added",
        "x-drop": "removed",
    }
    text = str(record_of(taken))
    assert "request as the service received it: 1 added, 1 changed, 1 removed, compared with before" in text
    assert "+ x-user: me" in text


def test_an_answer_that_is_longer_or_shorter_than_it_says_is_said_and_not_green(odd):
    assert record_of(Capture(odd("/"))).tone == "good"
    taken = odd("/more")
    assert (taken.response.status, taken.response.body) == (200, b"four")
    assert "sent more than its answer announced" in " ".join(taken.notes)
    assert record_of(Capture(taken)).tone == "bad"
    assert not odd("/").dropped
    with pytest.raises(TrafficError, match="in the middle of the body, after 4 of 100 bytes"):
        odd("/short")


def test_a_body_that_is_not_as_long_as_it_says_is_said_and_not_green(mesh):
    mesh.apply(Plugin("longer", package(Filter("longer", LONGER).build()), selector={"app": "details"}))
    taken = mesh.send("productpage", "details:9080/details/1", method="POST", body=b"four", received=True)
    assert taken.response.surplus == 5
    assert "5 bytes came behind the end of the response" in " ".join(taken.notes)
    assert "content-length says 4, and the service received a body of 9 bytes" in " ".join(taken.notes)
    assert record_of(Capture(taken)).tone == "bad"
    mesh.remove("longer")
