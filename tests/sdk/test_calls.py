"""HTTP and gRPC calls: by callback, by handler, by token."""

from __future__ import annotations

import re

from tests.sdk.harness import PRELUDE

CALLER = """
#include <map>
// Answers a waiting request with what was told meanwhile.
class CallerRoot : public RootContext {
 public:
  using RootContext::RootContext;
  void finish(uint32_t id) {
    Context* context = getContext(id);
    if (context == nullptr) return;
    context->setEffectiveContext();
    answer();
  }
};
class Caller : public Context {
 public:
  using Context::Context;
  CallerRoot* caller() { return static_cast<CallerRoot*>(root()); }
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const WasmResult result = call(getRequestHeader(":path")->toString());
    tell("call", result);
    return result == WasmResult::Ok ? FilterHeadersStatus::StopAllIterationAndWatermark : answer();
  }
  WasmResult call(const std::string& path);
};
static RegisterContextFactory register_Caller(CONTEXT_FACTORY(Caller), ROOT_FACTORY(ROOT));
"""

HTTP = """
#define ROOT CallerRoot
"""
HTTP_CALL = """
WasmResult Caller::call(const std::string& path) {
  const uint32_t stream = id();
  CallerRoot* caller = this->caller();
  const HeaderStringPairs headers = {{":method", "POST"}, {":path", path}, {":authority", "inner"}, {"x-call", "1"}};
  return caller->httpCall(path == "/nowhere" ? "nowhere" : "http", headers, "the body", {{"x-trailing", "t"}},
                          path == "/slow" ? 50 : 5000, [=](uint32_t headers, size_t body_size, uint32_t trailers) {
    tell("headers", headers > 1);
    tell("trailers", trailers);
    tell("status", getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->view());
    tell("pairs", getHeaderMapPairs(WasmHeaderMapType::HttpCallResponseHeaders)->pairs().size());
    tell("trailer", getHeaderMapValue(WasmHeaderMapType::HttpCallResponseTrailers, "x-up")->view());
    tell("body", getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, body_size)->view());
    caller->finish(stream);
  });
}
"""


def test_an_http_call_comes_back_with_headers_body_and_trailers(start):
    proxy = start(PRELUDE + HTTP + CALLER + HTTP_CALL)
    told = proxy.request("/trailers").told
    assert (told["call"], told["headers"], told["trailers"], told["status"]) == ("Ok", "1", "1", "200")
    assert int(told["pairs"]) >= 2
    assert told["trailer"] == "trailing"
    for text in ('"path": "/trailers"', '["x-call", "1"]', '"body": "the body"'):
        assert text in told["body"]
    # Envoy takes a call's trailers (25 bytes of them), and sends them to nobody.
    assert re.search(r"env\.proxy_http_call\(.*, 25, 5000, \d+\)", proxy.log())


def test_an_http_call_that_gets_no_answer_in_time_or_has_no_cluster_says_so(start):
    proxy = start(PRELUDE + HTTP + CALLER + HTTP_CALL)
    slow = proxy.request("/slow").told
    assert (slow["call"], slow["status"], slow["body"]) == ("Ok", "504", "upstream request timeout")
    assert proxy.request("/nowhere").told == {"call": "BadArgument"}


KINDS = """
static int calls = 0;
static void plain(uint32_t headers, size_t, uint32_t) { calls += headers; }
class Kinds : public RootContext {
 public:
  using RootContext::RootContext;
  void member(uint32_t headers, size_t, uint32_t) { calls += headers; }
  bool onConfigure(size_t) override {
    using Callback = HttpCallCallback;
    using std::placeholders::_1;
    auto owned = std::make_shared<int>(100);
    Callback lambda = [owned](uint32_t headers, size_t, uint32_t) { calls += headers * *owned; };
    Callback copy = lambda;
    Callback moved = std::move(lambda);
    std::function<void(uint32_t, size_t, uint32_t)> standard = copy;
    Callback empty = std::function<void(uint32_t, size_t, uint32_t)>();
    Callback none = static_cast<void (*)(uint32_t, size_t, uint32_t)>(nullptr);
    Callback null = nullptr;
    Callback pointer = plain;
    Callback captureless = [](uint32_t headers, size_t, uint32_t) { calls += headers; };
    Callback bound = std::bind(&Kinds::member, this, _1, 0, 0);
    copy(1, 0, 0), moved(2, 0, 0), standard(4, 0, 0), pointer(1, 0, 0), captureless(2, 0, 0), bound(4, 0, 0);
    Callback back = standard;
    back(8, 0, 0);
    logInfo("called " + std::to_string(calls) + " empty " + std::to_string(!empty + !none + !null + !lambda) +
            " full " + std::to_string(!!copy + !!moved + !!pointer + !!captureless + !!bound + !!back));
    copy = moved = back = nullptr;
    standard = nullptr;
    logInfo("owners " + std::to_string(owned.use_count()));
    return httpCall("http", {{":method", "GET"}, {":path", "/"}, {":authority", "a"}}, "", {}, 50, nullptr) ==
           WasmResult::Ok;
  }
};
static RegisterContextFactory register_Kinds(ROOT_FACTORY(Kinds));
"""


