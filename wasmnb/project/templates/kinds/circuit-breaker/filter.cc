// Answers for a service that fails again and again, until one request shows that it is well.
//
// A proxy runs the filter once per worker thread, each in a memory of its own. What all of them know is therefore in
// the proxy's shared data, as "failures:until": until which second no request passes, 0 while they do.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

struct Circuit {
  int64_t failures = 0;
  int64_t until = 0;
  uint32_t cas = 0;
};

class CircuitBreakerRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t size) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = size > 0 ? Json::parse(text->view()) : Json::parse("{}");
    failures = json["failures"].integer(5);
    seconds = json["seconds"].integer(30);
    if (!json.isObject() || failures < 1 || seconds < 1) {
      LOG_ERROR("the configuration wants failures and seconds, both 1 or more");
      return false;
    }
    return true;
  }

  enum class Way { Open, Probe, Closed };

  // Says whether a request passes. When the time is over one does, and the others wait for what becomes of it.
  Way way() {
    while (true) {
      const Circuit seen = read();
      if (seen.until == 0) return Way::Open;
      if (now() < seen.until) return Way::Closed;
      if (write({seen.failures, now() + seconds, seen.cas})) return Way::Probe;
    }
  }

  void failed() {
    while (true) {
      Circuit seen = read();
      ++seen.failures;
      if (seen.failures >= failures) seen.until = now() + seconds;
      if (write(seen)) return;
    }
  }

  // A request that began before the circuit was broken says nothing of now: only the probe mends it.
  void succeeded(bool probe) {
    while (true) {
      const Circuit seen = read();
      if (seen.failures == 0 || (seen.until != 0 && !probe)) return;
      if (write({0, 0, seen.cas})) return;
    }
  }

  int64_t failures = 0;
  int64_t seconds = 0;

 private:
  static constexpr StringView kKey = "circuit_breaker";

  static int64_t now() { return static_cast<int64_t>(getCurrentTimeNanoseconds() / 1000000000); }

  static Circuit read() {
    Circuit circuit;
    WasmDataPtr data;
    if (getSharedData(kKey, &data, &circuit.cas) != WasmResult::Ok) return circuit;
    const std::string text = data->toString();
    circuit.failures = atoll(text.c_str());
    circuit.until = atoll(text.c_str() + text.find(':') + 1);
    return circuit;
  }

  // Another thread may have written meanwhile: then it is to be read anew.
  static bool write(const Circuit& circuit) {
    const std::string text = std::to_string(circuit.failures) + ":" + std::to_string(circuit.until);
    return setSharedData(kKey, text, circuit.cas) != WasmResult::CasMismatch;
  }
};

class CircuitBreaker : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    auto* settings = static_cast<CircuitBreakerRoot*>(root());
    way_ = settings->way();
    if (way_ != CircuitBreakerRoot::Way::Closed) return FilterHeadersStatus::Continue;
    sendLocalResponse(503, "circuit_breaker", "the service is given time to recover\n",
                      {{"retry-after", std::to_string(settings->seconds)}});
    return FilterHeadersStatus::StopIteration;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    // The filter's own answer is none of the service.
    if (way_ == CircuitBreakerRoot::Way::Closed) return FilterHeadersStatus::Continue;
    auto* settings = static_cast<CircuitBreakerRoot*>(root());
    const std::string status = getResponseHeader(":status")->toString();
    // A method or a version that the service does not know is the client's doing: nobody breaks the circuit with those.
    if (status[0] == '5' && status != "501" && status != "505") {
      settings->failed();
    } else {
      settings->succeeded(way_ == CircuitBreakerRoot::Way::Probe);
    }
    return FilterHeadersStatus::Continue;
  }

 private:
  CircuitBreakerRoot::Way way_ = CircuitBreakerRoot::Way::Closed;
};

static RegisterContextFactory register_CircuitBreaker(CONTEXT_FACTORY(CircuitBreaker), ROOT_FACTORY(CircuitBreakerRoot),
                                                      "circuit_breaker");
