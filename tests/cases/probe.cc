#include <stdlib.h>

#include "proxy_wasm_intrinsics.h"

// Logs all that it can see; the path says what it does.
class Root : public RootContext {
 public:
  using RootContext::RootContext;
  bool onStart(size_t size) override {
    logInfo("VM configuration " + getBufferBytes(WasmBufferType::VmConfiguration, 0, size)->toString());
    if (const char* mode = getenv("MODE")) logInfo(std::string("mode ") + mode);
    return true;
  }
  bool onConfigure(size_t size) override {
    const std::string configuration = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    logInfo("configuration " + configuration);
    if (configuration == "refuse") return false;
    if (configuration == "tick") proxy_set_tick_period_milliseconds(20);
    uint32_t queue = 0;
    registerSharedQueue("jobs", &queue);
    return true;
  }
  void onTick() override { logInfo("tick"); }
  void onQueueReady(uint32_t token) override {
    WasmDataPtr data;
    const WasmResult got = dequeueSharedQueue(token, &data);
    logInfo("queue " + toString(got) + " " + (got == WasmResult::Ok ? data->toString() : ""));
    logInfo("queue then " + toString(dequeueSharedQueue(token, &data)));
  }
};

// Asks over a gRPC stream, and has the request go on when the other side has closed.
class Asking : public GrpcStreamHandler<> {
 public:
  explicit Asking(Context* stream) : stream_(stream) {}
  void onReceiveInitialMetadata(uint32_t) override {
    logInfo("first " + getHeaderMapValue(WasmHeaderMapType::GrpcReceiveInitialMetadata, ":status")->toString() + " " +
            getHeaderMapValue(WasmHeaderMapType::GrpcReceiveInitialMetadata, "content-type")->toString());
  }
  void onReceiveTrailingMetadata(uint32_t) override {
    logInfo("last " + getHeaderMapValue(WasmHeaderMapType::GrpcReceiveTrailingMetadata, "grpc-status")->toString() +
            " " + getHeaderMapValue(WasmHeaderMapType::GrpcReceiveTrailingMetadata, "x-tail")->toString());
  }
  void onReceive(size_t size) override {
    logInfo("received " + getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size)->toString());
  }
  void onRemoteClose(GrpcStatus status) override {
    logInfo("closed " + std::to_string(static_cast<int>(status)));
    stream_->setEffectiveContext();
    continueRequest();
  }

 private:
  Context* stream_;
};

class Stream : public Context {
 public:
  using Context::Context;

  void onCreate() override { logInfo("created"); }

