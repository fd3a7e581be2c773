// Headers, trailers and metadata.
#include <stdlib.h>

#include "proxy_wasm_host.h"

WasmResult addHeaderMapValue(WasmHeaderMapType map, StringView key, StringView value) {
  return proxy_add_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}

WasmDataPtr getHeaderMapValue(WasmHeaderMapType map, StringView key) {
  const char* value = nullptr;
  size_t size = 0;
  proxy_get_header_map_value(map, key.data(), key.size(), &value, &size);
  return WasmDataPtr(new WasmData(value, size));
}

WasmResult replaceHeaderMapValue(WasmHeaderMapType map, StringView key, StringView value) {
  return proxy_replace_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}

WasmResult removeHeaderMapValue(WasmHeaderMapType map, StringView key) {
  return proxy_remove_header_map_value(map, key.data(), key.size());
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

WasmResult getHeaderMapSize(WasmHeaderMapType map, size_t* bytes) { return proxy_get_header_map_size(map, bytes); }

#define PROXY_WASM_MAP(Map)                                                                                        \
  WasmResult add##Map(StringView key, StringView value) {                                                          \
    return addHeaderMapValue(WasmHeaderMapType::Map##s, key, value);                                               \
  }                                                                                                                \
  WasmDataPtr get##Map(StringView key) { return getHeaderMapValue(WasmHeaderMapType::Map##s, key); }               \
  WasmResult replace##Map(StringView key, StringView value) {                                                      \
    return replaceHeaderMapValue(WasmHeaderMapType::Map##s, key, value);                                           \
  }                                                                                                                \
  WasmResult remove##Map(StringView key) { return removeHeaderMapValue(WasmHeaderMapType::Map##s, key); }          \
  WasmDataPtr get##Map##Pairs() { return getHeaderMapPairs(WasmHeaderMapType::Map##s); }                           \
  WasmResult set##Map##Pairs(const HeaderStringPairs& pairs) {                                                     \
    return setHeaderMapPairs(WasmHeaderMapType::Map##s, pairs);                                                    \
  }                                                                                                                \
  WasmResult get##Map##Size(size_t* bytes) { return getHeaderMapSize(WasmHeaderMapType::Map##s, bytes); }

PROXY_WASM_MAP(RequestHeader)
PROXY_WASM_MAP(RequestTrailer)
PROXY_WASM_MAP(ResponseHeader)
PROXY_WASM_MAP(ResponseTrailer)
