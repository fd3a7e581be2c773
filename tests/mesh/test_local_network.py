"""Filters of connections on the local mesh, and as what a plain Envoy runs."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import closing

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import build, tag
from tests.needs import needs
from wasmnb.compile import Filter
from wasmnb.envoy.program import find_envoy
from wasmnb.errors import UsageError
from wasmnb.image import package
from wasmnb.mesh import Cause, Proof, Verdict
from wasmnb.plugin import Plugin
from wasmnb.plugin.rendering.bootstrap import Site, bootstrap

pytestmark = pytest.mark.envoy

# Bytes of one length take the place of others, so that HTTP above them stays whole.
SWAP = """#include "proxy_wasm_intrinsics.h"
class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterStatus onNewConnection() override {
    logInfo("a connection came");
    return FilterStatus::Continue;
  }
  FilterStatus onUpstreamData(size_t size, bool) override {
    std::string text = getBufferBytes(WasmBufferType::NetworkUpstreamData, 0, size)->toString();
    const auto at = text.find("server: ");
    if (at != std::string::npos) {
      text.replace(at + 8, 3, "NAME");
      setBuffer(WasmBufferType::NetworkUpstreamData, 0, size, text);
    }
    return FilterStatus::Continue;
  }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Stream), ROOT_FACTORY(RootContext), "");
"""
SELECTOR = {"app": "details"}


def swap(text="tcp", id_="tcp"):
    module = Filter("tcp", SWAP.replace("NAME", text)).build()
    return Plugin(id_, package(module), SELECTOR, type="NETWORK")


def server(mesh):
    return mesh.send("productpage", "details:9080/details/1").response.headers["server"]


def test_a_filter_of_connections_is_live_changes_bytes_and_goes(mesh):
    (found,) = mesh.apply(swap())
    assert found.verdict is Verdict.LIVE
    assert server(mesh) == "tcpio-envoy"
    assert any("a connection came" in line for line in mesh.logs("details"))
    mesh.apply(Plugin("tagged", package(tag("both")), SELECTOR))
    taken = mesh.send("productpage", "details:9080/details/1").response.headers
    assert (taken["server"], taken["x-tag"]) == ("tcpio-envoy", "both")
    assert {one.verdict for one in mesh.verdicts()} == {Verdict.LIVE}
    mesh.remove("tcp")
    assert server(mesh) == "istio-envoy"


def test_another_build_takes_its_place_and_a_second_plugin_is_refused(mesh):
    mesh.apply(swap())
    (found,) = mesh.apply(swap("TCP"))
    assert found.verdict is Verdict.LIVE
    assert server(mesh) == "TCPio-envoy"
    with pytest.raises(UsageError, match="has a filter of connections already: tcp"):
        mesh.apply(swap(id_="other"))
    assert [plugin.id for plugin in mesh.plugins()] == ["tcp"]


def test_a_module_without_callbacks_of_connections_does_nothing_and_is_not_live(mesh):
    (found,) = mesh.apply(Plugin("http", package(tag("http")), SELECTOR, type="NETWORK"))
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)


@pytest.mark.parametrize(
    "callbacks", [{"connection": "never = 0"}, {"connection": "never = 0", "request": "never = 0"}]
)
def test_one_that_changes_nothing_is_live_by_envoys_trace(mesh, callbacks):
    module = build("silent", **callbacks)
    (found,) = mesh.apply(Plugin("silent", package(module), SELECTOR, type="NETWORK"))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE)
    assert "proxy_on_new_connection" in found.evidence[-1]


@needs("envoy")
def test_a_plain_envoy_runs_it_before_a_service_that_speaks_anything(tmp_path):
    module = Filter("tcp", SWAP.replace("NAME", "tcp")).build()
    (tmp_path / "tcp.wasm").write_bytes(module.wasm)
    with closing(socket.create_server(("127.0.0.1", 0))) as service, closing(socket.create_server(("", 0))) as free:
        port = free.getsockname()[1]
        free.close()
        site = Site(f"127.0.0.1:{port}", f"127.0.0.1:{service.getsockname()[1]}", "")
        made = bootstrap(Plugin("tcp", package(module), root_id="", type="NETWORK"), str(tmp_path / "tcp.wasm"), site)
        (tmp_path / "envoy.json").write_text(json.dumps(made), "utf-8")
        argv = [find_envoy(), "-c", tmp_path / "envoy.json", "--concurrency", "1", "--disable-hot-restart"]
        with (tmp_path / "log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as envoy:
            try:
                client = until(lambda: _connected(port), bool)
                with closing(client), closing(service.accept()[0]) as other:
                    other.sendall(b"server: abc")
                    client.settimeout(20)
                    assert client.recv(64) == b"server: tcp"
            finally:
                envoy.kill()


def _connected(port):
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError:
        return None
