// What a JSON value tells.
#include "proxy_wasm_json.h"

#include <stdlib.h>

#include <string.h>

#include "internal.h"

namespace {

const Json kAbsent;

}  // namespace

Json& Json::operator=(Json&& other) noexcept {
  // The other one gets what this one had, and gives it back to the heap.
  char kept[sizeof(Json)];
  memcpy(kept, static_cast<void*>(this), sizeof(Json));
  memcpy(static_cast<void*>(this), static_cast<void*>(&other), sizeof(Json));
  memcpy(static_cast<void*>(&other), kept, sizeof(Json));
  return *this;
}

std::string Json::error() const {
  if (line_ == 0) return {};
  char line[12];
  char column[12];
  ProxyWasmLine text;
  text + "line " + proxy_wasm_internal::decimal(static_cast<int32_t>(line_), line) + ", column ";
  text + proxy_wasm_internal::decimal(static_cast<int32_t>(column_), column) + ": " + text_;
  return std::string(text.view());
}

const Json& Json::member(const char* name, size_t size) const {
  const Json* found = &kAbsent;
  if (kind_ != Kind::Object) return *found;
  for (const Json* child = first_; child != nullptr; child = child->next_) {
    if (child->key_size_ == size && memcmp(child->key_, name, size) == 0) found = child;
  }
  return *found;
}

const Json& Json::operator[](size_t index) const {
  const Json* child = first_;
  while (child != nullptr && index-- != 0) child = child->next_;
  return child == nullptr ? kAbsent : *child;
}

size_t Json::size() const {
  size_t count = 0;
  for (const Json* child = first_; child != nullptr; child = child->next_) ++count;
  return count;
}

std::string Json::text(const char* fallback, size_t fallback_size) const {
  return isString() ? std::string(text_, text_size_) : std::string(fallback, fallback_size);
}

bool Json::boolean(bool fallback) const { return isBoolean() ? text_size_ == strlen("true") : fallback; }

int64_t Json::integer(int64_t fallback) const {
  if (!isNumber()) return fallback;
  const bool negative = text_[0] == '-';
  int64_t value = 0;
  for (size_t index = negative; index < text_size_; ++index) {
    const int digit = text_[index] - '0';
    if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
        __builtin_sub_overflow(value, digit, &value)) {
      return fallback;
    }
  }
  // Counted down, since there is one more negative number than there are positive ones.
  if (!negative && value == INT64_MIN) return fallback;
  return negative ? value : -value;
}

double Json::number(double fallback) const { return isNumber() ? strtod(text_, nullptr) : fallback; }
