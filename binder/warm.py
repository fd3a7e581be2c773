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


def main() -> None:
    """Compile a filter, and see it live on a mesh that is gone afterwards."""
    compileall.compile_dir(str(Path(wasmnb.__file__).parent), quiet=1)
    with wasmnb.Session() as session:
        session.mesh("local")
        session.filter("warm", FILTER, deploy="app=details")
        print(session.headers("productpage", "details:9080/details/123").after.response.headers["warm"])


if __name__ == "__main__":
    main()
