// Lets so many requests pass in each span of time, and answers 429 to the others.
//
// A proxy runs the filter once per worker thread, each in a memory of its own. What all of them count is therefore in
// the proxy's shared data, as "window:count".
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class RateLimitRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->size() == 0 ? "{}" : text->view());
    requests = json["requests"].integer(100);
    seconds = json["seconds"].integer(1);
    if (!json.isObject() || requests < 1 || seconds < 1) {
      LOG_ERROR("the configuration wants requests and seconds, both 1 or more");
      return false;
    }
    return true;
  }

  // Counts one request; false when there were enough.
  bool take() {
    const int64_t now = static_cast<int64_t>(getCurrentTimeNanoseconds() / 1000000000) / seconds;
    WasmResult written = WasmResult::CasMismatch;
    while (written == WasmResult::CasMismatch) {
      WasmDataPtr data;
      uint32_t cas = 0;
      int64_t window = now;
      int64_t count = 0;
      if (getSharedData(kKey, &data, &cas) == WasmResult::Ok) {
        const std::string text = data->toString();
        const size_t colon = text.find(':');
        const int64_t of = atoll(text.c_str());
        // A thread that read its clock first may come last: it counts in the window that the others have begun.
        if (colon != std::string::npos && (of == now || of == now + 1)) {
          window = of;
          count = atoll(text.c_str() + colon + 1);
        }
      }
      if (count >= requests) return false;
      // Another thread may have counted meanwhile: then this number is refused, and counted anew.
      written = setSharedData(kKey, std::to_string(window) + ":" + std::to_string(count + 1), cas);
    }
    return true;
  }

  int64_t requests = 0;
  int64_t seconds = 0;

 private:
  static constexpr StringView kKey = "rate_limit";
};

class RateLimit : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    auto* settings = static_cast<RateLimitRoot*>(root());
    if (settings->take()) return FilterHeadersStatus::Continue;
    sendLocalResponse(429, "rate_limit", "too many requests\n", {{"retry-after", std::to_string(settings->seconds)}});
    return FilterHeadersStatus::StopIteration;
  }
};

static RegisterContextFactory register_RateLimit(CONTEXT_FACTORY(RateLimit), ROOT_FACTORY(RateLimitRoot), "rate_limit");
