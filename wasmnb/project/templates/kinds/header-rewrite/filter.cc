// Sets and removes headers of requests and responses, as the configuration lists them.
#include <utility>
#include <vector>

#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

namespace {

constexpr StringView SIGNS = "!#$%&'*+-.^_`|~";

// Headers that say where a message goes and where it ends: the proxy sets them.
constexpr StringView FRAMING[] = {"host", "content-length", "transfer-encoding", "connection"};

bool is_framing(StringView text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  for (const StringView one : FRAMING) {
    if (lower == one) return true;
  }
  return false;
}

// Whether a text is the name of a header that may be changed; one that begins with a colon is part of the request line.
bool is_name(StringView text) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && SIGNS.find(c) == StringView::npos) return false;
  }
  return !text.empty() && !is_framing(text);
}

// Whether a text may be the value of a header: what ends a line there would begin a header of its own.
bool is_value(StringView text) {
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < ' ' && c != '\t') || c == '\x7f') return false;
  }
  return true;
}

// Without the spaces around it, and the end of a line as Windows writes it.
StringView trimmed(StringView text) {
  constexpr StringView spaces = " \t\r";
  while (!text.empty() && spaces.find(text.front()) != StringView::npos) text.remove_prefix(1);
  while (!text.empty() && spaces.find(text.back()) != StringView::npos) text.remove_suffix(1);
  return text;
}

}  // namespace

// What is done to one direction.
struct Changes {
  std::vector<std::string> removed;
  std::vector<std::pair<std::string, std::string>> set;

  // Reads "name, name" and lines "name: value"; false for what is none.
  bool read(StringView names, StringView lines) {
    while (!names.empty()) {
      const size_t end = std::min(names.find(','), names.size());
      const StringView name = trimmed(names.substr(0, end));
      if (!is_name(name)) return false;
      removed.emplace_back(name);
      names.remove_prefix(std::min(end + 1, names.size()));
    }
    while (!lines.empty()) {
      const size_t end = std::min(lines.find('\n'), lines.size());
      const StringView line = lines.substr(0, end);
      const size_t colon = line.find(':');
      if (colon == StringView::npos || !is_name(line.substr(0, colon))) return false;
      const StringView value = trimmed(line.substr(colon + 1));
      if (!is_value(value)) return false;
      set.emplace_back(line.substr(0, colon), value);
      lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return true;
  }

  void apply(WasmHeaderMapType headers) const {
    for (const std::string& name : removed) removeHeaderMapValue(headers, name);
    for (const auto& [name, value] : set) {
      // All lines of that name go, not the first alone.
      removeHeaderMapValue(headers, name);
      addHeaderMapValue(headers, name, value);
    }
  }
};

class HeaderRewriteRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    if (!json.isObject() || !request.read(json["request-remove"].string(), json["request-set"].string()) ||
        !response.read(json["response-remove"].string(), json["response-set"].string())) {
      LOG_ERROR("the configuration wants names, and lines of name: value");
      return false;
    }
    return true;
  }

  Changes request, response;
};

class HeaderRewrite : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    static_cast<HeaderRewriteRoot*>(root())->request.apply(WasmHeaderMapType::RequestHeaders);
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    static_cast<HeaderRewriteRoot*>(root())->response.apply(WasmHeaderMapType::ResponseHeaders);
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_HeaderRewrite(CONTEXT_FACTORY(HeaderRewrite), ROOT_FACTORY(HeaderRewriteRoot),
                                                     "header_rewrite");
