// Expressions over a request's attributes in the Common Expression Language, in hosts that have it (Envoy does):
//   uint32_t token;
//   createExpression("request.path.startsWith('/api')", &token);
//   bool api = false;
//   evaluateExpression(token, &api);
#pragma once

#include "proxy_wasm_host.h"

#pragma GCC visibility push(hidden)

WasmResult createExpression(StringView expression, uint32_t* token);
Optional<WasmDataPtr> exprEvaluate(uint32_t token);
WasmResult exprDelete(uint32_t token);

// Reads the value as getValue reads a property.
template <typename T>
bool evaluateExpression(uint32_t token, T* out) {
  return proxy_wasm_internal::takeAs(exprEvaluate(token), out);
}

#pragma GCC visibility pop
