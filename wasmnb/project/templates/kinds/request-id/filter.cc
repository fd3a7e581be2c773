// Gives every request an id, which the service and the client see.
#include <unistd.h>

#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class RequestIdRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t size) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = size > 0 ? Json::parse(text->view()) : Json::parse("{}");
    const std::string trusted = json["trust"].string("no");
    header = json["header"].string("x-correlation-id");
    trust = trusted == "yes";
    if (!json || header.empty() || (trusted != "yes" && trusted != "no")) {
      LOG_ERROR("the configuration wants a header, and trust that is yes or no");
      return false;
    }
    return true;
  }

  std::string header;
  bool trust = false;
};

class RequestId : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const auto* settings = static_cast<RequestIdRoot*>(root());
    // Of several lines of that name the first counts, and all of them go.
    const std::string given = getRequestHeader(settings->header)->toString();
    id_ = settings->trust && is_id(given) ? given : made();
    removeRequestHeader(settings->header);
    addRequestHeader(settings->header, id_);
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    if (id_.empty()) return FilterHeadersStatus::Continue;
    const std::string& header = static_cast<RequestIdRoot*>(root())->header;
    removeResponseHeader(header);
    addResponseHeader(header, id_);
    return FilterHeadersStatus::Continue;
  }

 private:
  static bool is_id(StringView text) {
    if (text.size() < 8 || text.size() > 64) return false;
    for (const char c : text) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!letter && c != '-' && c != '_' && c != '.') return false;
    }
    return true;
  }

  static std::string made() {
    unsigned char bytes[16];
    getentropy(bytes, sizeof bytes);
    std::string text;
    for (const unsigned char byte : bytes) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }

  std::string id_;
};

static RegisterContextFactory register_RequestId(CONTEXT_FACTORY(RequestId), ROOT_FACTORY(RequestIdRoot), "request_id");
