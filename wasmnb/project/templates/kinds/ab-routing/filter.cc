// Gives each user one of two variants, a or b, always the same, in a header that routes can match.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class AbRoutingRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    user = json["user-header"].string("x-user-id");
    variant = json["variant-header"].string("x-variant");
    salt = json["experiment"].string();
    percent = json["percent"].integer(-1);
    if (salt.empty() || user.empty() || variant.empty() || percent < 0 || percent > 100) {
      LOG_ERROR("the configuration wants the name of an experiment, and a percent from 0 to 100");
      return false;
    }
    return true;
  }

  // The same for one user in each proxy, and drawn anew for each experiment.
  bool in_b(StringView id) const { return !id.empty() && hash(salt + ":" + std::string(id)) % 100 < percent; }

  std::string user, variant;

 private:
  // FNV-1a, whose low bits are mixed once more.
  static uint32_t hash(StringView text) {
    uint32_t sum = 2166136261u;
    for (const char c : text) sum = (sum ^ static_cast<uint8_t>(c)) * 16777619u;
    sum = (sum ^ (sum >> 16)) * 2246822507u;
    return sum ^ (sum >> 13);
  }

  std::string salt;
  int64_t percent = 0;
};

class AbRouting : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const auto* settings = static_cast<AbRoutingRoot*>(root());
    chosen_ = settings->in_b(getRequestHeader(settings->user)->view()) ? "b" : "a";
    // All lines of that name go: nobody chooses a variant for himself.
    removeRequestHeader(settings->variant);
    addRequestHeader(settings->variant, chosen_);
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    const auto* settings = static_cast<AbRoutingRoot*>(root());
    removeResponseHeader(settings->variant);
    addResponseHeader(settings->variant, chosen_);
    // A cache must not give one user's variant to another.
    addResponseHeader("vary", settings->user);
    return FilterHeadersStatus::Continue;
  }

 private:
  StringView chosen_ = "a";
};

static RegisterContextFactory register_AbRouting(CONTEXT_FACTORY(AbRouting), ROOT_FACTORY(AbRoutingRoot), "ab_routing");
