// Asks another service about each request: a 2xx lets it pass, any other answer refuses it.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class HttpCalloutRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    cluster = json["cluster"].string();
    path = json["path"].string("/");
    timeout_ms = json["timeout_ms"].integer(500);
    if (cluster.empty() || timeout_ms < 1) {
      LOG_ERROR("the configuration wants the name of a cluster, and a timeout_ms of 1 or more");
      return false;
    }
    return true;
  }

  std::string cluster;
  std::string path;
  int64_t timeout_ms = 0;
};

class HttpCallout : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    auto* settings = static_cast<HttpCalloutRoot*>(root());
    const HeaderStringPairs headers = {
        {":method", "GET"},
        {":path", settings->path},
        {":authority", settings->cluster},
        {"x-original-path", getRequestHeader(":path")->toString()},
        {"authorization", getRequestHeader("authorization")->toString()},
    };
    const WasmResult sent =
        root()->httpCall(settings->cluster, headers, "", {}, static_cast<uint32_t>(settings->timeout_ms),
                         [stream = id()](uint32_t answered, size_t, uint32_t) {
                           // The client may have gone meanwhile.
                           Context* context = getContext(stream);
                           if (context != nullptr) static_cast<HttpCallout*>(context)->decide(answered > 0);
                         });
    if (sent != WasmResult::Ok) refuse(503, "the service that decides is not known\n");
    return FilterHeadersStatus::StopIteration;
  }

 private:
  void decide(bool answered) {
    const std::string status = getHeaderMapValue(WasmHeaderMapType::HttpCallResponseHeaders, ":status")->toString();
    setEffectiveContext();
    // A call that timed out, or found nobody, has no headers.
    if (!answered) return refuse(503, "the service that decides does not answer\n");
    // The proxy answers for a service that cannot be reached with a 5xx of its own.
    if (status[0] == '5') return refuse(503, "the service that decides is out of order\n");
    if (status[0] != '2') return refuse(403, "refused\n");
    continueRequest();
  }

  void refuse(uint32_t status, StringView why) { sendLocalResponse(status, "callout", why, {}); }
};

static RegisterContextFactory register_HttpCallout(CONTEXT_FACTORY(HttpCallout), ROOT_FACTORY(HttpCalloutRoot),
                                                   "http_callout");
