// Log lines, and ending the module with one.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "proxy_wasm_externs.h"

#pragma GCC visibility push(hidden)

inline WasmResult logTrace(StringView message) { return proxy_log(LogLevel::trace, message.data(), message.size()); }
inline WasmResult logDebug(StringView message) { return proxy_log(LogLevel::debug, message.data(), message.size()); }
inline WasmResult logInfo(StringView message) { return proxy_log(LogLevel::info, message.data(), message.size()); }
inline WasmResult logWarn(StringView message) { return proxy_log(LogLevel::warn, message.data(), message.size()); }
inline WasmResult logError(StringView message) { return proxy_log(LogLevel::error, message.data(), message.size()); }
inline WasmResult logCritical(StringView message) {
  return proxy_log(LogLevel::critical, message.data(), message.size());
}
// Logs at critical level, then ends the module: the proxy answers by the plugin's failure policy from now on.
[[noreturn]] void logAbort(StringView message);

// A line, which text is added to with +, from the left. That of the LOG macros begins with its place.
class ProxyWasmLine {
 public:
  ProxyWasmLine() = default;
  ProxyWasmLine(StringView place, const char* function) { *this + place + function + "() "; }
  ~ProxyWasmLine() { free(text_); }
  ProxyWasmLine(const ProxyWasmLine&) = delete;
  ProxyWasmLine& operator=(const ProxyWasmLine&) = delete;

  ProxyWasmLine& operator+(StringView text) { return append(text.data(), text.size()); }
  ProxyWasmLine& operator+(const std::string& text) { return append(text.data(), text.size()); }
  ProxyWasmLine& operator+(const char* text) { return append(text, strlen(text)); }
  ProxyWasmLine& operator+(char character) { return append(&character, 1); }
  // No conversion: C++26 adds everything that converts to a view to a std::string, and + would be ambiguous.
  StringView view() const { return {text_, size_}; }

 private:
  ProxyWasmLine& append(const char* text, size_t size);

  char* text_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

[[noreturn]] void proxyWasmCheckFailed(const char* expression, WasmResult result, const char* place);

#pragma GCC visibility pop

#define PROXY_WASM_TEXT_OF(_text) #_text
#define PROXY_WASM_TEXT(_macro) PROXY_WASM_TEXT_OF(_macro)

#define LOG(_level, ...) \
  log##_level((ProxyWasmLine("[" __FILE__ ":" PROXY_WASM_TEXT(__LINE__) "]::", __FUNCTION__) + __VA_ARGS__).view())
#define LOG_TRACE(...) LOG(Trace, __VA_ARGS__)
#define LOG_DEBUG(...) LOG(Debug, __VA_ARGS__)
#define LOG_INFO(...) LOG(Info, __VA_ARGS__)
#define LOG_WARN(...) LOG(Warn, __VA_ARGS__)
#define LOG_ERROR(...) LOG(Error, __VA_ARGS__)
#define LOG_CRITICAL(...) LOG(Critical, __VA_ARGS__)

// Ends the module with a critical line that quotes the call and its result, unless the result is Ok.
#define CHECK_RESULT(_c)                                                                    \
  do {                                                                                      \
    const WasmResult proxy_wasm_result = (_c);                                              \
    if (proxy_wasm_result != WasmResult::Ok) {                                              \
      proxyWasmCheckFailed(#_c, proxy_wasm_result, __FILE__ ":" PROXY_WASM_TEXT(__LINE__)); \
    }                                                                                       \
  } while (0)
