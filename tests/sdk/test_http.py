"""Headers, trailers, bodies and the flow of a stream."""

from __future__ import annotations

import json

from tests.sdk.harness import PRELUDE

HEADERS = """
class Headers : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    tell("add", addRequestHeader("x-two", "second"));
    tell("get", getRequestHeader("x-one")->view());
    tell("absent", getRequestHeader("x-absent")->size());
    tell("replace", replaceRequestHeader("x-one", "replaced"));
    tell("remove", removeRequestHeader("x-gone"));
    size_t bytes = 0;
    tell("size", getRequestHeaderSize(&bytes));
    tell("bytes", bytes);
    size_t generic = 0;
    tell("generic size", getHeaderMapSize(WasmHeaderMapType::RequestHeaders, &generic));
    tell("same", generic == bytes);
    tell("generic add", addHeaderMapValue(WasmHeaderMapType::RequestHeaders, "x-three", "third"));
    tell("generic get", getHeaderMapValue(WasmHeaderMapType::RequestHeaders, "x-three")->view());
    tell("generic replace", replaceHeaderMapValue(WasmHeaderMapType::RequestHeaders, "x-three", "3"));
    tell("generic remove", removeHeaderMapValue(WasmHeaderMapType::RequestHeaders, "x-four"));
    std::string names;
    WasmDataPtr data = getRequestHeaderPairs();
    for (auto& [name, value] : data->pairs()) names.append(name).append(":").append(value).append(" ");
    tell("pairs", names);
    tell("generic pairs", getHeaderMapPairs(WasmHeaderMapType::RequestHeaders)->pairs().size());
    // What the host never sends: lists that are cut short.
    for (size_t size : {0, 3, 4, 12}) {
      char* bytes = static_cast<char*>(calloc(1, 16));
      memcpy(bytes, "\\x01\\0\\0\\0\\xff\\0\\0\\0\\xff\\0\\0", 12);
      tell("cut " + std::to_string(size), WasmData(bytes, size).pairs().size());
    }
    HeaderStringPairs own = {{"k", "value"}, {"", ""}};
    const char* block; size_t block_size;
    exportPairs(own, &block, &block_size);
    tell("own size", block_size == pairsSize(own));
    WasmData exported(block, block_size);
    tell("own", exported.pairs()[0].second);
    tell("own empty", exported.pairs()[1].second.size());
    if (getRequestHeader(":path")->view() == "/set") {
      HeaderStringPairs all = {{"x-only", "this"}};
      for (auto& [name, value] : data->pairs()) all.emplace_back(name, name == ":path" ? "/was-set" : value);
      setRequestHeaderPairs(all);
      return FilterHeadersStatus::Continue;
    }
    return answer();
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    if (getResponseHeader("x-upstream")->view() != "yes") return FilterHeadersStatus::Continue;
    std::string results;
    const auto note = [&results](WasmResult result) { results.append(toString(result)).append(" "); };
    note(addResponseHeader("x-added", "1"));
    note(addResponseHeader("x-added", "2"));
    note(replaceResponseHeader("x-upstream", "replaced"));
    note(removeResponseHeader("date"));
    size_t bytes = 0;
    note(getResponseHeaderSize(&bytes));
    addResponseHeader("x-size", bytes > 20 ? "plausible" : "wrong");
    addResponseHeader("x-pairs", std::to_string(getResponseHeaderPairs()->pairs().size()));
    addResponseHeader("x-results", results);
    HeaderStringPairs all;
    WasmDataPtr data = getResponseHeaderPairs();
    for (auto& [name, value] : data->pairs()) all.emplace_back(name, value);
    all.emplace_back("x-set", "yes");
    setResponseHeaderPairs(all);
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_Headers(CONTEXT_FACTORY(Headers));
"""


