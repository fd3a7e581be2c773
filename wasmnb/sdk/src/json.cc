// What a JSON value tells.
#include "proxy_wasm_json.h"

#include <stdlib.h>

#include <utility>

namespace {

const Json kAbsent;

}  // namespace

Json::Json(Json&& other) noexcept { swap(other); }

Json& Json::operator=(Json&& other) noexcept {
  swap(other);
  return *this;
}

// As deep as the text was nested, which the reader has limited.
Json::~Json() {
  while (first_ != nullptr) delete std::exchange(first_, first_->next_);
}

void Json::swap(Json& other) noexcept {
  std::swap(kind_, other.kind_);
  text_.swap(other.text_);
  key_.swap(other.key_);
  error_.swap(other.error_);
  std::swap(first_, other.first_);
  std::swap(next_, other.next_);
}

const Json& Json::operator[](std::string_view name) const {
  const Json* found = &kAbsent;
  if (kind_ != Kind::Object) return *found;
  for (const Json& member : *this) {
    if (member.key_ == name) found = &member;
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

std::string Json::string(std::string_view fallback) const { return isString() ? text_ : std::string(fallback); }

bool Json::boolean(bool fallback) const { return isBoolean() ? text_ == "true" : fallback; }

int64_t Json::integer(int64_t fallback) const {
  if (!isNumber()) return fallback;
  const bool negative = text_[0] == '-';
  int64_t value = 0;
  for (size_t index = negative; index < text_.size(); ++index) {
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

double Json::number(double fallback) const { return isNumber() ? strtod(text_.c_str(), nullptr) : fallback; }
