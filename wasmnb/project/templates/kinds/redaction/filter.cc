// Hides the numbers of payment cards in the bodies of responses, all but their last digits.
#include <vector>

#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number of a card has 13 to 19 digits, of which the last follows from the others (ISO/IEC 7812).
constexpr size_t FEWEST = 13, MOST = 19;

bool is_card(const std::string& body, const std::vector<size_t>& digits, size_t from, size_t to) {
  if (to - from < FEWEST) return false;
  int sum = 0;
  for (size_t i = from; i < to; ++i) {
    const int digit = body[digits[i]] - '0';
    const int twice = (to - i) % 2 == 0 ? 2 * digit : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 == 0;
}

// Hides cards in a row of groups of digits: where each digit is, and where among the digits each group begins.
bool hide_in(std::string* body, const std::vector<size_t>& digits, std::vector<size_t> groups, size_t keep) {
  groups.push_back(digits.size());
  std::vector<size_t> hidden;
  for (size_t first = 0; first + 1 < groups.size(); ++first) {
    // No further than a card reaches: a body of a million numbers in a row would keep the proxy busy for minutes.
    size_t last = first;
    while (last + 1 < groups.size() && groups[last + 1] - groups[first] <= MOST) ++last;
    while (last > first && !is_card(*body, digits, groups[first], groups[last])) --last;
    if (last == first) continue;
    hidden.insert(hidden.end(), digits.begin() + groups[first], digits.begin() + groups[last] - keep);
  }
  // Not before all were found: a card may begin within what only looks like one.
  for (const size_t at : hidden) (*body)[at] = '*';
  return !hidden.empty();
}

// Hides all cards of a text; false when there is none.
bool hide(std::string* body, size_t keep) {
  bool found = false;
  std::vector<size_t> digits, groups;
  for (size_t at = 0; at <= body->size(); ++at) {
    if (at < body->size() && is_digit((*body)[at])) {
      if (digits.empty() || digits.back() + 1 < at) groups.push_back(digits.size());
      digits.push_back(at);
      continue;
    }
    // Groups of one number have one sign between them.
    const bool between = at < body->size() && StringView(" -.").find((*body)[at]) != StringView::npos;
    if (between && !digits.empty() && digits.back() + 1 == at) continue;
    found |= hide_in(body, digits, groups, keep);
    digits.clear();
    groups.clear();
  }
  return found;
}

}  // namespace

class RedactionRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t size) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = size > 0 ? Json::parse(text->view()) : Json::parse("{}");
    keep = json["keep"].integer(4);
    if (!json.isObject() || keep < 0 || keep > 4) {
      LOG_ERROR("the configuration wants keep, from 0 to 4");
      return false;
    }
    return true;
  }

  int64_t keep = 4;
};

class Redaction : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    // What is compressed cannot be looked through, nor can a part of a number.
    for (const char* name : {"accept-encoding", "range"}) removeRequestHeader(name);
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    const WasmDataPtr encoding = getResponseHeader("content-encoding");
    if (encoding->size() == 0 || encoding->view() == "identity") return FilterHeadersStatus::Continue;
    sendLocalResponse(502, "redaction", "this answer cannot be looked through\n", {});
    return FilterHeadersStatus::StopIteration;
  }

  FilterDataStatus onResponseBody(size_t size, bool end_of_stream) override {
    size_ = size;
    if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
    redact();
    return FilterDataStatus::Continue;
  }

  FilterTrailersStatus onResponseTrailers(uint32_t) override {
    // Behind a body with trailers there is no end of it.
    redact();
    return FilterTrailersStatus::Continue;
  }

 private:
  void redact() {
    if (size_ == 0) return;
    std::string body = getBufferBytes(WasmBufferType::HttpResponseBody, 0, size_)->toString();
    const auto keep = static_cast<size_t>(static_cast<RedactionRoot*>(root())->keep);
    if (hide(&body, keep)) setBuffer(WasmBufferType::HttpResponseBody, 0, size_, body);
  }

  size_t size_ = 0;
};

static RegisterContextFactory register_Redaction(CONTEXT_FACTORY(Redaction), ROOT_FACTORY(RedactionRoot), "redaction");
