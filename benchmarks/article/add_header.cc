// Adds headers to every response: one from the plugin's configuration, one from the code.
//
// Configuration, a JSON object:  {"name": "hello", "value": "world"}
//
// A filter has two classes. The root context lives as long as the plugin and reads the configuration; a context lives
// as long as one request. The last line makes both known to the proxy.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class AddHeaderRootContext : public RootContext {
 public:
  explicit AddHeaderRootContext(uint32_t id, StringView root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t configuration_size) override;

  std::string header_name_;
  std::string header_value_;
};

class AddHeaderContext : public Context {
 public:
  explicit AddHeaderContext(uint32_t id, RootContext* root)
      : Context(id, root), root_(static_cast<AddHeaderRootContext*>(root)) {}

  FilterHeadersStatus onResponseHeaders(uint32_t headers) override;

 private:
  AddHeaderRootContext* root_;
};

// Returning false refuses the configuration: the proxy keeps what it had, and its log has the reason.
bool AddHeaderRootContext::onConfigure(size_t) {
  const Json json = Json::parse(getConfiguration()->view());
  if (!json) {
    LOG_ERROR("the configuration is no JSON: " + json.error());
    return false;
  }
  // A member that is missing, or is no string, gives the text in brackets.
  header_name_ = json["name"].string("x-filter");
  header_value_ = json["value"].string("on");
  return true;
}

FilterHeadersStatus AddHeaderContext::onResponseHeaders(uint32_t) {
  addResponseHeader(root_->header_name_, root_->header_value_);
  addResponseHeader("你好", "六翁");
  return FilterHeadersStatus::Continue;
}

static RegisterContextFactory register_AddHeader(CONTEXT_FACTORY(AddHeaderContext), ROOT_FACTORY(AddHeaderRootContext));
