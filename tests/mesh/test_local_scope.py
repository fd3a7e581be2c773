"""What a plugin says besides its selector, on the local mesh: honoured, said to mean nothing, or refused."""

from __future__ import annotations

import pytest

from tests.mesh.tiny import tag
from tests.needs import needs
from wasmnb.compile import Filter
from wasmnb.errors import SelectorError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.mesh.local import LocalMesh
from wasmnb.plugin import Match, Mode, Plugin, TargetRef

GATEWAY = TargetRef("Gateway", "istio-ingressgateway")
# What the VM's environment is to the filter: variables that getenv() finds.
ENVIRONMENT = """#include <cstdlib>
#include "proxy_wasm_intrinsics.h"
class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    for (const char* name : {"LEVEL", "PATH", "NOWHERE"}) {
      const char* value = std::getenv(name);
      addResponseHeader(name, value ? value : "unset");
    }
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Http), ROOT_FACTORY(RootContext), "");
"""
# Each shows what its VM was told, and who wrote the shared datum before it.
MACHINE = """#include "proxy_wasm_intrinsics.h"
class Root : public RootContext {
 public:
  explicit Root(uint32_t id, std::string_view name) : RootContext(id, name) {}
  bool onStart(size_t size) override {
    told = getBufferBytes(WasmBufferType::VmConfiguration, 0, size)->toString();
    return true;
  }
  std::string told;
};
class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    WasmDataPtr found;
    const bool there = getSharedData("last", &found) == WasmResult::Ok;
    addResponseHeader("x-NAME", static_cast<Root*>(root())->told + "/" + (there ? found->toString() : "none"));
    setSharedData("last", "NAME");
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Http), ROOT_FACTORY(Root), "");
"""


@pytest.fixture(scope="module")
@needs("envoy")
def mesh():
    with LocalMesh.start() as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(mesh):
    yield
    for plugin in mesh.plugins():
        mesh.remove(plugin.id)


def plugin(**options):
    return Plugin("scoped", package(tag("scoped")), **options)


def live(found):
    assert {one.verdict for one in found} == {Verdict.LIVE}
    return {one.pod for one in found}


@pytest.mark.parametrize(
    "match", [Match(), Match(Mode.SERVER), Match(ports=9080), (Match(Mode.CLIENT, 1), Match("SERVER", (80, 9080)))]
)
def test_a_pod_whose_listener_fits_is_filtered(mesh, match):
    found = mesh.apply(plugin(selector={"app": "details"}, match=match))
    assert live(found) == {"details-v1-0"}
    assert mesh.send("productpage", "details:9080/details/1").response.headers["x-tag"] == "scoped"
    sends = match != Match(Mode.SERVER)
    assert ("what the pod sends is not filtered" in found[0].reason) is sends


def test_a_listener_that_there_is_not_is_said(mesh):
    for match in (Match(Mode.CLIENT), Match(Mode.SERVER, 8080)):
        with pytest.raises(SelectorError, match=f"is one of {match}") as caught:
            mesh.apply(plugin(selector={"app": "details"}, match=match))
        assert "SERVER:9080" in caught.value.hint
    assert not mesh.plugins()


def test_the_gateway_is_a_client_and_may_be_a_target(mesh):
    for options in (
        {"selector": {"app": "istio-ingressgateway"}, "match": Match(Mode.CLIENT, 80)},
        {"targets": GATEWAY},
    ):
        assert live(mesh.apply(plugin(**options))) == {"istio-ingressgateway-0"}
    reasons = {one.reason for one in mesh.verdicts("scoped") if one.verdict is Verdict.NOT_SELECTED}
    assert reasons == {"the plugin is for Gateway/istio-ingressgateway"}


def test_who_is_not_selected_is_told_why(mesh):
    mesh.apply(plugin(match=Match(Mode.SERVER, 9080), selector={"app": "details"}))
    reasons = {one.reason for one in mesh.verdicts("scoped") if one.verdict is Verdict.NOT_SELECTED}
    assert reasons == {"the pod's labels do not match app=details"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "WasmPlugin"}, "for WasmPlugin"),
        ({"targets": TargetRef("Gateway", "waypoint")}, "Gateway/waypoint"),
        ({"targets": TargetRef("Service", "details")}, "Service/details"),
    ],
)
def test_what_only_a_cluster_can_do_is_refused(mesh, options, words):
    for call in (mesh.apply, mesh.render):
        with pytest.raises(UsageError, match=words) as caught:
            call(plugin(**options))
        assert caught.value.hint
    assert not mesh.plugins()


def test_nothing_is_pulled_and_that_is_said(mesh):
    found = mesh.apply(plugin(selector={"app": "details"}, pull_secret="registry", pull_policy="Always"))
    assert live(found) == {"details-v1-0"}
    assert found[0].reason == "nothing is pulled on the local mesh: pull secret and pull policy mean nothing"


def test_a_filter_has_its_environment(mesh):
    module = Filter("environment", ENVIRONMENT).build()
    made = Plugin("environment", package(module), {"app": "details"}, env={"LEVEL": "六翁"}, host_env=("PATH", "NONE"))
    live(mesh.apply(made))
    headers = mesh.send("productpage", "details:9080/details/1").response.headers
    assert headers["level"] == "六翁"
    assert "/" in headers["path"]
    assert headers["nowhere"] == "unset"
    assert "六翁" in mesh.rendered("environment")


def test_a_vm_has_its_configuration_and_those_with_one_id_share_data(mesh):
    for name, vm_id in (("one", "both"), ("two", "both"), ("three", "")):
        module = Filter(name, MACHINE.replace("NAME", name)).build()
        live(mesh.apply(Plugin(name, package(module), {"app": "details"}, vm_config={"of": name}, vm_id=vm_id)))
    mesh.send("productpage", "details:9080/details/1")
    headers = mesh.send("productpage", "details:9080/details/1").response.headers
    # Responses meet the filters from the last to the first: "three" has data of its own.
    assert headers["x-two"] == '{"of":"two"}/one'
    assert headers["x-one"] == '{"of":"one"}/two'
    assert headers["x-three"] == '{"of":"three"}/three'
    told = Plugin(
        "one", package(Filter("one", MACHINE.replace("NAME", "one")).build()), {"app": "details"}, vm_config="x"
    )
    mesh.apply(told)
    assert mesh.send("productpage", "details:9080/details/1").response.headers["x-one"].startswith("x/")
