// Tables of contexts and of calls under way.
#include "internal.h"

namespace proxy_wasm_internal {

ProxyWasmNode** NodeTable::place(uint32_t key) {
  ProxyWasmNode** link = &chains_[key % kChains];
  while (*link != nullptr && (*link)->proxy_wasm_key_ != key) link = &(*link)->proxy_wasm_next_;
  return link;
}

ProxyWasmNode* NodeTable::take(uint32_t key) {
  ProxyWasmNode** link = place(key);
  ProxyWasmNode* node = *link;
  if (node != nullptr) *link = node->proxy_wasm_next_;
  return node;
}

ProxyWasmNode* NodeTable::takeAny() {
  for (const ProxyWasmNode* first : chains_) {
    if (first != nullptr) return take(first->proxy_wasm_key_);
  }
  return nullptr;
}

void NodeTable::insert(ProxyWasmNode* node) {
  ProxyWasmNode** link = place(node->proxy_wasm_key_);
  node->proxy_wasm_next_ = *link;
  *link = node;
}

}  // namespace proxy_wasm_internal
