// Lets a request pass only when it carries the token that the configuration names.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class AuthRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    const std::string token = json["token"].string();
    if (token.empty()) {
      LOG_ERROR("the configuration names no token; without one everybody would pass");
      return false;
    }
    expected = "Bearer " + token;
    return true;
  }

  std::string expected;
};

class Auth : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const WasmDataPtr given = getRequestHeader("authorization");
    if (same(given->view(), static_cast<AuthRoot*>(root())->expected)) return FilterHeadersStatus::Continue;
    sendLocalResponse(401, "no_token", "a token is wanted\n", {{"www-authenticate", "Bearer"}});
    return FilterHeadersStatus::StopIteration;
  }

 private:
  // Takes as long for a wrong token as for a right one, so that nobody finds it letter by letter.
  static bool same(StringView one, StringView other) {
    if (one.size() != other.size()) return false;
    unsigned difference = 0;
    for (size_t i = 0; i < one.size(); ++i) difference |= static_cast<unsigned char>(one[i] ^ other[i]);
    return difference == 0;
  }
};

static RegisterContextFactory register_Auth(CONTEXT_FACTORY(Auth), ROOT_FACTORY(AuthRoot), "auth");
