// Asks another service whether a token may pass, and remembers a yes for some time.
//
// A proxy runs the filter once per worker thread, each in a memory of its own. What all of them remember is therefore
// in the proxy's shared data, by who said yes and by token: the second until which it may pass.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class CalloutCacheRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    cluster = json["cluster"].string();
    path = json["path"].string("/");
    timeout_ms = json["timeout_ms"].integer(500);
    seconds = json["seconds"].integer(60);
    if (cluster.empty() || timeout_ms < 1 || seconds < 1) {
      LOG_ERROR("the configuration wants the name of a cluster, and timeout_ms and seconds of 1 or more");
      return false;
    }
    return true;
  }

  bool remembered(const std::string& token) const {
    WasmDataPtr data;
    uint32_t cas = 0;
    return getSharedData(key(token), &data, &cas) == WasmResult::Ok && now() < atoll(data->toString().c_str());
  }

  // Only a yes is remembered: made-up tokens do not fill the memory, and a no is asked about anew.
  void remember(const std::string& token) const { setSharedData(key(token), std::to_string(now() + seconds), 0); }

  std::string cluster, path;
  int64_t timeout_ms = 0, seconds = 0;

 private:
  static int64_t now() { return static_cast<int64_t>(getCurrentTimeNanoseconds() / 1000000000); }

  // Other filters of a proxy may see the same data, and so does this one after a new configuration: what another
  // service said, or this one of another path, is no yes.
  std::string key(const std::string& token) const { return "callout_cache:" + cluster + " " + path + " " + token; }
};

class CalloutCache : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    auto* settings = static_cast<CalloutCacheRoot*>(root());
    token_ = getRequestHeader("authorization")->toString();
    if (token_.empty()) return refuse(401, "a token is wanted\n");
    // The token as a whole: what is shorter may be that of two.
    if (settings->remembered(token_)) return FilterHeadersStatus::Continue;
    const HeaderStringPairs headers = {
        {":method", "GET"}, {":path", settings->path}, {":authority", settings->cluster}, {"authorization", token_}};
    const WasmResult sent =
        root()->httpCall(settings->cluster, headers, "", {}, static_cast<uint32_t>(settings->timeout_ms),
                         [stream = id()](uint32_t answered, size_t, uint32_t) {
                           // The client may have gone meanwhile.
                           Context* context = getContext(stream);
                           if (context != nullptr) static_cast<CalloutCache*>(context)->decide(answered > 0);
                         });
    if (sent != WasmResult::Ok) return refuse(503, "the service that decides is not known\n");
    return FilterHeadersStatus::StopIteration;
  }

 private:
  void decide(bool answered) {
    const std::string status = getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->toString();
    setEffectiveContext();
    if (!answered || status[0] == '5') {
      refuse(503, "the service that decides does not answer\n");
    } else if (status[0] != '2') {
      refuse(403, "refused\n");
    } else {
      static_cast<CalloutCacheRoot*>(root())->remember(token_);
      continueRequest();
    }
  }

  FilterHeadersStatus refuse(uint32_t status, StringView why) {
    sendLocalResponse(status, "callout_cache", why, {});
    return FilterHeadersStatus::StopIteration;
  }

  std::string token_;
};

static RegisterContextFactory register_CalloutCache(CONTEXT_FACTORY(CalloutCache), ROOT_FACTORY(CalloutCacheRoot),
                                                    "callout_cache");
