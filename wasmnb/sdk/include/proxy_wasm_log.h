// Log lines, and ending the module with one.
#pragma once

#include <stdlib.h>

#include "proxy_wasm_externs.h"

#pragma GCC visibility push(hidden)

WasmResult logTrace(StringView message);
WasmResult logDebug(StringView message);
WasmResult logInfo(StringView message);
WasmResult logWarn(StringView message);
WasmResult logError(StringView message);
WasmResult logCritical(StringView message);
// Logs at critical level, then ends the module: the proxy answers by the plugin's failure policy from now on.
[[noreturn]] void logAbort(StringView message);

// A line that names its place; text is added with +, from the left, as the LOG macros do.
class ProxyWasmLine {
 public:
  ProxyWasmLine(const char* file, int line, const char* function);
  ProxyWasmLine& operator+(StringView text);
  ProxyWasmLine& operator+(const std::string& text) { return *this + StringView(text); }
  ProxyWasmLine& operator+(const char* text) { return *this + StringView(text); }
  ProxyWasmLine& operator+(char character) { return *this + StringView(&character, 1); }
  operator StringView() const { return text_; }

 private:
  std::string text_;
};

[[noreturn]] void proxyWasmCheckFailed(const char* expression, WasmResult result, const char* file, int line);

#pragma GCC visibility pop

#define LOG(_level, ...) log##_level(ProxyWasmLine(__FILE__, __LINE__, __FUNCTION__) + __VA_ARGS__)
#define LOG_TRACE(...) LOG(Trace, __VA_ARGS__)
#define LOG_DEBUG(...) LOG(Debug, __VA_ARGS__)
#define LOG_INFO(...) LOG(Info, __VA_ARGS__)
#define LOG_WARN(...) LOG(Warn, __VA_ARGS__)
#define LOG_ERROR(...) LOG(Error, __VA_ARGS__)
#define LOG_CRITICAL(...) LOG(Critical, __VA_ARGS__)

// Ends the module with a critical line that quotes the call and its result, unless the result is Ok.
#define CHECK_RESULT(_c)                                                                                           \
  do {                                                                                                             \
    const WasmResult proxy_wasm_result = (_c);                                                                     \
    if (proxy_wasm_result != WasmResult::Ok) proxyWasmCheckFailed(#_c, proxy_wasm_result, __FILE__, __LINE__);     \
  } while (0)
