// Adds headers to every response: one from the configuration, one from the code.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

// Lives as long as the plugin.
class AddHeaderRoot : public RootContext {
 public:
  using RootContext::RootContext;

  // False refuses the configuration: the proxy keeps what it had, and its log has the reason.
  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->size() == 0 ? "{}" : text->view());
    if (!json.isObject()) {
      LOG_ERROR("the configuration is not a JSON object: " + json.error());
      return false;
    }
    name = json["name"].string("hello");
    value = json["value"].string("world");
    return true;
  }

  std::string name;
  std::string value;
};

// Lives as long as one request.
class AddHeader : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    const auto* settings = static_cast<AddHeaderRoot*>(root());
    addResponseHeader(settings->name, settings->value);
    addResponseHeader("你好", "六翁");
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_AddHeader(CONTEXT_FACTORY(AddHeader), ROOT_FACTORY(AddHeaderRoot), "add_header");
