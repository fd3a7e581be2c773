// Expressions, which Envoy offers as foreign functions (envoy source/extensions/common/wasm/foreign.cc).
#include "proxy_wasm_expr.h"

namespace {

StringView bytesOf(const uint32_t& token) { return {reinterpret_cast<const char*>(&token), sizeof(token)}; }

}  // namespace

WasmResult createExpression(StringView expression, uint32_t* token) {
  WasmDataPtr created;
  const WasmResult result = callForeignFunction("expr_create", expression, &created);
  if (result != WasmResult::Ok) return result;
  if (created->size() != sizeof(*token)) return WasmResult::ResultMismatch;
  memcpy(token, created->data(), sizeof(*token));
  return result;
}

Optional<WasmDataPtr> exprEvaluate(uint32_t token) {
  WasmDataPtr value;
  if (callForeignFunction("expr_evaluate", bytesOf(token), &value) != WasmResult::Ok) return {};
  return value;
}

WasmResult exprDelete(uint32_t token) { return callForeignFunction("expr_delete", bytesOf(token)); }
