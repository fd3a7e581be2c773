// What filters do again and again with the standard library: done here once, a filter finds it in the precompiled
// header. Nobody calls this function, so no filter contains it.
#pragma once

#include "proxy_wasm_intrinsics.h"

#pragma GCC visibility push(hidden)

namespace proxy_wasm_internal {

inline std::string precompiled(std::string text, const char* literal, StringView view, WasmDataPtr data) {
  std::string other;
  std::vector<std::string> texts{text, literal, std::string(view)};
  std::unordered_map<std::string, std::string> map{{literal, text}};
  uint64_t number = 0;
  other = text;
  other = std::move(text);
  other = literal;
  other = view;
  other += literal + other + literal + (other + other) + (std::move(text) + literal) + (literal + std::move(text));
  other += view;
  other += 'c';
  other.append(literal).append(view).append(other).push_back('c');
  texts.push_back(other);
  texts.emplace_back(literal);
  for (const std::string& each : texts) other += each;
  for (const auto& [key, value] : map) other += key + value;
  map[other] = literal;
  map[literal] = std::move(other);
  if (map.find(text) != map.end() || map.count(text) != 0) map.erase(text);
  for (const auto& [key, value] : data->pairs()) other.append(key).append(value);
  data = getConfiguration();
  if (Optional<WasmDataPtr> value = getProperty({literal, view})) other = (*value)->toString();
  if (getValue({"a", "b"}, &other) && getValue({"a"}, &number) && getProperty(texts).has_value()) data.reset();
  if (other == literal || other != literal || other == text || other < text || view == literal || view != other ||
      other.empty() || view.empty() || other == view) {
    LOG_INFO("text " + other + literal + view + std::to_string(number));
  }
  if (other.find(literal) != std::string::npos || view.find(literal) != StringView::npos || other.rfind(text, 0) == 0) {
    other = other.substr(1) + std::string(view.substr(1)) + std::to_string(1) + std::to_string(1U);
  }
  addResponseHeader(other, literal);
  replaceRequestHeader(literal, getRequestHeader(other)->view());
  sendLocalResponse(403, literal, other, {{"name", "value"}, {other, literal}});
  return other;
}

inline std::unique_ptr<Context> precompiledContext(uint32_t id, RootContext* root) {
  static RegisterContextFactory unused(CONTEXT_FACTORY(Context), ROOT_FACTORY(RootContext), "id");
  return std::make_unique<Context>(id, root);
}

}  // namespace proxy_wasm_internal

#pragma GCC visibility pop
