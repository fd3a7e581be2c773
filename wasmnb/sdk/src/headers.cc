// Headers, trailers and metadata.
#include <stdlib.h>

#include "proxy_wasm_host.h"

WasmDataPtr getHeaderMapValue(WasmHeaderMapType map, StringView key) {
  const char* value = nullptr;
  size_t size = 0;
  proxy_get_header_map_value(map, key.data(), key.size(), &value, &size);
  return WasmDataPtr(new WasmData(value, size));
}

WasmDataPtr getHeaderMapPairs(WasmHeaderMapType map) {
  const char* pairs = nullptr;
  size_t size = 0;
  proxy_get_header_map_pairs(map, &pairs, &size);
  return WasmDataPtr(new WasmData(pairs, size));
}

WasmResult setHeaderMapPairs(WasmHeaderMapType map, const HeaderStringPairs& pairs) {
  const char* block;
  size_t size;
  exportPairs(pairs, &block, &size);
  const WasmResult result = proxy_set_header_map_pairs(map, block, size);
  free(const_cast<char*>(block));
  return result;
}
