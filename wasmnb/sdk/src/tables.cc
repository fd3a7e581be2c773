// Tables of contexts and of calls under way.
#include "internal.h"

namespace proxy_wasm_internal {

ProxyWasmNode* NodeTable::find(uint32_t key) const {
  ProxyWasmNode* node = count_ == 0 ? nullptr : *slot(key);
  while (node != nullptr && node->proxy_wasm_key_ != key) node = node->proxy_wasm_next_;
  return node;
}

ProxyWasmNode* NodeTable::take(uint32_t key) {
  if (count_ == 0) return nullptr;
  for (ProxyWasmNode** link = slot(key); *link != nullptr; link = &(*link)->proxy_wasm_next_) {
    ProxyWasmNode* node = *link;
    if (node->proxy_wasm_key_ != key) continue;
    *link = node->proxy_wasm_next_;
    --used_;
    return node;
  }
  return nullptr;
}

ProxyWasmNode* NodeTable::takeAny() {
  for (uint32_t index = 0; used_ != 0 && index < count_; ++index) {
    if (chains_[index] != nullptr) return take(chains_[index]->proxy_wasm_key_);
  }
  free(chains_);
  chains_ = nullptr;
  count_ = 0;
  return nullptr;
}

void NodeTable::insert(ProxyWasmNode* node) {
  if (used_ == count_) grow();
  ProxyWasmNode** head = slot(node->proxy_wasm_key_);
  node->proxy_wasm_next_ = *head;
  *head = node;
  ++used_;
}

void NodeTable::grow() {
  NodeTable bigger;
  bigger.count_ = count_ == 0 ? 16 : 2 * count_;
  bigger.chains_ = static_cast<ProxyWasmNode**>(calloc(bigger.count_, sizeof(*chains_)));
  if (bigger.chains_ == nullptr) logAbort("out of memory");
  while (ProxyWasmNode* node = takeAny()) bigger.insert(node);
  *this = bigger;
}

Call::~Call() = default;
bool Call::onResponse(uint32_t, size_t, uint32_t) { return true; }
void Call::onInitialMetadata(uint32_t) {}
void Call::onTrailingMetadata(uint32_t) {}
bool Call::onReceive(size_t) { return true; }
bool Call::onClose(GrpcStatus) { return true; }

CallTable::~CallTable() {
  while (ProxyWasmNode* node = calls_.takeAny()) delete static_cast<Call*>(node);
}

void CallTable::add(uint32_t token, Call* call) {
  call->proxy_wasm_key_ = token;
  calls_.insert(call);
}

Call* CallTable::enter(uint32_t token) {
  auto* call = static_cast<Call*>(calls_.find(token));
  if (call != nullptr) call->running_ = true;
  return call;
}

void CallTable::leave(Call* call, bool last) {
  call->running_ = false;
  if (!last && !call->dropped_) return;
  if (!call->dropped_) calls_.take(call->proxy_wasm_key_);
  delete call;
}

void CallTable::drop(uint32_t token) {
  auto* call = static_cast<Call*>(calls_.take(token));
  if (call == nullptr) return;
  call->dropped_ = true;
  if (!call->running_) delete call;
}

}  // namespace proxy_wasm_internal