def test_request_headers_are_read_and_changed(start):
    sent = [("x-one", "first"), ("x-gone", "1"), ("x-four", "4")]
    told = start(PRELUDE + HEADERS).request(headers=sent).told
    for name in ("add", "replace", "remove", "size", "generic size", "generic add", "generic replace"):
        assert told[name] == "Ok", name
    assert told["generic remove"] == "Ok"
    assert (told["get"], told["absent"], told["generic get"]) == ("first", "0", "third")
    assert int(told["bytes"]) > 40
    assert told["same"] == "1"
    assert {"x-one:replaced", "x-two:second", "x-three:3"} < set(told["pairs"].split())
    assert "x-gone" not in told["pairs"]
    assert int(told["generic pairs"]) == told["pairs"].count(" ")
    assert [told[f"cut {size}"] for size in (0, 3, 4, 12)] == ["0"] * 4
    assert (told["own size"], told["own"], told["own empty"]) == ("1", "value", "0")


def test_all_request_and_response_headers_are_set_at_once(start):
    reply = start(PRELUDE + HEADERS).request("/set")
    echo = reply.json()
    assert echo["path"] == "/was-set"
    assert ["x-only", "this"] in echo["headers"]
    assert [value for name, value in reply.headers if name == "x-added"] == ["1", "2"]
    assert reply["x-results"] == "Ok Ok Ok Ok Ok "
    assert (reply["x-upstream"], reply["x-set"], reply["x-size"]) == ("replaced", "yes", "plausible")
    assert int(reply["x-pairs"]) > 4


TRAILERS = """
#define TRAILERS(Kind)                                                                                   \\
  FilterTrailersStatus on##Kind##Trailers(uint32_t count) override {                                     \\
    std::string seen = std::to_string(count) + ":";                                                      \\
    for (auto& [name, value] : get##Kind##TrailerPairs()->pairs()) seen.append(name).append(" ");        \\
    seen.append(get##Kind##Trailer("x-up")->view());                                                     \\
    size_t bytes = 0;                                                                                    \\
    seen.append(get##Kind##TrailerSize(&bytes) == WasmResult::Ok && bytes > 4 ? " sized" : " not sized"); \\
    set##Kind##TrailerPairs({{"x-set", "1"}, {"x-replace", "1"}, {"x-remove", "1"}});                    \\
    add##Kind##Trailer("x-seen", seen);                                                                  \\
    replace##Kind##Trailer("x-replace", "2");                                                            \\
    remove##Kind##Trailer("x-remove");                                                                   \\
    return FilterTrailersStatus::Continue;                                                               \\
  }
class Trailers : public Context {
 public:
  using Context::Context;
  TRAILERS(Request)
  TRAILERS(Response)
  FilterMetadataStatus onRequestMetadata(uint32_t) override { return FilterMetadataStatus::Continue; }
  FilterMetadataStatus onResponseMetadata(uint32_t) override { return FilterMetadataStatus::Continue; }
};
static RegisterContextFactory register_Trailers(CONTEXT_FACTORY(Trailers));
"""


def test_trailers_are_read_and_changed_both_ways(start):
    reply = start(PRELUDE + TRAILERS).request(
        "/trailers", method="POST", body=[b"x"], trailers=[("x-up", "from client")]
    )
    expected = {"x-set": "1", "x-replace": "2"}
    assert dict(reply.json()["trailers"]) == {**expected, "x-seen": "1:x-up from client sized"}
    assert dict(reply.trailers) == {**expected, "x-seen": "1:x-up trailing sized"}


BODIES = """
class Bodies : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool end_of_stream) override {
    removeRequestHeader("content-length");
    return end_of_stream ? FilterHeadersStatus::Continue : FilterHeadersStatus::StopIteration;
  }
  FilterDataStatus onRequestBody(size_t size, bool end_of_stream) override {
    if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
    size_t buffered = 0;
    uint32_t flags = 0;
    const WasmResult result = getBufferStatus(WasmBufferType::HttpRequestBody, &buffered, &flags);
    addRequestHeader("x-status", toString(result) + std::to_string(buffered) + "." + std::to_string(flags));
    addRequestHeader("x-body", getBufferBytes(WasmBufferType::HttpRequestBody, 0, size)->view());
    addRequestHeader("x-part", getBufferBytes(WasmBufferType::HttpRequestBody, 2, 3)->view());
    size_t now = buffered;
    setBuffer(WasmBufferType::HttpRequestBody, 0, 2, "<changed>", &now);
    addRequestHeader("x-now", std::to_string(now));
    setBuffer(WasmBufferType::HttpRequestBody, now, 100, "!", &now);
    addRequestHeader("x-then", std::to_string(now));
    addRequestHeader("x-middle", toString(setBuffer(WasmBufferType::HttpRequestBody, 1, 2, "no", &now)));
    addRequestHeader("x-still", std::to_string(now));
    return FilterDataStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    removeResponseHeader("content-length");
    return FilterHeadersStatus::Continue;
  }
  FilterDataStatus onResponseBody(size_t size, bool end_of_stream) override {
    if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
    setBuffer(WasmBufferType::HttpResponseBody, size, 0, "\\nappended");
    return FilterDataStatus::Continue;
  }
};
static RegisterContextFactory register_Bodies(CONTEXT_FACTORY(Bodies));
"""