def test_a_callback_is_anything_that_can_be_called(start):
    proxy = start(PRELUDE + KINDS)
    assert "called 1507 empty 4 full 6" in proxy.log()
    assert "owners 1" in proxy.log()
    proxy.wait_log("proxy_on_http_call_response return")


LOW_LEVEL = """
#define ROOT LowRoot
"""
LOW_LEVEL_CALL = """
WasmResult Caller::call(const std::string& path) {
  auto* low = static_cast<LowRoot*>(root());
  uint32_t token = 0;
  WasmResult result;
  if (path == "/http") {
    result = makeHttpCall("http", {{":method", "GET"}, {":path", "/"}, {":authority", "a"}}, "", {}, 5000, &token);
  } else if (path == "/grpc") {
    result = grpcCall("grpc", "service", "Echo", {{"x-initial", "low"}}, "hello", 5000, &token);
  } else if (path == "/cancel") {
    result = grpcCall("grpc", "service", "Silent", {}, "hello", 5000, &token);
    tell("cancel", grpcCancel(token));
    return WasmResult::Empty;
  } else {
    result = grpcStream("grpc", "service", "Echo", {}, &token);
    tell("send", grpcSend(token, "one", false));
    tell("close", grpcClose(token));
  }
  low->streams_[token] = id();
  return result;
}
"""
LOW_ROOT = """
class CallerRoot;
struct LowRoot : public RootContext {
  using RootContext::RootContext;
  void finish(uint32_t token);
  void onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t) override {
    tell("http", headers * 1000 + body_size > 3000);
    finish(token);
  }
  void onGrpcReceiveInitialMetadata(uint32_t, uint32_t headers) override { tell("initial", headers > 0); }
  void onGrpcReceive(uint32_t token, size_t body_size) override {
    tell("message", getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, body_size)->view());
    if (!calls_only_) finish(token);
  }
  void onGrpcReceiveTrailingMetadata(uint32_t, uint32_t trailers) override { tell("trailing", trailers > 0); }
  void onGrpcClose(uint32_t token, GrpcStatus status) override {
    tell("closed", static_cast<uint64_t>(status));
    finish(token);
  }
  bool calls_only_ = false;
  std::map<uint32_t, uint32_t> streams_;
};
"""
LOW_FINISH = """
void LowRoot::finish(uint32_t token) {
  Context* context = getContext(streams_[token]);
  if (context == nullptr) return;
  context->setEffectiveContext();
  answer();
}
"""


def test_calls_by_token_come_to_the_overridden_callbacks(start):
    source = PRELUDE + "#include <map>\n" + LOW_LEVEL + LOW_ROOT + CALLER + LOW_LEVEL_CALL + LOW_FINISH
    proxy = start(source)
    assert proxy.request("/http").told == {"call": "Ok", "http": "1"}
    assert proxy.request("/grpc").told == {"call": "Ok", "message": "HELLO"}
    assert proxy.request("/cancel").told == {"cancel": "Ok", "call": "Empty"}
    told = proxy.request("/stream").told
    assert (told["send"], told["close"], told["call"]) == ("Ok", "Ok", "Ok")
    assert (told["initial"], told["message"]) == ("1", "ONE")


