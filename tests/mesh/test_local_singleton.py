"""Singleton services on the local mesh: one VM of a proxy, which no request meets."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

from tests.mesh.conftest import until, unused_port
from tests.mesh.tiny import build
from tests.needs import needs
from wasmnb.compile import Filter
from wasmnb.envoy.program import find_envoy
from wasmnb.errors import ModuleError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Cause, Proof, Verdict
from wasmnb.plugin import Plugin
from wasmnb.plugin.rendering import render_istio
from wasmnb.plugin.rendering.bootstrap import Site, bootstrap
from wasmnb.plugin.verdict import Handling

pytestmark = pytest.mark.envoy

# The service keeps what the filter of requests reads: plugins with the same id of a VM share data.
BOTH = """#include "proxy_wasm_intrinsics.h"
class Keeper : public RootContext {
 public:
  explicit Keeper(uint32_t id, std::string_view root) : RootContext(id, root) {}
  bool onConfigure(size_t size) override {
    const auto text = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    if (text == "crash") {
      __builtin_trap();
    }
    setSharedData("state", text);
    logInfo("keeps " + text);
    return text != "refuse";
  }
};
class Reader : public Context {
 public:
  explicit Reader(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    WasmDataPtr data;
    if (getSharedData("state", &data) == WasmResult::Ok) {
      addResponseHeader("x-state", data->toString());
    }
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory keeper(ROOT_FACTORY(Keeper), "keeper");
static RegisterContextFactory reader(CONTEXT_FACTORY(Reader), ROOT_FACTORY(RootContext), "reader");
"""
SELECTOR = {"app": "details"}


@pytest.fixture(scope="module")
def image():
    return package(Filter("both", BOTH).build())


def keeper(image, config):
    return Plugin("keeper", image, SELECTOR, config=config, root_id="keeper", vm_id="shared", type="SINGLETON")


def state(mesh):
    response = mesh.send("productpage", "details:9080/details/1").response
    assert response.status == 200
    return response.headers.get("x-state")


def restarts(mesh):
    return next(pod.restarts for pod in mesh.pods() if pod.name == "details-v1-0")


def test_a_service_runs_beside_filters_changes_and_goes(mesh, image):
    mesh.apply(Plugin("reader", image, SELECTOR, root_id="reader", vm_id="shared"))
    assert state(mesh) is None
    (found,) = mesh.apply(keeper(image, "one"))
    assert (found.verdict, found.proof, found.requests) == (Verdict.LIVE, Proof.TRACE, Handling.UNFILTERED)
    assert found.evidence[-1].endswith(": wasm log keeper shared: keeps one")
    assert state(mesh) == "one"
    mesh.apply(keeper(image, "two"))
    assert state(mesh) == "two"
    assert {one.verdict for one in mesh.verdicts()} == {Verdict.LIVE}
    assert not any(one.reason for one in mesh.verdicts())

    before = restarts(mesh)
    with pytest.raises(ModuleError, match="onConfigure refused"):
        mesh.apply(keeper(image, "refuse"))
    with pytest.raises(ModuleError, match="Envoy refuses the module of keeper"):
        mesh.apply(keeper(image, "crash"))
    assert (restarts(mesh), state(mesh)) == (before, "two")

    mesh.remove("keeper")
    assert [one.verdict for one in mesh.removed("keeper")] == [Verdict.GONE]
    assert state(mesh) is None


def test_a_service_that_says_nothing_is_not_live(mesh):
    (found,) = mesh.apply(Plugin("mute", package(build("mute")), SELECTOR, type="SINGLETON"))
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)


@needs("envoy")
def test_a_plain_envoy_starts_with_it_and_istio_has_no_object_for_it(image, tmp_path):
    with pytest.raises(UsageError, match=r"no field for type=SINGLETON(.|\n)*embedded mesh and a plain Envoy"):
        render_istio(keeper(image, "one"), "team")
    (tmp_path / "both.wasm").write_bytes(image.module.wasm)
    site = Site(f"127.0.0.1:{unused_port()}", admin="")
    config = bootstrap(replace(keeper(image, "one"), selector={}), str(tmp_path / "both.wasm"), site)
    (tmp_path / "envoy.json").write_text(json.dumps(config), "utf-8")
    argv = [find_envoy(), "-c", tmp_path / "envoy.json", "--concurrency", "1", "--disable-hot-restart"]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as envoy:
        try:
            until((tmp_path / "log").read_text, lambda text: "wasm log keeper shared: keeps one" in text)
        finally:
            envoy.kill()


def test_it_meets_no_requests_so_it_has_no_place_among_filters(image):
    with pytest.raises(UsageError, match="meets no requests"):
        Plugin("keeper", image, priority=3, type="SINGLETON")
