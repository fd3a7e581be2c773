"""In each language, a filter that ends itself on every response, and what it says then."""

from __future__ import annotations

from wasmnb.compile import Filter

FIRST = 3
"""The number of the cell's first line: what stands before it is the magic's."""

_CPP = """
#include "proxy_wasm_intrinsics.h"
#include <cstdlib>

class Tenant : public Context {
 public:
  explicit Tenant(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    LOG_ERROR("no such tenant: 6");  // PLACE
    abort();
  }
};

static RegisterContextFactory register_Tenant(CONTEXT_FACTORY(Tenant));
"""
_RUST = """
use proxy_wasm::traits::*;
use proxy_wasm::types::*;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Tenant) });
}}

struct Tenant;

impl Context for Tenant {}

impl HttpContext for Tenant {
    fn on_http_response_headers(&mut self, count: usize, _: bool) -> Action {
        let tenant: Option<&str> = if count > 1000 { Some("6") } else { None };
        tenant.expect("no such tenant: 6\\nof 5"); // PLACE
        Action::Continue
    }
}
"""
_GO = """package main

import (
	"fmt"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetHttpContext(func(uint32) types.HttpContext { return &tenant{} })
}

type tenant struct{ types.DefaultHttpContext }

func (*tenant) OnHttpResponseHeaders(int, bool) types.Action {
	panic(fmt.Errorf("no such tenant: %d", 6)) // PLACE
}
"""
_ASSEMBLYSCRIPT = """
import {
  Context,
  FilterHeadersStatusValues,
  registerRootContext,
  RootContext,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class TenantRoot extends RootContext {
  createContext(id: u32): Context {
    return new Tenant(id, this);
  }
}

class Tenant extends Context {
  constructor(id: u32, root: RootContext) {
    super(id, root);
  }

  onResponseHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    throw new Error("no such tenant: 6"); // PLACE
  }
}

registerRootContext((id: u32) => new TenantRoot(id), "");
"""
_SOURCES = {"cpp": _CPP, "rust": _RUST, "go": _GO, "assemblyscript": _ASSEMBLYSCRIPT}


def panicking(language: str) -> Filter:
    """Give the filter."""
    return Filter("tenant", _SOURCES[language], language, first_line=FIRST)


def place(language: str) -> str:
    """Name the line of the cell at which it ends itself."""
    lines = _SOURCES[language].split("\n")
    index = next(index for index, line in enumerate(lines) if "PLACE" in line)
    return f"cell line {index + FIRST}: {lines[index].strip()}"
