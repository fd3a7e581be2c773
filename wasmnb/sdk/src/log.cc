// Log lines.
#include "internal.h"

void logAbort(StringView message) {
  logCritical(message);
  __builtin_trap();
}

ProxyWasmLine& ProxyWasmLine::append(const char* text, size_t size) {
  if (size > capacity_ - size_) {
    capacity_ = 2 * (size_ + size);
    auto* larger = static_cast<char*>(operator new(capacity_));
    memcpy(larger, text_, size_);
    free(text_);
    text_ = larger;
  }
  memcpy(text_ + size_, text, size);
  size_ += size;
  return *this;
}

void proxyWasmCheckFailed(const char* expression, WasmResult result, const char* place) {
  ProxyWasmLine line;
  logAbort((line + expression + " failed: " + toString(result) + " (" + place + ")").view());
}

std::string toString(WasmResult result) {
  static const char* const names[] = {
      "Ok",
      "NotFound",
      "BadArgument",
      "SerializationFailure",
      "ParseFailure",
      "BadExpression",
      "InvalidMemoryAccess",
      "Empty",
      "CasMismatch",
      "ResultMismatch",
      "InternalFailure",
      "BrokenConnection",
      "Unimplemented",
  };
  const auto number = static_cast<uint32_t>(result);
  if (number < sizeof(names) / sizeof(*names)) return names[number];
  char digits[12];
  std::string unknown("WasmResult(");
  return unknown.append(proxy_wasm_internal::decimal(static_cast<int32_t>(number), digits)).append(")");
}

namespace proxy_wasm_internal {

const char* decimal(int32_t value, char (&digits)[12]) {
  char* at = digits + sizeof(digits) - 1;
  *at = '\0';
  uint32_t rest = value < 0 ? 0U - static_cast<uint32_t>(value) : static_cast<uint32_t>(value);
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (value < 0) *--at = '-';
  return at;
}

}  // namespace proxy_wasm_internal
