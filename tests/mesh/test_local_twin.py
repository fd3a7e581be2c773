"""The local mesh has Istio's names: clusters, node, routes; and services that speak HTTP/2 and gRPC."""

from __future__ import annotations

from concurrent import futures

import grpc
import pytest

from tests.mesh.conftest import until
from tests.needs import needs
from wasmnb.compile import Filter
from wasmnb.errors import ModuleError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.mesh.local import LocalMesh
from wasmnb.mesh.local.workload import Protocol, Workload, read_workload
from wasmnb.plugin import Plugin

pytestmark = pytest.mark.envoy

HEALTH = "/grpc.health.v1.Health/Check"
CALL = """#include "proxy_wasm_intrinsics.h"
class Call : public Context {
 public:
  explicit Call(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    auto done = [this](uint32_t, size_t size, uint32_t) {
      got_ = getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, size)->toString().substr(0, 8);
      getContext(id())->setEffectiveContext();
      continueRequest();
    };
    const auto result = root()->httpCall(
        getRequestHeader("x-cluster")->toString(),
        {{":method", "GET"}, {":path", "/ratings/1"}, {":authority", "ratings:9080"}}, "", {}, 2000, done);
    if (result == WasmResult::Ok) return FilterHeadersStatus::StopAllIterationAndWatermark;
    got_ = toString(result);
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-got", got_);
    return FilterHeadersStatus::Continue;
  }
 private:
  std::string got_;
};
static RegisterContextFactory made(CONTEXT_FACTORY(Call));
"""
START = """#include "proxy_wasm_intrinsics.h"
class Root : public RootContext {
 public:
  explicit Root(uint32_t id, std::string_view name) : RootContext(id, name) {}
  bool onConfigure(size_t) override {
    return httpCall("outbound|9080||ratings.default.svc.cluster.local",
                    {{":method", "GET"}, {":path", "/ratings/1"}, {":authority", "ratings"}}, "", {}, 1000,
                    [](uint32_t, size_t, uint32_t) {}) == WasmResult::Ok;
  }
};
class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override { return FilterHeadersStatus::Continue; }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Http), ROOT_FACTORY(Root), "");
"""
PROPERTIES = """#include "proxy_wasm_intrinsics.h"
class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    tell("id", {"xds", "node", "id"});
    tell("app", {"xds", "node", "metadata", "LABELS", "app"});
    tell("namespace", {"xds", "node", "metadata", "NAMESPACE"});
    tell("workload", {"xds", "node", "metadata", "WORKLOAD_NAME"});
    tell("owner", {"xds", "node", "metadata", "OWNER"});
    tell("mesh", {"xds", "node", "metadata", "MESH_ID"});
    tell("cluster", {"xds", "cluster_name"});
    tell("route", {"xds", "route_name"});
    tell("chain", {"xds", "filter_chain_name"});
    return FilterHeadersStatus::Continue;
  }
 private:
  void tell(const char* name, std::initializer_list<std::string_view> path) {
    std::string value = "none";
    getValue(path, &value);
    addResponseHeader(std::string("x-") + name, value);
  }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Http));
"""
GREET = """#include "proxy_wasm_intrinsics.h"
class Greet : public Context {
 public:
  explicit Greet(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    root()->grpcSimpleCall("CLUSTER", "api.Greeter", "Hello", HeaderStringPairs{}, "a", 2000,
        [this](GrpcStatus status, size_t size) {
          got_ = std::to_string(int(status)) + " " +
                 getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size)->toString();
          getContext(id())->setEffectiveContext();
          continueRequest();
        });
    return FilterHeadersStatus::StopAllIterationAndWatermark;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-got", got_);
    return FilterHeadersStatus::Continue;
  }
 private:
  std::string got_;
};
static RegisterContextFactory made(CONTEXT_FACTORY(Greet));
"""


class Server(grpc.GenericRpcHandler):
    """A gRPC service that greets, whoever calls it in case of ``any_call``; with a health if ``health`` is not None."""

    def __init__(self, *, any_call: bool = False) -> None:
        self.any_call = any_call
        self.health: int | None = None
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers((self,))
        self.port = self.server.add_insecure_port("127.0.0.1:0")

    def service(self, call):
        if call.method == "/api.Greeter/Hello" or self.any_call:
            return grpc.unary_unary_rpc_method_handler(lambda request, _: b"hello " + request)
        if call.method == HEALTH and self.health is not None:
            return grpc.unary_unary_rpc_method_handler(lambda _, __: bytes([8, self.health]))
        return None


@pytest.fixture(scope="module")
def server():
    made = Server()
    made.server.start()
    yield made
    made.server.stop(0).wait()


@pytest.fixture(scope="module")
@needs("envoy")
def mesh(server):
    with LocalMesh.start(extra=[Workload("hello", f"127.0.0.1:{server.port}", {"version": "v7"})]) as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(request):
    yield
    if "mesh" in request.fixturenames:
        mesh = request.getfixturevalue("mesh")
        for plugin in mesh.plugins():
            mesh.remove(plugin.id)


def put(mesh, source, app="details", verdict=Verdict.LIVE):
    image = package(Filter("twin", source).build())
    found = mesh.apply(Plugin("twin", image, selector={"app": app}))
    assert {one.verdict for one in found} == {verdict}
    return found[0]


@pytest.mark.parametrize(
    ("cluster", "answer"),
    [
        ("outbound|9080||ratings.default.svc.cluster.local", '{"id":1,'),
        ("ratings", '{"id":1,'),
        ("outbound|9081||ratings.default.svc.cluster.local", "BadArgument"),
    ],
)
def test_a_callout_reaches_a_service_by_istio_s_name_of_its_cluster(mesh, cluster, answer):
    put(mesh, CALL)
    found = mesh.send("productpage", "details:9080/details/1", headers=[("x-cluster", cluster)])
    assert found.response.headers["x-got"] == answer


