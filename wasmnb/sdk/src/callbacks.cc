// HTTP and gRPC calls whose answer comes to a callback or a handler.
#include "internal.h"

using proxy_wasm_internal::Call;
using proxy_wasm_internal::Calls;
using proxy_wasm_internal::CallTable;

namespace proxy_wasm_internal {

Call::~Call() = default;
bool Call::onResponse(uint32_t, size_t, uint32_t) { return true; }
void Call::onInitialMetadata(uint32_t) {}
void Call::onTrailingMetadata(uint32_t) {}
bool Call::onReceive(size_t) { return true; }
bool Call::onClose(GrpcStatus) { return true; }

CallTable::~CallTable() {
  while (ProxyWasmNode* node = calls_.takeAny()) delete static_cast<Call*>(node);
}

void CallTable::add(uint32_t token, Call* call) {
  call->proxy_wasm_key_ = token;
  calls_.insert(call);
}

Call* CallTable::enter(uint32_t token) {
  auto* call = static_cast<Call*>(calls_.find(token));
  if (call != nullptr) call->running_ = true;
  return call;
}

void CallTable::leave(Call* call, bool last) {
  call->running_ = false;
  if (!last && !call->dropped_) return;
  if (!call->dropped_) calls_.take(call->proxy_wasm_key_);
  delete call;
}

void CallTable::drop(uint32_t token) {
  auto* call = static_cast<Call*>(calls_.take(token));
  if (call == nullptr) return;
  call->dropped_ = true;
  if (!call->running_) delete call;
}

Calls::~Calls() = default;

void Calls::onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t trailers) {
  Call* call = http.enter(token);
  if (call != nullptr) http.leave(call, call->onResponse(headers, body_size, trailers));
}

void Calls::onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers) {
  Call* call = grpc.enter(token);
  if (call == nullptr) return;
  call->onInitialMetadata(headers);
  grpc.leave(call, false);
}

void Calls::onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers) {
  Call* call = grpc.enter(token);
  if (call == nullptr) return;
  call->onTrailingMetadata(trailers);
  grpc.leave(call, false);
}

void Calls::onGrpcReceive(uint32_t token, size_t body_size) {
  Call* call = grpc.enter(token);
  if (call != nullptr) grpc.leave(call, call->onReceive(body_size));
}

void Calls::onGrpcClose(uint32_t token, GrpcStatus status) {
  Call* call = grpc.enter(token);
  if (call != nullptr) grpc.leave(call, call->onClose(status));
}

class HttpCall final : public Call {
 public:
  explicit HttpCall(ContextBase::HttpCallCallback callback) : callback_(std::move(callback)) {}
  bool onResponse(uint32_t headers, size_t body_size, uint32_t trailers) override {
    if (callback_) callback_(headers, body_size, trailers);
    return true;
  }

 private:
  ContextBase::HttpCallCallback callback_;
};

class SimpleCall final : public Call {
 public:
  explicit SimpleCall(ContextBase::GrpcSimpleCallCallback callback) : callback_(std::move(callback)) {}
  bool onReceive(size_t body_size) override { return tell(GrpcStatus::Ok, body_size); }
  // A call that answers Ok has been told of by its message.
  bool onClose(GrpcStatus status) override { return status == GrpcStatus::Ok || tell(status, 0); }

 private:
  bool tell(GrpcStatus status, size_t body_size) {
    if (callback_) callback_(status, body_size);
    return true;
  }
  ContextBase::GrpcSimpleCallCallback callback_;
};

class HandlerCall final : public Call {
 public:
  explicit HandlerCall(std::unique_ptr<GrpcCallHandlerBase> handler) : handler_(std::move(handler)) {}
  bool onReceive(size_t body_size) override {
    handler_->onSuccess(body_size);
    return true;
  }
  bool onClose(GrpcStatus status) override {
    handler_->onFailure(status);
    return true;
  }

 private:
  std::unique_ptr<GrpcCallHandlerBase> handler_;
};

class HandlerStream final : public Call {
 public:
  explicit HandlerStream(std::unique_ptr<GrpcStreamHandlerBase> handler) : handler_(std::move(handler)) {}
  void onInitialMetadata(uint32_t headers) override { handler_->onReceiveInitialMetadata(headers); }
  void onTrailingMetadata(uint32_t trailers) override { handler_->onReceiveTrailingMetadata(trailers); }
  bool onReceive(size_t body_size) override {
    handler_->onReceive(body_size);
    return false;
  }
  bool onClose(GrpcStatus status) override {
    handler_->remote_close_ = true;
    handler_->onRemoteClose(status);
    return handler_->local_close_;
  }

 private:
  std::unique_ptr<GrpcStreamHandlerBase> handler_;
};

}  // namespace proxy_wasm_internal

