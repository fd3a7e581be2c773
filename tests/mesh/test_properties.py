"""What a filter can read, as it is listed, is what a filter does read on the local mesh's Envoy."""

from __future__ import annotations

import pytest

from tests.mesh.conftest import until
from wasmnb.compile import Filter
from wasmnb.errors import BadNameError
from wasmnb.image import package
from wasmnb.mesh.properties import Phase, Sort
from wasmnb.mesh.results import Properties
from wasmnb.plugin import Plugin
from wasmnb.views import record_of

pytestmark = pytest.mark.envoy

SOURCE = """#include "proxy_wasm_intrinsics.h"
static void tell(const char* phase) {
  const std::initializer_list<std::initializer_list<std::string_view>> paths = {PATHS};
  for (const auto& path : paths) {
    std::string name, value;
    for (const auto& part : path) name += (name.empty() ? "" : ".") + std::string(part);
    if (getValue(path, &value)) logInfo(std::string("readable/") + phase + "/" + name);
  }
}
class Root : public RootContext {
 public:
  explicit Root(uint32_t id, std::string_view name) : RootContext(id, name) {}
  bool onConfigure(size_t) override { tell("start"); return true; }
};
class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    tell("request headers");
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    tell("response headers");
    return FilterHeadersStatus::Continue;
  }
  void onLog() override { tell("log"); }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Http), ROOT_FACTORY(Root), "");
"""
# What there is only with TLS, with state of other filters, with metadata of a host, or on a connection's end.
SELDOM = ("tls", "certificate", "filter_state", "upstream_host", "termination", "referer")


def test_the_list_is_what_a_filter_reads(mesh):
    listed = [one for one in mesh.properties("details") if one.sort is Sort.PROPERTY]
    paths = ", ".join("{" + ", ".join(f'"{part}"' for part in one.path) + "}" for one in listed)
    image = package(Filter("reads", SOURCE.replace("PATHS", paths)).build())
    mesh.apply(Plugin("reads", image, selector={"app": "details"}))
    mesh.send("productpage", "details:9080/details/1")
    lines = until(lambda: mesh.logs("details"), lambda found: any("readable/log/" in line for line in found))
    seen = {tuple(line.partition("readable/")[2].split("/", 1)) for line in lines if "readable/" in line}
    for one in listed:
        found = {phase for phase in Phase if (phase.value, one.name) in seen}
        assert found in ([set(one.phases), set()] if any(word in one.name for word in SELDOM) else [set(one.phases)])


def test_values_former_names_and_clusters_are_told(mesh):
    found = {one.name: one for one in mesh.properties("details-v1-0")}
    node = found["xds.node.id"]
    assert (node.value, node.former) == (
        "sidecar~127.0.0.1~details-v1-0.default~default.svc.cluster.local",
        ("node", "id"),
    )
    assert found["xds.node.metadata.LABELS.app"].value == "details"
    assert found["xds.route_name"].former == ("route_name",)
    assert found["outbound|9080||ratings.default.svc.cluster.local"].sort is Sort.CLUSTER
    with pytest.raises(BadNameError):
        mesh.properties("nobody")


def test_it_is_shown_as_a_table(mesh):
    found = Properties(tuple(one for one in mesh.properties("details") if "ratings" in one.name))
    assert [one.name for one in found] == ["outbound|9080||ratings.default.svc.cluster.local", "ratings"]
    assert list(found.frame.columns) == ["sort", "name", "phases", "value", "former"]
    assert record_of(found).status == "0 properties, 2 clusters"
