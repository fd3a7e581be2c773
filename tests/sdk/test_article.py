"""The filter of the article, as the template writes it, on a real Envoy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sdk.harness import Plugin, Proxy, build

TEMPLATE = (Path(__file__).parents[2] / "benchmarks" / "article" / "add_header.cc").read_text()

LEAST = """#include "proxy_wasm_intrinsics.h"
class Least : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-least", "1");
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_Least(CONTEXT_FACTORY(Least));
"""


def test_both_headers_reach_the_client(start):
    with start(TEMPLATE, config='{"name":"hello","value":"world"}') as proxy:
        reply = proxy.request("/details/123")
    assert reply.status == 200
    assert reply["hello"] == "world"
    assert reply["你好"] == "六翁"
    assert reply.json()["path"] == "/details/123"


def test_the_module_is_small():
    assert build("article", TEMPLATE).size < 14_000
    assert build("least", LEAST).size < 7_000


@pytest.mark.parametrize(("config", "reason"), [("{", "line 1, column 2: a member's name in double quotes is missing")])
def test_a_configuration_that_is_no_json_is_refused_with_its_place(upstream, tmp_path, config, reason):
    log = Proxy(tmp_path, upstream, http=[Plugin(build("article", TEMPLATE), config=config)]).refused()
    assert reason in log
    assert "Failed to configure base Wasm plugin" in log
