// Replaces a text in the bodies of responses, also where it begins in one chunk and ends in another.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class BodyRewriteRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    find = json["find"].string();
    replace = json["replace"].string();
    if (find.empty()) {
      LOG_ERROR("the configuration does not say what to find");
      return false;
    }
    return true;
  }

  std::string find;
  std::string replace;
};

class BodyRewrite : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    // A client that takes compressed bodies would get round the filter.
    removeRequestHeader("accept-encoding");
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    // What is compressed has no text to be found.
    plain_ = getResponseHeader("content-encoding")->size() == 0;
    // The length is another one afterwards.
    if (plain_) removeResponseHeader("content-length");
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onResponseBody(size_t size, bool end_of_stream) override {
    if (!plain_) return FilterDataStatus::Continue;
    if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
    const auto* settings = static_cast<BodyRewriteRoot*>(root());
    const std::string body = getBufferBytes(WasmBufferType::HttpResponseBody, 0, size)->toString();
    // Into another text: within this one each replacement would move all that stands behind it.
    std::string changed;
    size_t from = 0;
    for (size_t at = 0; (at = body.find(settings->find, from)) != std::string::npos;) {
      changed.append(body, from, at - from).append(settings->replace);
      from = at + settings->find.size();
    }
    if (from == 0) return FilterDataStatus::Continue;
    setBuffer(WasmBufferType::HttpResponseBody, 0, size, changed.append(body, from));
    return FilterDataStatus::Continue;
  }

 private:
  bool plain_ = false;
};

static RegisterContextFactory register_BodyRewrite(CONTEXT_FACTORY(BodyRewrite), ROOT_FACTORY(BodyRewriteRoot),
                                                   "body_rewrite");
