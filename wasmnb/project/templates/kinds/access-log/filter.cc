// Writes a line of JSON about each request into the proxy's log, without what is secret, and without what forges lines.
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

namespace {

// Longer texts are cut: a client does not fill the disk.
constexpr size_t MOST = 256;

std::string quoted(StringView text) {
  constexpr StringView digits = "0123456789abcdef";
  std::string safe = "\"";
  for (const char c : text.substr(0, MOST)) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      safe += '\\';
      safe += c;
    } else if (code < 0x20 || code > 0x7e) {
      safe += "\\u00";
      safe += digits[code >> 4];
      safe += digits[code & 15];
    } else {
      safe += c;
    }
  }
  return safe + '"';
}

// Names of headers are the same in capitals.
std::string lower(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  }
  return name;
}

// What nobody should find in a log; the path has its own place there, without what stands behind it.
bool is_secret(StringView name) {
  return name == "authorization" || name == "proxy-authorization" || name == "cookie" || name == ":path";
}

}  // namespace

class AccessLogRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t size) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = size > 0 ? Json::parse(text->view()) : Json::parse("{}");
    header = lower(json["header"].string("x-request-id"));
    from_status = json["from-status"].integer(0);
    if (!json.isObject() || header.empty() || is_secret(header) || from_status < 0) {
      LOG_ERROR("the configuration wants a header that is no secret, and a from-status of 0 or more");
      return false;
    }
    return true;
  }

  std::string header;
  int64_t from_status = 0;
};

class AccessLog : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    began_ = getCurrentTimeNanoseconds();
    const std::string path = getRequestHeader(":path")->toString();
    // What stands behind the path may be a token.
    line_ = "{\"method\": " + quoted(getRequestHeader(":method")->view()) +
            ", \"host\": " + quoted(getRequestHeader(":authority")->view()) +
            ", \"path\": " + quoted(path.substr(0, path.find_first_of("?#;"))) +
            ", \"agent\": " + quoted(getRequestHeader("user-agent")->view()) +
            ", \"id\": " + quoted(getRequestHeader(static_cast<AccessLogRoot*>(root())->header)->view());
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    status_ = atoll(getResponseHeader(":status")->toString().c_str());
    return FilterHeadersStatus::Continue;
  }

  void onLog() override {
    // A request that got no answer has the status 0, and is always worth a line.
    if (line_.empty() || (status_ > 0 && status_ < static_cast<AccessLogRoot*>(root())->from_status)) return;
    const uint64_t took = (getCurrentTimeNanoseconds() - began_) / 1000000;
    LOG_INFO(line_ + ", \"status\": " + std::to_string(status_) + ", \"ms\": " + std::to_string(took) + "}");
  }

 private:
  std::string line_;
  uint64_t began_ = 0;
  int64_t status_ = 0;
};

static RegisterContextFactory register_AccessLog(CONTEXT_FACTORY(AccessLog), ROOT_FACTORY(AccessLogRoot), "access_log");
