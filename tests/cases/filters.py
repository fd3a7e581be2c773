"""Small filters in C++ that go wrong on purpose."""

from __future__ import annotations

from functools import cache

from wasmnb.compile import Filter

_FRAME = """#include "proxy_wasm_intrinsics.h"
class Root : public RootContext {{
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override {{
    const std::string given = getBufferBytes(WasmBufferType::PluginConfiguration, 0, 100)->toString();
    logInfo("given " + given);
    return given != "bad";
  }}
}};
class Stream : public Context {{
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {{
    const std::string path = getRequestHeader(":path")->toString();
    logInfo("asked for " + path);
    logDebug("a detail\\nof two lines");
    {request}
    return FilterHeadersStatus::Continue;
  }}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {{
    {response}
    return FilterHeadersStatus::Continue;
  }}
}};
static RegisterContextFactory register_Stream(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));
"""


@cache
def built(name: str, request: str = "", response: str = ""):
    """Build a filter of what it does with request and response headers."""
    return Filter(name, _FRAME.format(request=request, response=response), "cpp").build()


def faulty():
    return built(
        "faulty",
        'if (path == "/trap") __builtin_trap();\n    if (path == "/loop") for (volatile int one = 0;;) one = one + 1;\n'
        '    if (path == "/deny") {\n      sendLocalResponse(403, "why", "no", {});\n'
        "      return FilterHeadersStatus::StopIteration;\n    }\n"
        '    addRequestHeader("x-a", "1"); addRequestHeader("x-a", "2");',
        'if (getResponseHeader("x-bad")->toString() == "1") sendLocalResponse(502, "", "bad", {{"x-own", "1"}});',
    )