GRPC = """
#define ROOT CallerRoot
"""
GRPC_CALL = """
struct Handler : public GrpcCallHandler<> {
  Handler(uint32_t stream, bool cancel) : stream_(stream), cancel_(cancel) {}
  ~Handler() override { logInfo("handler gone"); }
  void onSuccess(size_t body_size) override {
    WasmDataPtr data = getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, body_size);
    tell("success", data->view());
    if (cancel_) cancel();
    tell("alive", stream_);
    static_cast<CallerRoot*>(context())->finish(stream_);
  }
  void onFailure(GrpcStatus status) override {
    tell("failure", static_cast<uint64_t>(status));
    tell("reason", getStatus().second->view());
    static_cast<CallerRoot*>(context())->finish(stream_);
  }
  uint32_t stream_;
  bool cancel_;
};
struct Message {
  std::string text;
  bool fails = false;
  bool SerializeToString(std::string* out) const { *out = "<" + text + ">"; return !fails; }
  bool ParseFromArray(const void* data, int size) { text.assign(static_cast<const char*>(data), size); return true; }
};
struct Stream : public GrpcStreamHandler<Message, Message> {
  explicit Stream(uint32_t stream) : stream_(stream) {}
  ~Stream() override { logInfo("stream gone"); }
  void onReceiveInitialMetadata(uint32_t) override {
    tell("initial", getHeaderMapValue(WasmHeaderMapType::GrpcReceiveInitialMetadata, "x-got-initial")->view());
  }
  void onReceive(size_t body_size) override {
    tell("message" + std::to_string(++count_),
         getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, body_size)->proto<Message>().text);
    if (count_ == 1) tell("last", send(Message{"two"}, true));
  }
  void onReceiveTrailingMetadata(uint32_t) override {
    tell("trailing", getHeaderMapValue(WasmHeaderMapType::GrpcReceiveTrailingMetadata, "x-trail")->view());
  }
  void onRemoteClose(GrpcStatus status) override {
    tell("closed", static_cast<uint64_t>(status));
    static_cast<CallerRoot*>(context())->finish(stream_);
  }
  uint32_t stream_;
  int count_ = 0;
};
struct Ended : public GrpcStreamHandler<StringView> {
  explicit Ended(uint32_t stream, bool reset) : stream_(stream), reset_(reset) {}
  ~Ended() override { logInfo(reset_ ? "reset gone" : "closed gone"); }
  void onReceive(size_t) override {
    auto* caller = static_cast<CallerRoot*>(context());
    const uint32_t stream = stream_;
    reset_ ? reset() : close();
    caller->finish(stream);
  }
  void onRemoteClose(GrpcStatus) override { logInfo("remote closed"); }
  uint32_t stream_;
  bool reset_;
};

WasmResult Caller::call(const std::string& path) {
  const uint32_t stream = id();
  CallerRoot* root = caller();
  const HeaderStringPairs metadata = {{"x-initial", "given"}};
  const auto simple = [=](StringView method) {
    return root->grpcSimpleCall("grpc", "service", method, metadata, "hello", 5000,
                                [=](GrpcStatus status, size_t body_size) {
      tell("status", static_cast<uint64_t>(status));
      tell("body", getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, body_size)->view());
      root->finish(stream);
    });
  };
  const auto pair = [=](StringView method) {
    return root->grpcSimpleCall("grpc", "service", method, {}, "pair", 5000,
        [=](size_t body_size) { tell("ok", body_size); root->finish(stream); },
        [=](GrpcStatus status) { tell("not ok", static_cast<uint64_t>(status)); root->finish(stream); });
  };
  const auto handled = [=](StringView method, uint32_t timeout, bool cancel) {
    return root->grpcCallHandler("grpc", "service", method, metadata, "handled", timeout,
                                 std::make_unique<Handler>(stream, cancel));
  };
  if (path == "/simple") return simple("Echo");
  if (path == "/simple-fails") return simple("Fail");
  if (path == "/pair") return pair("Echo");
  if (path == "/pair-fails") return pair("Fail");
  if (path == "/handler") return handled("Echo", 5000, false);
  if (path == "/handler-fails") return handled("Fail", 5000, false);
  if (path == "/handler-late") return handled("Silent", 50, false);
  if (path == "/handler-cancels") return handled("Echo", 5000, true);
  if (path == "/stream") {
    auto handler = std::make_unique<Stream>(stream);
    Stream* kept = handler.get();
    tell("unbound", kept->send(Message{"early"}, false));
    const WasmResult result = root->grpcStreamHandler("grpc", "service", "Echo", metadata, std::move(handler));
    tell("unserialised", kept->send(Message{"bad", true}, false));
    tell("first", kept->send(Message{"one"}, false));
    return result;
  }
  auto ended = std::make_unique<Ended>(stream, path == "/stream-reset");
  Ended* kept = ended.get();
  const WasmResult result = root->grpcStreamHandler("grpc", "service", "Echo", {}, std::move(ended));
  kept->send("x", false);
  return result;
}
"""


def test_grpc_calls_come_to_a_callback_or_a_handler(start):
    proxy = start(PRELUDE + GRPC + CALLER + GRPC_CALL)
    assert proxy.request("/simple").told == {"call": "Ok", "status": "0", "body": "HELLO"}
    assert proxy.request("/simple-fails").told == {"call": "Ok", "status": "7", "body": ""}
    assert proxy.request("/pair").told == {"call": "Ok", "ok": "4"}
    assert proxy.request("/pair-fails").told == {"call": "Ok", "not ok": "7"}
    for path in ("/handler", "/handler-cancels"):
        assert proxy.request(path).told["success"] == "HANDLED"
    failure = proxy.request("/handler-fails").told
    assert failure["failure"] == "7"
    assert failure["reason"].startswith("not you")
    assert proxy.request("/handler-late").told["failure"] in ("4", "13", "14")
    proxy.wait(lambda: proxy.log().count(": handler gone") == 4)


def test_grpc_streams_go_both_ways_and_end(start):
    proxy = start(PRELUDE + GRPC + CALLER + GRPC_CALL)
    told = proxy.request("/stream").told
    assert (told["unbound"], told["unserialised"], told["first"]) == ("BadArgument", "SerializationFailure", "Ok")
    assert (told["initial"], told["message1"], told["last"]) == ("given", "<ONE>", "Ok")
    assert (told["message2"], told["trailing"], told["closed"]) == ("<TWO>", "behind", "0")
    proxy.wait_log("stream gone")
    proxy.request("/stream-reset")
    proxy.wait_log("reset gone")
    proxy.request("/stream-close")
    proxy.wait_log("closed gone")
