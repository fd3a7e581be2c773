// Answers every request with a page that says when the service is back.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class MaintenanceRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t size) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = size > 0 ? Json::parse(text->view()) : Json::parse("{}");
    if (!json) {
      LOG_ERROR("the configuration is not valid JSON");
      return false;
    }
    page =
        "<!doctype html><meta charset=utf-8><title>503</title><p>" + escaped(json["text"].string("We are back soon."));
    retry_after = json["retry-after"].string("600");
    except = json["except"].string("/healthz");
    return true;
  }

  std::string page, retry_after, except;

 private:
  static std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
      if (c == '<') {
        safe += "&lt;";
      } else if (c == '&') {
        safe += "&amp;";
      } else {
        safe += c;
      }
    }
    return safe;
  }
};

class Maintenance : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const auto* settings = static_cast<MaintenanceRoot*>(root());
    const WasmDataPtr path = getRequestHeader(":path");
    // The path as a whole: what begins with it may lead elsewhere.
    if (!settings->except.empty() && path->view() == settings->except) return FilterHeadersStatus::Continue;
    sendLocalResponse(503, "maintenance", settings->page,
                      {{"content-type", "text/html; charset=utf-8"},
                       {"retry-after", settings->retry_after},
                       {"cache-control", "no-store"}});
    return FilterHeadersStatus::StopIteration;
  }
};

static RegisterContextFactory register_Maintenance(CONTEXT_FACTORY(Maintenance), ROOT_FACTORY(MaintenanceRoot),
                                                   "maintenance");
