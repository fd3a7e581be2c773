// What a filter asks the host for: one function each.
#pragma once

#include <initializer_list>
#include <type_traits>

#include "proxy_wasm_data.h"
#include "proxy_wasm_log.h"

#pragma GCC visibility push(hidden)

// Time and status
uint64_t getCurrentTimeNanoseconds();  // since the Unix epoch
WasmResult getLogLevel(LogLevel* level);
// Code and message of the HTTP or gRPC call whose callback runs.
std::pair<uint32_t, WasmDataPtr> getStatus();

// Configuration: the plugin's, or during onStart the VM's. Never null.
WasmDataPtr getConfiguration();

// Properties, by path: getProperty({"request", "path"}).
Optional<WasmDataPtr> getProperty(std::initializer_list<StringView> parts);

namespace proxy_wasm_internal {

// By the parts joined, with a NUL behind each.
Optional<WasmDataPtr> propertyAt(StringView path);
bool take(const Optional<WasmDataPtr>& value, std::string* out);
bool take(const Optional<WasmDataPtr>& value, void* out, size_t out_size);

template <typename T>
bool takeAs(const Optional<WasmDataPtr>& value, T* out) {
  if constexpr (std::is_same_v<T, std::string>) {
    return take(value, out);
  } else {
    static_assert(std::is_trivially_copyable_v<T>, "a value is a std::string or a plain number");
    return take(value, out, sizeof(T));
  }
}

}  // namespace proxy_wasm_internal

template <typename S>
Optional<WasmDataPtr> getProperty(const std::vector<S>& parts) {
  std::string path;
  for (const auto& part : parts) path.append(StringView(part)).push_back('\0');
  return proxy_wasm_internal::propertyAt(path);
}

// Reads a property as std::string (text, bytes), int64_t, uint64_t, double or bool. Durations and points in time are
// int64_t nanoseconds. False when there is none, or one of another size.
template <typename T>
bool getValue(std::initializer_list<StringView> parts, T* out) {
  return proxy_wasm_internal::takeAs(getProperty(parts), out);
}
template <typename S, typename T>
bool getValue(const std::vector<S>& parts, T* out) {
  return proxy_wasm_internal::takeAs(getProperty(parts), out);
}

// Reads a property that is a message (a map or a list is a google.protobuf.Struct or ListValue): any type that has
// ParseFromArray(const void*, int). An empty value leaves the message as it is.
template <typename Path, typename Message>
bool proxyWasmMessageAt(const Path& parts, Message* message) {
  const Optional<WasmDataPtr> value = getProperty(parts);
  if (!value) return false;
  return (*value)->size() == 0 || message->ParseFromArray((*value)->data(), static_cast<int>((*value)->size()));
}
template <typename Message>
bool getMessageValue(std::initializer_list<StringView> parts, Message* message) {
  return proxyWasmMessageAt(parts, message);
}
template <typename S, typename Message>
bool getMessageValue(const std::vector<S>& parts, Message* message) {
  return proxyWasmMessageAt(parts, message);
}

WasmResult setFilterState(StringView key, StringView value);
WasmResult setFilterStateStringValue(StringView key, StringView value);

// Streams
WasmResult continueRequest();
WasmResult continueResponse();
WasmResult continueDownstream();
WasmResult continueUpstream();
WasmResult closeRequest();
WasmResult closeResponse();
WasmResult closeDownstream();
WasmResult closeUpstream();
WasmResult sendLocalResponse(uint32_t code, StringView details, StringView body,
                             const HeaderStringPairs& additional_headers,
                             GrpcStatus grpc_status = GrpcStatus::InvalidCode);
void clearRouteCache();

// Shared data: seen by every VM with the same vm_id. A cas of 0 writes in any case.
WasmResult getSharedData(StringView key, WasmDataPtr* value, uint32_t* cas = nullptr);
WasmResult setSharedData(StringView key, StringView value, uint32_t cas = 0);
// As getSharedData, and ends the module when there is no such key.
WasmDataPtr getSharedDataValue(StringView key, uint32_t* cas = nullptr);

// Shared queues
WasmResult registerSharedQueue(StringView name, uint32_t* token);
WasmResult resolveSharedQueue(StringView vm_id, StringView name, uint32_t* token);
WasmResult enqueueSharedQueue(uint32_t token, StringView data);
WasmResult dequeueSharedQueue(uint32_t token, WasmDataPtr* data);

// Headers, trailers and metadata, of any map. A value that is not there is empty, never null.
inline WasmResult addHeaderMapValue(WasmHeaderMapType map, StringView key, StringView value) {
  return proxy_add_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}
