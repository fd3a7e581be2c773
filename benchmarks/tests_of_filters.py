"""How long 200 cases of a filter take, each in a fresh VM, on each host; and the first of them, from nothing."""

from __future__ import annotations

from measure import Figures, runs, seconds

from wasmnb import Filter, cases

_COUNT = 200
_FIGURES = {
    "emulator": (f"tests_{_COUNT}_emulator_s", "<= 1"),
    "envoy": (f"tests_{_COUNT}_s", "<= 10"),
}
_SOURCE = """#include "proxy_wasm_intrinsics.h"
class Stream : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    addRequestHeader("x-path", getRequestHeader(":path")->toString());
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_Stream(CONTEXT_FACTORY(Stream), ROOT_FACTORY(RootContext));
"""


def _suite(count: int) -> cases.Suite:
    expected = "request_headers: {{result: {{has_header: [{{key: x-path, value: /{n}}}]}}}}"
    tests = (f"- {{name: '{n}', request: GET /{n}, {expected.format(n=n)}}}" for n in range(count))
    return cases.read("\n".join(["test:", *tests]))


def tests(figures: Figures) -> None:
    """Measure a suite after import and compile, beside one case whose host has to be started."""
    module = Filter("tests", _SOURCE, "cpp").build()
    first, suite = _suite(1), _suite(_COUNT)
    for host, (name, goal) in _FIGURES.items():
        for _ in range(runs(5)):
            with cases.Runner(host) as runner:
                figures.add(f"tests_first_{host}_s", seconds(lambda runner=runner: runner.run(first, module)), "s")

                def run(runner: cases.Runner = runner) -> None:
                    if not runner.run(suite, module).passed:
                        raise SystemExit(f"cases fail on {runner.host.value}")

                figures.add(name, seconds(run), "s", goal)
