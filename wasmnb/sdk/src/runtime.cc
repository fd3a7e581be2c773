// What the C++ runtime does when something is wrong: one line in the proxy's log, then the module ends. The library's
// own versions of these bring printf and a demangler, some 25 kB. All are weak: a filter may have its own.
#include <stdarg.h>

#include <new>

#include "internal.h"

#define PROXY_WASM_WEAK __attribute__((weak, visibility("hidden")))
// The language fixes the visibility of operator new and delete.
#define PROXY_WASM_REPLACEABLE __attribute__((weak))

namespace {

// Writes the conversions that the C++ library's messages use: %s, %d, %i, %u and %zu.
[[noreturn]] void die(const char* format, va_list arguments) {
  ProxyWasmLine line;
  char digits[12];
  for (; *format != '\0'; ++format) {
    StringView part(format, 1);
    if (*format == '%') {
      while (*++format == 'z' || *format == 'l') continue;
      part = *format == 's' ? va_arg(arguments, const char*)
                            : proxy_wasm_internal::decimal(va_arg(arguments, int), digits);
    }
    line + part;
  }
  logAbort(line.view());
}

[[noreturn]] void dieOutOfMemory() {
  static constexpr StringView kMessage = "out of memory";
  proxy_log(LogLevel::critical, kMessage.data(), kMessage.size());
  __builtin_trap();
}

}  // namespace

_LIBCPP_BEGIN_NAMESPACE_STD
PROXY_WASM_WEAK void __libcpp_verbose_abort(const char* format, ...) noexcept {
  va_list arguments;
  va_start(arguments, format);
  die(format, arguments);
}
_LIBCPP_END_NAMESPACE_STD

extern "C" {

[[noreturn]] PROXY_WASM_WEAK void __abort_message(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  die(format, arguments);
}

[[noreturn]] PROXY_WASM_WEAK void __cxa_pure_virtual() { logAbort("pure virtual function called"); }
[[noreturn]] PROXY_WASM_WEAK void __cxa_deleted_virtual() { logAbort("deleted virtual function called"); }

[[noreturn]] PROXY_WASM_WEAK void __assert_fail(const char* expression, const char* file, int line,
                                                const char* function) {
  char digits[12];
  ProxyWasmLine text;
  text + "Assertion failed: " + expression + " (" + file + ":" + proxy_wasm_internal::decimal(line, digits);
  logAbort((text + ", " + function + ")").view());
}

// A reactor never ends, so nothing that was registered for its end would ever run.
PROXY_WASM_WEAK int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

// One thread: a static object under construction can only be met again by its own initialiser.
PROXY_WASM_WEAK int __cxa_guard_acquire(uint64_t* guard) { return *reinterpret_cast<char*>(guard) == 0; }
PROXY_WASM_WEAK void __cxa_guard_release(uint64_t* guard) { *reinterpret_cast<char*>(guard) = 1; }
PROXY_WASM_WEAK void __cxa_guard_abort(uint64_t*) {}

// Standard output counts as a terminal, so that a printed line is in the proxy's log as soon as it ends.
PROXY_WASM_WEAK int isatty(int) { return 1; }
PROXY_WASM_WEAK int __isatty(int) { return 1; }

// Type information points to these tables of the runtime's classes (Itanium C++ ABI, 2.9.5), but only dynamic_cast and
// catch look into them. The first use of __dynamic_cast links the real ones in place of these.
#define PROXY_WASM_TYPE_TABLE(name)                \
  PROXY_WASM_WEAK extern const void* const name[]; \
  const void* const name[4] = {}
PROXY_WASM_TYPE_TABLE(_ZTVN10__cxxabiv117__class_type_infoE);
PROXY_WASM_TYPE_TABLE(_ZTVN10__cxxabiv120__si_class_type_infoE);
PROXY_WASM_TYPE_TABLE(_ZTVN10__cxxabiv121__vmi_class_type_infoE);

}  // extern "C"

PROXY_WASM_REPLACEABLE void* operator new(size_t size) {
  void* memory = malloc(size);
  if (memory == nullptr) dieOutOfMemory();
  return memory;
}

PROXY_WASM_REPLACEABLE void* operator new(size_t size, std::align_val_t alignment) {
  void* memory = aligned_alloc(static_cast<size_t>(alignment), size);
  if (memory == nullptr) dieOutOfMemory();
  return memory;
}

PROXY_WASM_REPLACEABLE void* operator new(size_t size, const std::nothrow_t&) noexcept { return malloc(size); }
PROXY_WASM_REPLACEABLE void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return aligned_alloc(static_cast<size_t>(alignment), size);
}
PROXY_WASM_REPLACEABLE void* operator new[](size_t size) { return operator new(size); }
PROXY_WASM_REPLACEABLE void* operator new[](size_t size, std::align_val_t alignment) {
  return operator new(size, alignment);
}
PROXY_WASM_REPLACEABLE void* operator new[](size_t size, const std::nothrow_t&) noexcept { return malloc(size); }
PROXY_WASM_REPLACEABLE void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return aligned_alloc(static_cast<size_t>(alignment), size);
}

PROXY_WASM_REPLACEABLE void operator delete(void* memory) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete(void* memory, size_t) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete(void* memory, size_t, std::align_val_t) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete(void* memory, const std::nothrow_t&) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  free(memory);
}
PROXY_WASM_REPLACEABLE void operator delete[](void* memory) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete[](void* memory, size_t) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete[](void* memory, std::align_val_t) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete[](void* memory, size_t, std::align_val_t) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete[](void* memory, const std::nothrow_t&) noexcept { free(memory); }
PROXY_WASM_REPLACEABLE void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  free(memory);
}
