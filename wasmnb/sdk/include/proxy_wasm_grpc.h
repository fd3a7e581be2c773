// Handlers of gRPC calls and streams; messages are bytes.
#pragma once

#include "proxy_wasm_host.h"

#pragma GCC visibility push(hidden)

class RootContext;
namespace proxy_wasm_internal {
class HandlerCall;
class HandlerStream;
}  // namespace proxy_wasm_internal

// One call. The context owns the handler and deletes it behind onSuccess, onFailure or cancel.
class GrpcCallHandlerBase {
 public:
  GrpcCallHandlerBase() = default;
  virtual ~GrpcCallHandlerBase();
  RootContext* context() { return context_; }
  // Ends the call; no callback follows. Called from a callback, the handler lives until that returns.
  void cancel();
  virtual void onSuccess(size_t body_size) = 0;
  virtual void onFailure(GrpcStatus status) = 0;

 private:
  friend class RootContext;
  RootContext* context_ = nullptr;
  uint32_t token_ = 0;
};

template <typename Message = WasmData>
class GrpcCallHandler : public GrpcCallHandlerBase {};

// One stream. The context owns the handler and deletes it when both sides have closed, or behind reset.
class GrpcStreamHandlerBase {
 public:
  GrpcStreamHandlerBase() = default;
  virtual ~GrpcStreamHandlerBase();
  RootContext* context() { return context_; }
  WasmResult send(StringView message, bool end_of_stream);
  // Closes this side; callbacks can still come. reset() ends them.
  void close();
  void reset();
  virtual void onReceiveInitialMetadata(uint32_t headers);
  virtual void onReceiveTrailingMetadata(uint32_t trailers);
  virtual void onReceive(size_t body_size) = 0;
  virtual void onRemoteClose(GrpcStatus status) = 0;

 protected:
  friend class RootContext;
  friend class proxy_wasm_internal::HandlerStream;
  bool local_close_ = false;
  bool remote_close_ = false;
  RootContext* context_ = nullptr;
  uint32_t token_ = 0;
};

template <typename Request = StringView, typename Response = WasmData>
class GrpcStreamHandler : public GrpcStreamHandlerBase {
 public:
  // A Request is bytes, or any type that has SerializeToString(std::string*).
  WasmResult send(const Request& message, bool end_of_stream) {
    if constexpr (std::is_convertible_v<const Request&, StringView>) {
      return GrpcStreamHandlerBase::send(message, end_of_stream);
    } else {
      std::string bytes;
      if (!message.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
      return GrpcStreamHandlerBase::send(bytes, end_of_stream);
    }
  }
};

#pragma GCC visibility pop