WasmDataPtr getHeaderMapValue(WasmHeaderMapType map, StringView key);
inline WasmResult replaceHeaderMapValue(WasmHeaderMapType map, StringView key, StringView value) {
  return proxy_replace_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}
inline WasmResult removeHeaderMapValue(WasmHeaderMapType map, StringView key) {
  return proxy_remove_header_map_value(map, key.data(), key.size());
}
WasmDataPtr getHeaderMapPairs(WasmHeaderMapType map);
WasmResult setHeaderMapPairs(WasmHeaderMapType map, const HeaderStringPairs& pairs);
inline WasmResult getHeaderMapSize(WasmHeaderMapType map, size_t* bytes) {
  return proxy_get_header_map_size(map, bytes);
}

// The same for the four maps of a stream.
#define PROXY_WASM_MAP(Map)                                                                                      \
  inline WasmResult add##Map(StringView key, StringView value) {                                                 \
    return addHeaderMapValue(WasmHeaderMapType::Map##s, key, value);                                             \
  }                                                                                                              \
  inline WasmDataPtr get##Map(StringView key) { return getHeaderMapValue(WasmHeaderMapType::Map##s, key); }      \
  inline WasmResult replace##Map(StringView key, StringView value) {                                             \
    return replaceHeaderMapValue(WasmHeaderMapType::Map##s, key, value);                                         \
  }                                                                                                              \
  inline WasmResult remove##Map(StringView key) { return removeHeaderMapValue(WasmHeaderMapType::Map##s, key); } \
  inline WasmDataPtr get##Map##Pairs() { return getHeaderMapPairs(WasmHeaderMapType::Map##s); }                  \
  inline WasmResult set##Map##Pairs(const HeaderStringPairs& pairs) {                                            \
    return setHeaderMapPairs(WasmHeaderMapType::Map##s, pairs);                                                  \
  }                                                                                                              \
  inline WasmResult get##Map##Size(size_t* bytes) { return getHeaderMapSize(WasmHeaderMapType::Map##s, bytes); }
PROXY_WASM_MAP(RequestHeader)
PROXY_WASM_MAP(RequestTrailer)
PROXY_WASM_MAP(ResponseHeader)
PROXY_WASM_MAP(ResponseTrailer)
#undef PROXY_WASM_MAP

// Buffers
WasmDataPtr getBufferBytes(WasmBufferType buffer, size_t start, size_t length);
WasmResult getBufferStatus(WasmBufferType buffer, size_t* size, uint32_t* flags);
// Puts data in place of length bytes at start. A new_size, when given, holds the old size and gets the new one.
WasmResult setBuffer(WasmBufferType buffer, size_t start, size_t length, StringView data, size_t* new_size = nullptr);

// Calls by token; RootContext has the ones that take a callback.
WasmResult makeHttpCall(StringView cluster, const HeaderStringPairs& headers, StringView body,
                        const HeaderStringPairs& trailers, uint32_t timeout_milliseconds, uint32_t* token);
WasmResult grpcCall(StringView service, StringView service_name, StringView method_name,
                    const HeaderStringPairs& initial_metadata, StringView request, uint32_t timeout_milliseconds,
                    uint32_t* token);
// With a message for a request: any type that has SerializeToString(std::string*).
template <typename Message, typename = decltype(std::declval<const Message&>().SerializeToString(nullptr))>
WasmResult grpcCall(StringView service, StringView service_name, StringView method_name,
                    const HeaderStringPairs& initial_metadata, const Message& request, uint32_t timeout_milliseconds,
                    uint32_t* token) {
  std::string bytes;
  if (!request.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
  return grpcCall(service, service_name, method_name, initial_metadata, StringView(bytes), timeout_milliseconds, token);
}
WasmResult grpcStream(StringView service, StringView service_name, StringView method_name,
                      const HeaderStringPairs& initial_metadata, uint32_t* token);
WasmResult grpcSend(uint32_t token, StringView message, bool end_of_stream);
WasmResult grpcCancel(uint32_t token);
WasmResult grpcClose(uint32_t token);

// A function that this host has beyond the ABI; result, when given, gets what it gives back.
WasmResult callForeignFunction(StringView name, StringView arguments, WasmDataPtr* result = nullptr);

// Metrics by number; proxy_wasm_metrics.h has them by name and tags.
WasmResult defineMetric(MetricType type, StringView name, uint32_t* metric_id);
WasmResult incrementMetric(uint32_t metric_id, int64_t offset);
WasmResult recordMetric(uint32_t metric_id, uint64_t value);
WasmResult getMetric(uint32_t metric_id, uint64_t* value);

#pragma GCC visibility pop
