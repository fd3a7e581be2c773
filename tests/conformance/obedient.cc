#include "proxy_wasm_intrinsics.h"

#include <cstdlib>

class Root : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    configuration_ = getConfiguration()->toString();
    defineMetric(MetricType::Counter, "requests_seen", &requests_);
    defineMetric(MetricType::Counter, "ticks_seen", &ticks_);
    return proxy_set_tick_period_milliseconds(20) == WasmResult::Ok;
  }
  void onTick() override { incrementMetric(ticks_, 1); }

  std::string configuration_;
  uint32_t requests_ = 0, ticks_ = 0;
};

class Stream : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    path_ = getRequestHeader(":path")->toString();
    incrementMetric(root()->requests_, 1);
    addRequestHeader("x-seen", "yes");
    if (path_ == "/deny") {
      sendLocalResponse(401, "denied", "who are you?", {{"x-why", "no token"}});
      return FilterHeadersStatus::StopIteration;
    }
    if (path_ == "/call") return call("/inner", 5000);
    if (path_ == "/call/slow") return call("/slow", 50);
    if (path_ == "/count") count_ = count();
    if (path_ == "/levels") {
      logTrace("said at trace");
      logDebug("said at debug");
      logInfo("said at info");
      logWarn("said at warn");
      logError("said at error");
      logCritical("said at critical");
    }
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onRequestBody(size_t size, bool last) override {
    if (path_ == "/upper") {
      if (!last) return FilterDataStatus::StopIterationAndBuffer;
      std::string body = getBufferBytes(WasmBufferType::HttpRequestBody, 0, size)->toString();
      for (char& letter : body) letter = static_cast<char>(toupper(letter));
      setBuffer(WasmBufferType::HttpRequestBody, 0, size, body);
    }
    if (path_ == "/append" && last) setBuffer(WasmBufferType::HttpRequestBody, size, 0, "-end");
    return FilterDataStatus::Continue;
  }

  FilterTrailersStatus onRequestTrailers(uint32_t) override {
    addRequestTrailer("x-added", "there");
    return FilterTrailersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("hello", root()->configuration_);
    addResponseHeader("你好", "六翁");
    if (!count_.empty()) addResponseHeader("x-count", count_);
    if (path_ == "/answer") removeResponseHeader("content-length");
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onResponseBody(size_t size, bool last) override {
    if (path_ != "/answer") return FilterDataStatus::Continue;
    if (!last) return FilterDataStatus::StopIterationAndBuffer;
    setBuffer(WasmBufferType::HttpResponseBody, 0, size, std::to_string(size) + " bytes");
    return FilterDataStatus::Continue;
  }

  FilterTrailersStatus onResponseTrailers(uint32_t) override {
    addResponseTrailer("x-added", "back");
    return FilterTrailersStatus::Continue;
  }

 private:
  Root* root() const { return static_cast<Root*>(Context::root()); }

  FilterHeadersStatus call(StringView path, uint32_t patience) {
    const HeaderStringPairs headers = {{":method", "GET"}, {":path", std::string(path)}, {":authority", "inner"}};
    root()->httpCall("http", headers, "", {}, patience, [id = id()](uint32_t, size_t, uint32_t) {
      const std::string status = getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->toString();
      Context* stream = getContext(id);
      if (stream == nullptr) return;
      stream->setEffectiveContext();
      addRequestHeader("x-inner", status);
      continueRequest();
    });
    return FilterHeadersStatus::StopIteration;
  }

  static std::string count() {
    WasmDataPtr data;
    uint32_t cas = 0;
    const bool found = getSharedData("count", &data, &cas) == WasmResult::Ok;
    const std::string text = std::to_string(found ? atoi(data->toString().c_str()) + 1 : 1);
    setSharedData("count", text, cas);
    return text;
  }

  std::string path_, count_;
};

static RegisterContextFactory register_Stream(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));
