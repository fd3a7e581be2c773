// Which classes a module has, and the contexts made of them.
#include "internal.h"

namespace {

using proxy_wasm_internal::NodeTable;

struct Registration {
  std::string root_id;
  ContextFactory context_factory;
  RootFactory root_factory;
  Registration* next;
};

// Plain data: a filter's static objects are made in any order, and these are ready before all of them.
Registration* registrations = nullptr;
RootContext* newest_root = nullptr;
NodeTable contexts;

struct Classes {
  bool known = false;
  ContextFactory context = nullptr;
  RootFactory root = nullptr;
};

Classes classesOf(StringView root_id) {
  Classes found;
  for (const auto* entry = registrations; entry != nullptr; entry = entry->next) {
    if (entry->root_id != root_id) continue;
    found.known = true;
    if (found.context == nullptr) found.context = entry->context_factory;
    if (found.root == nullptr) found.root = entry->root_factory;
  }
  return found;
}

// Stands in for a root context whose class is not there; the proxy then takes neither VM nor plugin.
class UnknownRoot final : public RootContext {
 public:
  using RootContext::RootContext;
  bool validateConfiguration(size_t) override { return false; }
  bool onStart(size_t) override { return false; }
  bool onConfigure(size_t) override { return false; }
};

void quote(std::string& text, StringView root_id) { text.append("\"").append(root_id).append("\""); }

void tellUnknown(StringView root_id) {
  std::string message("This module has no filter for root id ");
  quote(message, root_id);
  message.append("; it has ");
  if (registrations == nullptr) message.append("none (RegisterContextFactory is missing)");
  for (const auto* entry = registrations; entry != nullptr; entry = entry->next) {
    quote(message, entry->root_id);
    if (entry->next != nullptr) message.append(", ");
  }
  logCritical(message.append("."));
}

std::unique_ptr<RootContext> makeRoot(uint32_t id) {
  std::string root_id;
  proxy_wasm_internal::take(proxy_wasm_internal::propertyAt("plugin_root_id"), &root_id);
  const Classes classes = classesOf(root_id);
  if (!classes.known) {
    tellUnknown(root_id);
    return std::unique_ptr<RootContext>(new UnknownRoot(id, root_id));
  }
  if (classes.root != nullptr) return classes.root(id, root_id);
  return std::unique_ptr<RootContext>(new RootContext(id, root_id));
}

std::unique_ptr<Context> makeContext(uint32_t id, RootContext* root) {
  const Classes classes = classesOf(root->root_id());
  if (classes.context != nullptr) return classes.context(id, root);
  return std::unique_ptr<Context>(new Context(id, root));
}

}  // namespace

RegisterContextFactory::RegisterContextFactory(ContextFactory context, RootFactory root, StringView root_id) {
  registrations = new Registration{std::string(root_id), context, root, registrations};
}

RegisterContextFactory::RegisterContextFactory(RootFactory root, StringView id)
    : RegisterContextFactory(nullptr, root, id) {}

RegisterContextFactory::RegisterContextFactory(ContextFactory context, StringView id)
    : RegisterContextFactory(context, nullptr, id) {}

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

void Contexts::create(uint32_t id, uint32_t parent_id) {
  if (find(id) != nullptr) return;
  ContextBase* context;
  if (parent_id == 0) {
    RootContext* root = makeRoot(id).release();
    root->next_root_ = newest_root;
    newest_root = root;
    context = root;
  } else {
    RootContext* root = findRoot(parent_id);
    if (root == nullptr) return;
    context = makeContext(id, root).release();
  }
  // A class may have passed another number on; the host's is the one that callbacks come with.
  context->proxy_wasm_key_ = id;
  contexts.insert(context);
  context->onCreate();
}

bool Contexts::done(uint32_t id) {
  ContextBase* context = find(id);
  return context == nullptr || context->onDoneBase();
}

void Contexts::destroy(uint32_t id) {
  ContextBase* context = find(id);
  if (context == nullptr) return;
  context->onDelete();
  contexts.take(id);
  RootContext** link = &newest_root;
  while (*link != nullptr && *link != context) link = &(*link)->next_root_;
  if (*link != nullptr) *link = (*link)->next_root_;
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
