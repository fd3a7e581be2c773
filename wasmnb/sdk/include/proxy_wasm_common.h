// Results, map, buffer and stream selectors of the Proxy-Wasm ABI 0.2.1, and the value types of the API.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <optional>
#include <string>
#include <string_view>

#include "proxy_wasm_enums.h"

using StringView = std::string_view;
template <typename T>
using Optional = std::optional<T>;

enum class WasmResult : uint32_t {
  Ok = 0,
  NotFound = 1,              // no such key, header, queue ...
  BadArgument = 2,           // outside what the function takes
  SerializationFailure = 3,  // a message could not be written
  ParseFailure = 4,          // a message could not be read
  BadExpression = 5,
  InvalidMemoryAccess = 6,  // a pointer or size outside the module's memory
  Empty = 7,                // nothing in the queue
  CasMismatch = 8,          // somebody else wrote in between
  ResultMismatch = 9,
  InternalFailure = 10,
  BrokenConnection = 11,
  Unimplemented = 12,
};

// Gives the enumerator's name, or "WasmResult(<number>)" for one that this ABI does not have.
std::string toString(WasmResult result) __attribute__((visibility("hidden")));

enum class WasmHeaderMapType : int32_t {
  RequestHeaders = 0,
  RequestTrailers = 1,
  ResponseHeaders = 2,
  ResponseTrailers = 3,
  GrpcReceiveInitialMetadata = 4,
  GrpcReceiveTrailingMetadata = 5,
  HttpCallResponseHeaders = 6,
  HttpCallResponseTrailers = 7,
  MAX = HttpCallResponseTrailers,
};

enum class WasmBufferType : int32_t {
  HttpRequestBody = 0,
  HttpResponseBody = 1,
  NetworkDownstreamData = 2,
  NetworkUpstreamData = 3,
  HttpCallResponseBody = 4,
  GrpcReceiveBuffer = 5,
  VmConfiguration = 6,
  PluginConfiguration = 7,
  CallData = 8,
  MAX = CallData,
};

// Bits, not numbers.
enum class WasmBufferFlags : int32_t { EndOfStream = 1 };

enum class WasmStreamType : int32_t { Request = 0, Response = 1, Downstream = 2, Upstream = 3, MAX = Upstream };

// The names of 2020.
using HeaderMapType = WasmHeaderMapType;
using BufferType = WasmBufferType;
using BufferFlags = WasmBufferFlags;
using StreamType = WasmStreamType;