  FilterHeadersStatus onRequestHeaders(uint32_t, bool end) override {
    path_ = getRequestHeader(":path")->toString();
    logInfo("request headers, end " + std::to_string(end));
    look(WasmHeaderMapType::RequestHeaders, "request headers");
    look(WasmHeaderMapType::RequestTrailers, "request trailers");
    look(WasmHeaderMapType::ResponseHeaders, "response headers");
    bytes(WasmBufferType::HttpRequestBody);
    bytes(WasmBufferType::HttpCallResponseBody);
    for (auto name : {"request.path", "request.method", "request.host", "request.scheme", "request.url_path"}) {
      property(name);
    }
    if (path_ == "/answer") {
      sendLocalResponse(403, "because", "no", {{"x-own", "1"}, {"x-own", "2"}});
      return FilterHeadersStatus::StopIteration;
    }
    if (path_ == "/change") change(WasmHeaderMapType::RequestHeaders);
    if (path_ == "/call") {
      const auto made = root()->httpCall(
          "other", {{":method", "POST"}, {":path", "/x"}, {":authority", "o"}}, "body", {}, 200,
          [this](uint32_t headers, size_t size, uint32_t trailers) {
            logInfo("called: " + std::to_string(headers > 0) + " " + std::to_string(trailers));
            if (getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, "x-tea")->view() == "pot") {
              look(WasmHeaderMapType::HttpCallResponseTrailers, "call trailers");
            }
            logInfo("status " + getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->toString());
            const auto data = getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, size);
            if (data) logInfo("body " + data->toString());
            setEffectiveContext();
            addRequestHeader("x-called", "yes");
            continueRequest();
          });
      logInfo("call: " + toString(made));
      return made == WasmResult::Ok ? FilterHeadersStatus::StopIteration : FilterHeadersStatus::Continue;
    }
    if (path_ == "/call-on") {
      root()->httpCall("other", {{":method", "POST"}, {":path", "/x"}, {":authority", "o"}}, "", {}, 200,
                       [](auto...) {});
    }
    if (path_ == "/call-bad") {
      logInfo("call: " + toString(root()->httpCall("other", {{":method", "POST"}}, "", {}, 200, [](auto...) {})));
    }
    if (path_ == "/grpc-stream-reset") {
      Asking* const asking = open();
      if (asking != nullptr) {
        asking->send("question", true);
        asking->reset();
      }
    }
    if (path_ == "/grpc" || path_ == "/grpc-stream" || path_ == "/grpc-stream-close") {
      const auto made = path_ == "/grpc" ? ask() : askOverStream();
      logInfo("gRPC: " + toString(made));
      return made == WasmResult::Ok ? FilterHeadersStatus::StopIteration : FilterHeadersStatus::Continue;
    }
    if (path_ == "/time") logInfo("time " + std::to_string(getCurrentTimeNanoseconds()));
    if (path_ == "/count") {
      uint32_t counter = 0;
      defineMetric(MetricType::Counter, "counted", &counter);
      incrementMetric(counter, 2);
      uint32_t histogram = 0;
      defineMetric(MetricType::Histogram, "taken", &histogram);
      for (const uint64_t value : {3, 30, 300}) recordMetric(histogram, value);
    }
    if (path_ == "/shared") shared();
    if (path_ == "/trap") __builtin_trap();
    if (path_ == "/close") {
      closeRequest();
      return FilterHeadersStatus::StopIteration;
    }
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onRequestBody(size_t size, bool end) override {
    logInfo("request body " + std::to_string(size) + ", end " + std::to_string(end));
    bytes(WasmBufferType::HttpRequestBody);
    if (path_ == "/answer-body") {
      sendLocalResponse(401, "", "who", {});
      return FilterDataStatus::StopIterationNoBuffer;
    }
    if (path_ == "/body") write(WasmBufferType::HttpRequestBody, size);
    return path_ == "/hold" && !end ? FilterDataStatus::StopIterationAndBuffer : FilterDataStatus::Continue;
  }

  FilterTrailersStatus onRequestTrailers(uint32_t) override {
    look(WasmHeaderMapType::RequestTrailers, "request trailers");
    addRequestTrailer("x-added", "there");
    return FilterTrailersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool end) override {
    logInfo("response headers, end " + std::to_string(end));
    look(WasmHeaderMapType::ResponseHeaders, "response headers");
    if (path_ == "/change") change(WasmHeaderMapType::ResponseHeaders);
    logInfo("late " + toString(addRequestHeader("x-late", "1")));
    logInfo("path " + getRequestHeader(":path")->toString());
    removeResponseHeader("content-length");
    property("response.code");
    if (path_ == "/answer-response") {
      sendLocalResponse(502, "", "bad", {{"x-own", "1"}});
      return FilterHeadersStatus::StopIteration;
    }
    if (path_ == "/trap-response") __builtin_trap();
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onResponseBody(size_t size, bool end) override {
    logInfo("response body " + std::to_string(size) + ", end " + std::to_string(end));
    bytes(WasmBufferType::HttpResponseBody);
    if (path_ == "/body") write(WasmBufferType::HttpResponseBody, size);
    return path_ == "/hold" && !end ? FilterDataStatus::StopIterationAndBuffer : FilterDataStatus::Continue;
  }

  FilterTrailersStatus onResponseTrailers(uint32_t) override {
    look(WasmHeaderMapType::ResponseTrailers, "response trailers");
    addResponseTrailer("x-added", "back");
    return FilterTrailersStatus::Continue;
  }

  void onDone() override { logInfo("done"); }
  void onLog() override {
    logInfo("log");
    logInfo("path " + getRequestHeader(":path")->toString());
  }
  void onDelete() override { logInfo("deleted"); }

 private:
  WasmResult ask() {
    return root()->grpcSimpleCall(
        "other", "a.Service", "Ask", {}, "question", 200,
        [this](size_t size) {
          logInfo("answered " + getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size)->toString());
          setEffectiveContext();
          continueRequest();
        },
        [this](GrpcStatus status) {
          logInfo("failed " + std::to_string(static_cast<int>(status)));
          setEffectiveContext();
          continueRequest();
        });
  }

  WasmResult askOverStream() {
    Asking* const asking = open();
    if (asking == nullptr) return WasmResult::ParseFailure;
    const auto sent = asking->send("question", path_ == "/grpc-stream");
    if (path_ == "/grpc-stream-close") asking->close();
    return sent;
  }

  Asking* open() {
    auto asking = std::make_unique<Asking>(this);
    Asking* const handler = asking.get();
    const auto made = root()->grpcStreamHandler("other", "a.Service", "Ask", {}, std::move(asking));
    logInfo("stream: " + toString(made));
    return made == WasmResult::Ok ? handler : nullptr;
  }

  static void look(WasmHeaderMapType map, const std::string& name) {
    WasmDataPtr data;
    const char* pointer = nullptr;
    size_t size = 0;
    const WasmResult got = proxy_get_header_map_pairs(map, &pointer, &size);
    if (got != WasmResult::Ok || pointer == nullptr) {
      logInfo(name + ": " + toString(got));
      return;
    }
    data = std::make_unique<WasmData>(pointer, size);
    for (const auto& [key, value] : data->pairs()) {
      if (key != "x-forwarded-proto" && key != "content-length" && key != "date") {
        logInfo(name + ": " + std::string(key) + "=" + std::string(value));
      }
    }
  }

  static void bytes(WasmBufferType buffer) {
    size_t size = 0;
    uint32_t flags = 0;
    const WasmResult got = getBufferStatus(buffer, &size, &flags);
    logInfo("buffer " + toString(got) + " " + std::to_string(got == WasmResult::Ok ? size : 0));
    for (const auto& [start, length] : {std::pair<size_t, size_t>{0, 2}, {1, 100}, {100, 1}}) {
      const auto data = getBufferBytes(buffer, start, length);
      logInfo("bytes " + (data ? data->toString() : std::string("none")));
    }
  }

  static void write(WasmBufferType buffer, size_t size) {
    logInfo("inside: " + toString(setBuffer(buffer, 1, 1, "x")));
    logInfo("part: " + toString(setBuffer(buffer, 0, size > 1 ? size - 1 : 1, "y")));
    logInfo("before: " + toString(setBuffer(buffer, 0, 0, "<")));
    logInfo("behind: " + toString(setBuffer(buffer, 1000, 0, ">")));
    bytes(buffer);
  }

  static void property(const std::string& path) {
    std::string parts = path;
    for (char& letter : parts) {
      if (letter == '.') letter = '\0';
    }
    const char* pointer = nullptr;
    size_t size = 0;
    const WasmResult got = proxy_get_property(parts.data(), parts.size(), &pointer, &size);
    std::string value = got == WasmResult::Ok ? std::string(pointer, size) : "";
    if (path == "response.code" && value.size() == 8)
      value = std::to_string(*reinterpret_cast<const uint64_t*>(pointer));
    logInfo(path + ": " + toString(got) + " " + value);
  }

  static void change(WasmHeaderMapType map) {
    const auto name = [&](const std::string& what, WasmResult result) { logInfo(what + ": " + toString(result)); };
    name("twice", WasmResult::Ok);
    logInfo("value " + getHeaderMapValue(map, "x-twice")->toString());
    name("add", addHeaderMapValue(map, "X-Added", "1"));
    name("add", addHeaderMapValue(map, "x-added", "2"));
    name("replace", replaceHeaderMapValue(map, "x-twice", "once"));
    name("replace", replaceHeaderMapValue(map, "x-new", "n"));
    name("remove", removeHeaderMapValue(map, "X-Gone"));
    name("remove", removeHeaderMapValue(map, "x-never"));
    logInfo("none <" + getHeaderMapValue(map, "x-never")->toString() + ">");
    look(map, "after");
  }

  static void shared() {
    WasmDataPtr data;
    uint32_t cas = 0, token = 0;
    logInfo("get " + toString(getSharedData("key", &data, &cas)));
    logInfo("set " + toString(setSharedData("key", "one", 0)));
    logInfo("get " + toString(getSharedData("key", &data, &cas)) + " " + data->toString());
    logInfo("set " + toString(setSharedData("key", "two", cas)));
    logInfo("set " + toString(setSharedData("key", "three", cas)));
    logInfo("resolve " + toString(resolveSharedQueue("other", "none", &token)));
    uint32_t metric = 0;
    logInfo("metric " + toString(defineMetric(MetricType::Gauge, "level", &metric)));
    logInfo("metric " + toString(recordMetric(metric, 7)) + toString(incrementMetric(metric, -2)));
    uint64_t value = 0;
    logInfo("metric " + toString(getMetric(metric, &value)) + std::to_string(value));
  }

  std::string path_;
};

static RegisterContextFactory register_Stream(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));