void RootContext::keep(CallTable Calls::* table, uint32_t token, Call* call) {
  if (calls_ == nullptr) calls_ = new Calls();
  (calls_->*table).add(token, call);
}

WasmResult RootContext::httpCall(StringView cluster, const HeaderStringPairs& headers, StringView body,
                                 const HeaderStringPairs& trailers, uint32_t timeout_milliseconds,
                                 HttpCallCallback callback) {
  uint32_t token = 0;
  const WasmResult result = makeHttpCall(cluster, headers, body, trailers, timeout_milliseconds, &token);
  if (result == WasmResult::Ok) {
    keep(&Calls::http, token, new proxy_wasm_internal::HttpCall(std::move(callback)));
  }
  return result;
}

WasmResult RootContext::grpcSimpleCall(StringView service, StringView service_name, StringView method_name,
                                       const HeaderStringPairs& initial_metadata, StringView request,
                                       uint32_t timeout_milliseconds, GrpcSimpleCallCallback callback) {
  uint32_t token = 0;
  const WasmResult result =
      grpcCall(service, service_name, method_name, initial_metadata, request, timeout_milliseconds, &token);
  if (result == WasmResult::Ok) {
    keep(&Calls::grpc, token, new proxy_wasm_internal::SimpleCall(std::move(callback)));
  }
  return result;
}

WasmResult RootContext::grpcSimpleCall(StringView service, StringView service_name, StringView method_name,
                                       const HeaderStringPairs& initial_metadata, StringView request,
                                       uint32_t timeout_milliseconds,
                                       ProxyWasmCallback<void(size_t body_size)> success_callback,
                                       ProxyWasmCallback<void(GrpcStatus status)> failure_callback) {
  return grpcSimpleCall(service, service_name, method_name, initial_metadata, request, timeout_milliseconds,
                        [success = std::move(success_callback), failure = std::move(failure_callback)](
                            GrpcStatus status, size_t body_size) {
                          if (status == GrpcStatus::Ok) {
                            if (success) success(body_size);
                          } else if (failure) {
                            failure(status);
                          }
                        });
}

WasmResult RootContext::grpcCallHandler(StringView service, StringView service_name, StringView method_name,
                                        const HeaderStringPairs& initial_metadata, StringView request,
                                        uint32_t timeout_milliseconds, std::unique_ptr<GrpcCallHandlerBase> handler) {
  uint32_t token = 0;
  const WasmResult result =
      grpcCall(service, service_name, method_name, initial_metadata, request, timeout_milliseconds, &token);
  if (result == WasmResult::Ok) {
    handler->context_ = this;
    handler->token_ = token;
    keep(&Calls::grpc, token, new proxy_wasm_internal::HandlerCall(std::move(handler)));
  }
  return result;
}

WasmResult RootContext::grpcStreamHandler(StringView service, StringView service_name, StringView method_name,
                                          const HeaderStringPairs& initial_metadata,
                                          std::unique_ptr<GrpcStreamHandlerBase> handler) {
  uint32_t token = 0;
  const WasmResult result = grpcStream(service, service_name, method_name, initial_metadata, &token);
  if (result == WasmResult::Ok) {
    handler->context_ = this;
    handler->token_ = token;
    keep(&Calls::grpc, token, new proxy_wasm_internal::HandlerStream(std::move(handler)));
  }
  return result;
}

GrpcCallHandlerBase::~GrpcCallHandlerBase() = default;

void GrpcCallHandlerBase::cancel() {
  if (context_ == nullptr) return;
  grpcCancel(token_);
  context_->calls_->grpc.drop(token_);
}

GrpcStreamHandlerBase::~GrpcStreamHandlerBase() = default;
void GrpcStreamHandlerBase::onReceiveInitialMetadata(uint32_t) {}
void GrpcStreamHandlerBase::onReceiveTrailingMetadata(uint32_t) {}

WasmResult GrpcStreamHandlerBase::send(StringView message, bool end_of_stream) {
  if (context_ == nullptr) return WasmResult::BadArgument;
  const WasmResult result = grpcSend(token_, message, end_of_stream);
  if (result == WasmResult::Ok && end_of_stream) {
    local_close_ = true;
    if (remote_close_) context_->calls_->grpc.drop(token_);
  }
  return result;
}

void GrpcStreamHandlerBase::close() {
  if (context_ == nullptr) return;
  grpcClose(token_);
  local_close_ = true;
  if (remote_close_) context_->calls_->grpc.drop(token_);
}

void GrpcStreamHandlerBase::reset() {
  if (context_ == nullptr) return;
  grpcCancel(token_);
  context_->calls_->grpc.drop(token_);
}
