// Enumerations of the Proxy-Wasm ABI 0.2.1 that a filter's callbacks take and give.
#pragma once

#include <stdint.h>

enum class LogLevel : int32_t { trace = 0, debug = 1, info = 2, warn = 3, error = 4, critical = 5, Max = critical };

enum class FilterStatus : int32_t { Continue = 0, StopIteration = 1 };

enum class FilterHeadersStatus : int32_t {
  Continue = 0,
  StopIteration = 1,
  ContinueAndEndStream = 2,
  StopAllIterationAndBuffer = 3,
  StopAllIterationAndWatermark = 4,
};

enum class FilterMetadataStatus : int32_t { Continue = 0 };

enum class FilterTrailersStatus : int32_t { Continue = 0, StopIteration = 1 };

enum class FilterDataStatus : int32_t {
  Continue = 0,
  StopIterationAndBuffer = 1,
  StopIterationAndWatermark = 2,
  StopIterationNoBuffer = 3,
};

// The status codes of gRPC; InvalidCode stands for "this is no gRPC answer".
enum class GrpcStatus : int32_t {
  InvalidCode = -1,
  Ok = 0,
  Canceled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
  MaximumValid = Unauthenticated,
};

enum class MetricType : int32_t { Counter = 0, Gauge = 1, Histogram = 2, Max = Histogram };

// Who closed a connection: Local is this proxy, Remote is the peer.
enum class CloseType : int32_t { Unknown = 0, Local = 1, Remote = 2 };

// The name of CloseType in the filters of 2020.
using PeerType = CloseType;
