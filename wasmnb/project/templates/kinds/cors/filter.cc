// Answers browsers' preflight requests, and allows one other origin to read responses.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class CorsRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    origin = json["origin"].string();
    methods = json["methods"].string("GET, POST");
    headers = json["headers"].string("content-type");
    max_age = json["max-age"].string("600");
    // What stands for everybody, or for pages without an origin, is no origin.
    if (origin.rfind("https://", 0) != 0 && origin.rfind("http://", 0) != 0) {
      LOG_ERROR("the configuration names no origin, such as https://app.example");
      return false;
    }
    return true;
  }

  std::string origin, methods, headers, max_age;
};

class Cors : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const auto* settings = static_cast<CorsRoot*>(root());
    const std::string origin = getRequestHeader("origin")->toString();
    allowed_ = origin == settings->origin;
    const bool preflight = getRequestHeader(":method")->view() == "OPTIONS" && !origin.empty() &&
                           getRequestHeader("access-control-request-method")->size() > 0;
    if (!preflight) return FilterHeadersStatus::Continue;
    answered_ = true;
    if (!allowed_) {
      sendLocalResponse(403, "cors_origin", "this origin is not allowed\n", {{"vary", "origin"}});
    } else {
      sendLocalResponse(204, "cors_preflight", "",
                        {{"access-control-allow-origin", settings->origin},
                         {"access-control-allow-methods", settings->methods},
                         {"access-control-allow-headers", settings->headers},
                         {"access-control-max-age", settings->max_age},
                         {"vary", "origin"}});
    }
    return FilterHeadersStatus::StopIteration;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    if (answered_) return FilterHeadersStatus::Continue;
    for (const char* name : {"access-control-allow-origin", "access-control-allow-credentials",
                             "access-control-allow-methods", "access-control-allow-headers"}) {
      removeResponseHeader(name);
    }
    addResponseHeader("vary", "origin");
    if (allowed_) addResponseHeader("access-control-allow-origin", static_cast<CorsRoot*>(root())->origin);
    return FilterHeadersStatus::Continue;
  }

 private:
  bool allowed_ = false, answered_ = false;
};

static RegisterContextFactory register_Cors(CONTEXT_FACTORY(Cors), ROOT_FACTORY(CorsRoot), "cors");
