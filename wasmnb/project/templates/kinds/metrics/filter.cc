// Counts responses by the class of their status, and measures how long they took; the proxy shows both in its stats.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class MetricsRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->size() == 0 ? "{}" : text->view());
    const std::string name = json["name"].string("my_filter");
    if (!json.isObject() || name.empty()) {
      LOG_ERROR("the configuration wants a name for the metrics");
      return false;
    }
    for (char klass = '1'; klass <= '5'; ++klass) {
      defineMetric(MetricType::Counter, name + ".responses." + klass + "xx", &responses[klass - '1']);
    }
    defineMetric(MetricType::Histogram, name + ".milliseconds", &milliseconds);
    return true;
  }

  uint32_t responses[5] = {};
  uint32_t milliseconds = 0;
};

class Metrics : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    began_ = getCurrentTimeNanoseconds();
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    const auto* metrics = static_cast<MetricsRoot*>(root());
    const std::string status = getResponseHeader(":status")->toString();
    if (status[0] >= '1' && status[0] <= '5') incrementMetric(metrics->responses[status[0] - '1'], 1);
    recordMetric(metrics->milliseconds, (getCurrentTimeNanoseconds() - began_) / 1000000);
    return FilterHeadersStatus::Continue;
  }

 private:
  uint64_t began_ = 0;
};

static RegisterContextFactory register_Metrics(CONTEXT_FACTORY(Metrics), ROOT_FACTORY(MetricsRoot), "metrics");
