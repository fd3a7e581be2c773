// Log lines.
#include "proxy_wasm_log.h"

#include "internal.h"

namespace {

WasmResult logAt(LogLevel level, StringView message) { return proxy_log(level, message.data(), message.size()); }

}  // namespace

WasmResult logTrace(StringView message) { return logAt(LogLevel::trace, message); }
WasmResult logDebug(StringView message) { return logAt(LogLevel::debug, message); }
WasmResult logInfo(StringView message) { return logAt(LogLevel::info, message); }
WasmResult logWarn(StringView message) { return logAt(LogLevel::warn, message); }
WasmResult logError(StringView message) { return logAt(LogLevel::error, message); }
WasmResult logCritical(StringView message) { return logAt(LogLevel::critical, message); }

void logAbort(StringView message) {
  logCritical(message);
  __builtin_trap();
}

ProxyWasmLine::ProxyWasmLine(const char* file, int line, const char* function) {
  char digits[12];
  text_.append("[").append(file).append(":").append(proxy_wasm_internal::decimal(line, digits));
  text_.append("]::").append(function).append("() ");
}

ProxyWasmLine& ProxyWasmLine::operator+(StringView text) {
  text_.append(text);
  return *this;
}

void proxyWasmCheckFailed(const char* expression, WasmResult result, const char* file, int line) {
  char digits[12];
  std::string message(expression);
  message.append(" failed: ").append(toString(result)).append(" (").append(file).append(":");
  message.append(proxy_wasm_internal::decimal(line, digits)).append(")");
  logAbort(message);
}

std::string toString(WasmResult result) {
  static const char* const names[] = {
      "Ok", "NotFound", "BadArgument", "SerializationFailure", "ParseFailure", "BadExpression", "InvalidMemoryAccess",
      "Empty", "CasMismatch", "ResultMismatch", "InternalFailure", "BrokenConnection", "Unimplemented",
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