def test_bodies_are_buffered_read_and_changed(start):
    reply = start(PRELUDE + BODIES).request("/", method="POST", body=[b"abc", b"def"])
    first, second = reply.body.decode().split("\n")
    assert second == "appended"
    echo = json.loads(first)
    assert echo["body"] == "<changed>cdef!"
    headers = dict(echo["headers"])
    assert headers["x-status"] == "Ok6.0"
    assert (headers["x-body"], headers["x-part"]) == ("abcdef", "cde")
    assert (headers["x-now"], headers["x-then"]) == ("13", "14")
    # Envoy takes data for the front, the end or the whole of a buffer only.
    assert (headers["x-middle"], headers["x-still"]) == ("BadArgument", "14")


FLOW = """
#include <map>
class FlowRoot : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override { proxy_set_tick_period_milliseconds(5); return true; }
  void onTick() override {
    for (uint32_t& id : waiting_) {
      Context* context = getContext(id);
      if (context == nullptr) continue;
      context->setEffectiveContext();
      const std::string& path = paths_[id];
      if (path == "/continue") {
        addRequestHeader("x-resumed", "yes");
        continueRequest();
      } else if (path == "/close") {
        closeRequest();
      } else if (path == "/continue-2020") {
        proxy_continue_request();
      } else {
        if (path == "/response-2020") proxy_continue_response();
        if (path == "/response") continueResponse();
        if (path == "/response-close") closeResponse();
      }
    }
    waiting_.clear();
  }
  std::vector<uint32_t> waiting_;
  std::map<uint32_t, std::string> paths_;
};
class Flow : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus wait() {
    static_cast<FlowRoot*>(root())->waiting_.push_back(id());
    static_cast<FlowRoot*>(root())->paths_[id()] = path_;
    return FilterHeadersStatus::StopAllIterationAndWatermark;
  }
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    path_ = getRequestHeader(":path")->toString();
    if (path_.find("response") != std::string::npos) return FilterHeadersStatus::Continue;
    if (path_ != "/local") return wait();
    const HeaderStringPairs headers = {{"x-local", "1"}, {"x-local", "2"}};
    const WasmResult result = sendLocalResponse(418, "teapot-details", "I am short", headers, GrpcStatus::Aborted);
    return result == WasmResult::Ok ? FilterHeadersStatus::StopIteration : FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    return path_.find("response") == 1 ? wait() : FilterHeadersStatus::Continue;
  }
  std::string path_;
  void onLog() override {
    std::string details;
    getValue({"response", "code_details"}, &details);
    logInfo("details " + details);
  }
};
static RegisterContextFactory register_Flow(CONTEXT_FACTORY(Flow), ROOT_FACTORY(FlowRoot));
"""


def test_a_stream_is_answered_here_continued_later_or_closed(start):
    proxy = start(PRELUDE + FLOW)
    local = proxy.request("/local")
    assert (local.status, local.body) == (418, b"I am short")
    assert [value for name, value in local.headers if name == "x-local"] == ["1", "2"]
    proxy.wait_log("details teapot-details")
    assert ["x-resumed", "yes"] in proxy.request("/continue").json()["headers"]
    for path in ("/continue-2020", "/response", "/response-2020"):
        assert proxy.request(path).json()["path"] == path
    for path in ("/close", "/response-close"):
        try:
            status = proxy.request(path).status
        except (IndexError, ConnectionError):
            status = 0
        assert status in (0, 503), path
