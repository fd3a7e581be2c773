"""Take the first steps of a notebook once, so that what they compile is there when somebody takes them again."""

from __future__ import annotations

import compileall
from pathlib import Path

import wasmnb

FILTER = """#include "proxy_wasm_intrinsics.h"

class Warm : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("warm", "1");
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_Warm(CONTEXT_FACTORY(Warm));
"""

SCRIPT = """import { Context, registerRootContext, RootContext } from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  createContext(id: u32): Context {
    return new Context(id, this);
  }
}

registerRootContext((id: u32) => new Root(id), "warm");
"""


def main() -> None:
    """Compile a filter in each language of the workshop, and see one live on a mesh that is gone afterwards."""
    compileall.compile_dir(str(Path(wasmnb.__file__).parent), quiet=1)
    with wasmnb.Session() as session:
        session.filter("warm-script", SCRIPT)
        session.mesh("local")
        session.filter("warm", FILTER, deploy="app=details")
        print(session.headers("productpage", "details:9080/details/123").after.response.headers["warm"])


if __name__ == "__main__":
    main()