def test_a_gateway_s_filter_reaches_them_too(mesh):
    put(mesh, CALL, "istio-ingressgateway")
    cluster = "outbound|9080||ratings.default.svc.cluster.local"
    found = mesh.send("productpage", "istio-ingressgateway:80/productpage", headers=[("x-cluster", cluster)])
    assert found.response.headers["x-got"].startswith('{"id"')


def test_a_filter_that_calls_a_service_when_it_starts_is_let_through(mesh):
    put(mesh, START)


def test_a_callout_to_no_cluster_and_a_property_s_former_name_are_explained(mesh):
    found = put(mesh, CALL)  # the canary's request names no cluster
    assert "an HTTP call in proxy_on_request_headers got BadArgument: it names no cluster" in found.reason
    assert "properties(POD) lists the names there are" in found.reason
    former = PROPERTIES.replace('{"xds", ', "{")
    assert "listener" not in former
    found = put(mesh, former, verdict=Verdict.LIVE)
    assert "a property was not found in proxy_on_response_headers" in found.reason
    assert "node is xds.node, cluster_name is xds.cluster_name, route_name is xds.route_name" in found.reason
    assert not put(mesh, PROPERTIES).reason
    with pytest.raises(ModuleError, match="onConfigure") as caught:
        put(mesh, START.replace("outbound|9080||ratings", "outbound|9081||ratings"))
    assert any("proxy_on_configure got BadArgument" in why for why in caught.value.why)


def test_a_filter_reads_what_istio_s_proxies_say_of_themselves(mesh):
    put(mesh, PROPERTIES)
    headers = mesh.send("productpage", "details:9080/details/1").response.headers
    assert {name: headers[f"x-{name}"] for name in ("id", "app", "namespace", "workload", "owner", "mesh")} == {
        "id": "sidecar~127.0.0.1~details-v1-0.default~default.svc.cluster.local",
        "app": "details",
        "namespace": "default",
        "workload": "details-v1",
        "owner": "kubernetes://apis/apps/v1/namespaces/default/deployments/details-v1",
        "mesh": "cluster.local",
    }
    assert headers["x-cluster"] == "inbound|9080||"
    assert headers["x-route"] == "default"
    assert headers["x-chain"] == "0.0.0.0_9080"


def test_a_filter_calls_a_grpc_workload(mesh):
    put(mesh, GREET.replace("CLUSTER", "hello"))
    assert mesh.send("productpage", "details:9080/details/1").response.headers["x-got"] == "0 hello a"


def test_a_filter_before_a_grpc_workload_sees_its_calls(mesh):
    put(mesh, PROPERTIES, "hello")
    address = next(pod.address for pod in mesh.pods() if pod.name == "hello-0")
    with grpc.insecure_channel(address) as channel:
        answer, call = channel.unary_unary("/api.Greeter/Hello").with_call(b"you", timeout=10)
    assert answer == b"hello you"
    assert dict(call.initial_metadata())["x-app"] == "hello"


@pytest.mark.parametrize(
    ("health", "reason"),
    [(None, ""), (1, ""), (2, "gRPC's health check says NOT_SERVING"), (0, "gRPC's health check says UNKNOWN")],
)
def test_a_grpc_workload_is_as_ready_as_it_says(mesh, server, health, reason):
    server.health = health
    pod = next(pod for pod in mesh.pods() if pod.name == "hello-0")
    assert pod.ready == ("1/2" if reason else "2/2")
    assert pod.reason.endswith(reason)
    assert bool(pod.reason) is bool(reason)


def test_a_grpc_workload_that_answers_each_call_alike_says_nothing_of_its_health():
    generic = Server(any_call=True)
    generic.server.start()
    try:
        with LocalMesh.start(workloads=[Workload("hello", f"127.0.0.1:{generic.port}")]) as mesh:
            pod = until(lambda: mesh.pods()[0], lambda found: "no answer" not in found.reason)
            assert (pod.ready, pod.reason) == ("2/2", "")
    finally:
        generic.server.stop(0).wait()


def test_a_service_that_came_later_and_speaks_http2_is_told_from_a_broken_one():
    late = Server()
    with LocalMesh.start(workloads=[Workload("late", f"127.0.0.1:{late.port}")]) as mesh:
        late.server.start()
        try:
            pod = until(lambda: mesh.pods()[0], lambda found: "refused" not in found.reason)
            assert pod.ready == "1/2"
            assert "it speaks HTTP/2, not HTTP/1.1: stop the mesh and start it again" in pod.reason
            # So it is done.
            with LocalMesh.start(workloads=[Workload("late", f"127.0.0.1:{late.port}")]) as again:
                assert until(lambda: again.pods()[0], lambda found: found.ready == "2/2").reason == ""
        finally:
            late.server.stop(0).wait()


def test_what_a_workload_speaks_can_be_said():
    assert read_workload("a=127.0.0.1:1").protocol is Protocol.AUTO
    assert read_workload("a=127.0.0.1:1/h2c,version=v2") == Workload(
        "a", "127.0.0.1:1", {"app": "a", "version": "v2"}, Protocol.H2C
    )
    assert read_workload("a=127.0.0.1:1/grpc").protocol is Protocol.H2C
    assert read_workload("a=127.0.0.1:1/http").protocol is Protocol.HTTP
    with pytest.raises(UsageError, match="'h2' is not a protocol of a workload"):
        read_workload("a=127.0.0.1:1/h2")
