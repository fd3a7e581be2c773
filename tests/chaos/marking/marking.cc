#include "proxy_wasm_intrinsics.h"

class Root : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    configuration_ = getConfiguration()->toString();
    return true;
  }

  std::string configuration_;
};

class Stream : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const std::string path = getRequestHeader(":path")->toString();
    evil_ = path.find('!') != std::string::npos;
    if (path.find('^') == std::string::npos) return FilterHeadersStatus::Continue;
    sendLocalResponse(403, "", "", {});
    return FilterHeadersStatus::StopIteration;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    if (evil_) __builtin_trap();
    addResponseHeader("x-tag", "cpp");
    const std::string& configuration = static_cast<Root*>(root())->configuration_;
    if (!configuration.empty()) addResponseHeader("x-config", configuration);
    return FilterHeadersStatus::Continue;
  }

 private:
  bool evil_ = false;
};

static RegisterContextFactory register_(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));
