// Which classes a module has, and the contexts made of them.
#include <stdlib.h>

#include "internal.h"

namespace {

struct Registration {
  ContextFactory context_factory;
  RootFactory root_factory;
  StringView root_id;
  Registration* next;
};

// Plain data: a filter's static objects are made in any order, and these are ready before all of them.
Registration* registrations = nullptr;
RootContext* newest_root = nullptr;
proxy_wasm_internal::NodeTable contexts;

void tellUnknown(StringView root_id) {
  ProxyWasmLine line;
  line + "This module has no filter for root id \"" + root_id + "\"; it has ";
  if (registrations == nullptr) line + "none (RegisterContextFactory is missing)";
  for (const auto* entry = registrations; entry != nullptr; entry = entry->next) {
    line + "\"" + entry->root_id + (entry->next == nullptr ? "\"" : "\", ");
  }
  logCritical((line + ".").view());
}

}  // namespace

void proxyWasmRegister(ContextFactory context, RootFactory root, const char* root_id, size_t size) {
  // A filter may give an id that does not live on.
  auto* copy = static_cast<char*>(operator new(size));
  memcpy(copy, root_id, size);
  registrations = new Registration{context, root, {copy, size}, registrations};
}

namespace proxy_wasm_internal {

ContextBase* Contexts::find(uint32_t id) { return static_cast<ContextBase*>(contexts.find(id)); }

RootContext* Contexts::findRoot(uint32_t id) {
  ContextBase* context = find(id);
  return context == nullptr ? nullptr : context->asRoot();
}

RootContext* Contexts::newestRoot(StringView root_id) {
  RootContext* root = newest_root;
  while (root != nullptr && root->root_id() != root_id) root = root->next_root_;
  return root;
}

RootContext* Contexts::makeRoot(uint32_t id) {
  const char* text = nullptr;
  size_t size = 0;
  proxy_get_property("plugin_root_id", strlen("plugin_root_id"), &text, &size);
  const StringView root_id(text, size);
  bool known = false;
  ContextFactory make_context = nullptr;
  RootFactory make_root = nullptr;
  for (const auto* entry = registrations; entry != nullptr; entry = entry->next) {
    if (entry->root_id.size() != size || memcmp(entry->root_id.data(), text, size) != 0) continue;
    known = true;
    if (make_context == nullptr) make_context = entry->context_factory;
    if (make_root == nullptr) make_root = entry->root_factory;
  }
  RootContext* root = nullptr;
  if (make_root != nullptr) {
    root = make_root(id, root_id).release();
  } else if (known) {
    root = new RootContext(id, root_id);
  } else {
    tellUnknown(root_id);
  }
  free(const_cast<char*>(text));
  if (root == nullptr) return nullptr;
  root->make_context_ = make_context;
  root->next_root_ = newest_root;
  newest_root = root;
  return root;
}

Context* Contexts::makeContext(uint32_t id, RootContext* root) {
  if (root == nullptr) return nullptr;
  return root->make_context_ == nullptr ? new Context(id, root) : root->make_context_(id, root).release();
}

// Where no context is made (no class is known under the root id), every callback that may refuse does: the proxy then
// takes neither VM nor plugin.
void Contexts::create(uint32_t id, uint32_t parent_id) {
  if (find(id) != nullptr) return;
  ContextBase* context;
  if (parent_id == 0) {
    context = makeRoot(id);
  } else {
    context = makeContext(id, findRoot(parent_id));
  }
  if (context == nullptr) return;
  // A class may have passed another number on; the host's is the one that callbacks come with.
  context->proxy_wasm_key_ = id;
  contexts.insert(context);
  context->onCreate();
}

void Contexts::destroy(uint32_t id) {
  ContextBase* context = find(id);
  if (context == nullptr) return;
  context->onDelete();
  contexts.take(id);
  for (RootContext** link = &newest_root; *link != nullptr; link = &(*link)->next_root_) {
    if (*link != context) continue;
    *link = (*link)->next_root_;
    break;
  }
  delete context;
}

}  // namespace proxy_wasm_internal

ContextBase* getContextBase(uint32_t context_id) { return proxy_wasm_internal::Contexts::find(context_id); }

Context* getContext(uint32_t context_id) {
  ContextBase* context = getContextBase(context_id);
  return context == nullptr ? nullptr : context->asContext();
}

RootContext* getRootContext(uint32_t context_id) { return proxy_wasm_internal::Contexts::findRoot(context_id); }

RootContext* getRoot(StringView root_id) { return proxy_wasm_internal::Contexts::newestRoot(root_id); }
