// The article's filter without any SDK: what the ABI itself costs. The configuration is not parsed.
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(name) __attribute__((import_module("env"), import_name(name)))

IMPORT("proxy_add_header_map_value")
uint32_t add(uint32_t map, const char* key, size_t key_size, const char* value, size_t value_size);

static char heap[16384];
static size_t used;

EXPORT("proxy_abi_version_0_2_1") void abi_version(void) {}
EXPORT("_initialize") void initialize(void) {}
EXPORT("proxy_on_memory_allocate") void* allocate(size_t size) {
  if (used + size > sizeof heap) used = 0;
  void* block = heap + used;
  used += (size + 7) & ~(size_t)7;
  return block;
}
EXPORT("proxy_on_context_create") void context_create(uint32_t id, uint32_t parent) {}
EXPORT("proxy_on_vm_start") uint32_t vm_start(uint32_t id, uint32_t size) { return 1; }
EXPORT("proxy_on_configure") uint32_t configure(uint32_t id, uint32_t size) { return 1; }
EXPORT("proxy_on_response_headers") uint32_t response_headers(uint32_t id, uint32_t count, uint32_t end) {
  add(2, "hello", 5, "world", 5);
  add(2, "x-edit", 6, "raw", 3);
  return 0;
}
