// What a filter asks the host for, but headers and calls.
#include "proxy_wasm_host.h"

#include <stdlib.h>

#include "internal.h"

namespace {

WasmDataPtr own(const char* data, size_t size) { return WasmDataPtr(new WasmData(data, size)); }

}  // namespace

uint64_t getCurrentTimeNanoseconds() {
  uint64_t nanoseconds = 0;
  CHECK_RESULT(proxy_get_current_time_nanoseconds(&nanoseconds));
  return nanoseconds;
}

WasmResult getLogLevel(LogLevel* level) { return proxy_get_log_level(level); }

std::pair<uint32_t, WasmDataPtr> getStatus() {
  uint32_t code = 0;
  const char* message = nullptr;
  size_t size = 0;
  CHECK_RESULT(proxy_get_status(&code, &message, &size));
  return {code, own(message, size)};
}

WasmDataPtr getConfiguration() { return getBufferBytes(proxy_wasm_internal::current_configuration, 0, INT32_MAX); }

WasmResult proxy_get_configuration(const char** configuration, size_t* configuration_size) {
  return proxy_get_buffer_bytes(proxy_wasm_internal::current_configuration, 0, INT32_MAX, configuration,
                                configuration_size);
}

// Properties

namespace proxy_wasm_internal {

Optional<WasmDataPtr> propertyAt(StringView path) {
  const char* value = nullptr;
  size_t size = 0;
  if (proxy_get_property(path.data(), path.size(), &value, &size) != WasmResult::Ok) return {};
  return own(value, size);
}

bool take(const Optional<WasmDataPtr>& value, std::string* out) {
  if (!value) return false;
  out->assign((*value)->view());
  return true;
}

bool take(const Optional<WasmDataPtr>& value, void* out, size_t out_size) {
  if (!value || (*value)->size() != out_size) return false;
  memcpy(out, (*value)->data(), out_size);
  return true;
}

}  // namespace proxy_wasm_internal

Optional<WasmDataPtr> getProperty(std::initializer_list<StringView> parts) {
  std::string path;
  for (const StringView part : parts) path.append(part).push_back('\0');
  return proxy_wasm_internal::propertyAt(path);
}

WasmResult setFilterState(StringView key, StringView value) {
  return proxy_set_property(key.data(), key.size(), value.data(), value.size());
}

WasmResult setFilterStateStringValue(StringView key, StringView value) { return setFilterState(key, value); }

// Streams

WasmResult continueRequest() { return proxy_continue_stream(WasmStreamType::Request); }
WasmResult continueResponse() { return proxy_continue_stream(WasmStreamType::Response); }
WasmResult continueDownstream() { return proxy_continue_stream(WasmStreamType::Downstream); }
WasmResult continueUpstream() { return proxy_continue_stream(WasmStreamType::Upstream); }
WasmResult closeRequest() { return proxy_close_stream(WasmStreamType::Request); }
WasmResult closeResponse() { return proxy_close_stream(WasmStreamType::Response); }
WasmResult closeDownstream() { return proxy_close_stream(WasmStreamType::Downstream); }
WasmResult closeUpstream() { return proxy_close_stream(WasmStreamType::Upstream); }
WasmResult proxy_continue_request() { return continueRequest(); }
WasmResult proxy_continue_response() { return continueResponse(); }

WasmResult sendLocalResponse(uint32_t code, StringView details, StringView body,
                             const HeaderStringPairs& additional_headers, GrpcStatus grpc_status) {
  const char* pairs;
  size_t pairs_size;
  exportPairs(additional_headers, &pairs, &pairs_size);
  const WasmResult result = proxy_send_local_response(code, details.data(), details.size(), body.data(), body.size(),
                                                      pairs, pairs_size, static_cast<uint32_t>(grpc_status));
  free(const_cast<char*>(pairs));
  return result;
}

// Envoy has this one by name since ABI 0.2.0.
void clearRouteCache() { callForeignFunction("clear_route_cache", {}); }

WasmResult proxy_clear_route_cache() { return callForeignFunction("clear_route_cache", {}); }

// Shared data and queues

WasmResult getSharedData(StringView key, WasmDataPtr* value, uint32_t* cas) {
  const char* data = nullptr;
  size_t size = 0;
  uint32_t unused_cas;
  const WasmResult result =
      proxy_get_shared_data(key.data(), key.size(), &data, &size, cas == nullptr ? &unused_cas : cas);
  if (result == WasmResult::Ok) *value = own(data, size);
  return result;
}

WasmResult setSharedData(StringView key, StringView value, uint32_t cas) {
  return proxy_set_shared_data(key.data(), key.size(), value.data(), value.size(), cas);
}

WasmDataPtr getSharedDataValue(StringView key, uint32_t* cas) {
  WasmDataPtr value;
  const WasmResult result = getSharedData(key, &value, cas);
  if (result != WasmResult::Ok) {
    ProxyWasmLine line;
    logAbort((line + "getSharedDataValue(\"" + key + "\") failed: " + toString(result)).view());
  }
  return value;
}

WasmResult registerSharedQueue(StringView name, uint32_t* token) {
  return proxy_register_shared_queue(name.data(), name.size(), token);
}

WasmResult resolveSharedQueue(StringView vm_id, StringView name, uint32_t* token) {
  return proxy_resolve_shared_queue(vm_id.data(), vm_id.size(), name.data(), name.size(), token);
}

WasmResult enqueueSharedQueue(uint32_t token, StringView data) {
  return proxy_enqueue_shared_queue(token, data.data(), data.size());
}

WasmResult dequeueSharedQueue(uint32_t token, WasmDataPtr* data) {
  const char* bytes = nullptr;
  size_t size = 0;
  const WasmResult result = proxy_dequeue_shared_queue(token, &bytes, &size);
  *data = own(bytes, size);
  return result;
}

// Buffers

WasmDataPtr getBufferBytes(WasmBufferType buffer, size_t start, size_t length) {
  const char* bytes = nullptr;
  size_t size = 0;
  proxy_get_buffer_bytes(buffer, start, length, &bytes, &size);
  return own(bytes, size);
}

WasmResult getBufferStatus(WasmBufferType buffer, size_t* size, uint32_t* flags) {
  return proxy_get_buffer_status(buffer, size, flags);
}

WasmResult setBuffer(WasmBufferType buffer, size_t start, size_t length, StringView data, size_t* new_size) {
  const WasmResult result = proxy_set_buffer_bytes(buffer, start, length, data.data(), data.size());
  if (result == WasmResult::Ok && new_size != nullptr) {
    const size_t replaced = start >= *new_size ? 0 : (length < *new_size - start ? length : *new_size - start);
    *new_size += data.size() - replaced;
  }
  return result;
}

WasmResult callForeignFunction(StringView name, StringView arguments, WasmDataPtr* result) {
  char* bytes = nullptr;
  size_t size = 0;
  const WasmResult outcome =
      proxy_call_foreign_function(name.data(), name.size(), arguments.data(), arguments.size(), &bytes, &size);
  if (result == nullptr) {
    free(bytes);
  } else {
    *result = own(bytes, size);
  }
  return outcome;
}
