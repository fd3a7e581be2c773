// Gives every response the headers that keep browsers safe, in place of what the service says.
#include <array>

#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

namespace {

struct Line {
  const char* name;
  const char* usual;
};

constexpr std::array<Line, 5> LINES = {{{"strict-transport-security", "max-age=31536000; includeSubDomains"},
                                        {"x-content-type-options", "nosniff"},
                                        {"x-frame-options", "DENY"},
                                        {"referrer-policy", "strict-origin-when-cross-origin"},
                                        {"content-security-policy", ""}}};

}  // namespace

class SecurityHeadersRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t size) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = size > 0 ? Json::parse(text->view()) : Json::parse("{}");
    if (!json) {
      LOG_ERROR("the configuration is not valid JSON");
      return false;
    }
    for (size_t i = 0; i < LINES.size(); ++i) values[i] = json[LINES[i].name].string(LINES[i].usual);
    return true;
  }

  std::array<std::string, LINES.size()> values;
};

class SecurityHeaders : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    const auto* settings = static_cast<SecurityHeadersRoot*>(root());
    for (size_t i = 0; i < LINES.size(); ++i) {
      if (settings->values[i].empty()) continue;
      // All lines of that name go, not the first alone.
      removeResponseHeader(LINES[i].name);
      addResponseHeader(LINES[i].name, settings->values[i]);
    }
    for (const char* name : {"x-powered-by", "x-aspnet-version"}) removeResponseHeader(name);
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_SecurityHeaders(CONTEXT_FACTORY(SecurityHeaders),
                                                       ROOT_FACTORY(SecurityHeadersRoot), "security_headers");
