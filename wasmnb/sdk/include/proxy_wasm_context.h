// The classes a filter derives from, and how it makes them known.
#pragma once

#include "proxy_wasm_callback.h"
#include "proxy_wasm_grpc.h"

#pragma GCC visibility push(hidden)

class Context;

namespace proxy_wasm_internal {

// Something with a number, in a table of such. The names are long because a filter's classes inherit them.
struct ProxyWasmNode {
  uint32_t proxy_wasm_key_ = 0;
  ProxyWasmNode* proxy_wasm_next_ = nullptr;
};
class Call;
class CallTable;
class Calls;
class Contexts;

}  // namespace proxy_wasm_internal

// What every context has.
class ContextBase : private proxy_wasm_internal::ProxyWasmNode {
 public:
  using HttpCallCallback = ProxyWasmCallback<void(uint32_t headers, size_t body_size, uint32_t trailers)>;
  using GrpcSimpleCallCallback = ProxyWasmCallback<void(GrpcStatus status, size_t body_size)>;

  explicit ContextBase(uint32_t id) { proxy_wasm_key_ = id; }
  virtual ~ContextBase();
  ContextBase(const ContextBase&) = delete;
  ContextBase& operator=(const ContextBase&) = delete;

  uint32_t id() const { return proxy_wasm_key_; }
  // Makes calls to the host speak of this context: needed when a callback of another one runs.
  WasmResult setEffectiveContext();

  virtual RootContext* asRoot();
  virtual Context* asContext();
  virtual void onCreate();
  virtual bool onDoneBase() = 0;
  virtual void onDelete();
  virtual void onForeignFunction(uint32_t foreign_function_id, uint32_t data_size);

 private:
  friend class proxy_wasm_internal::Contexts;
};

// One per plugin: configuration, timer, queues, calls.
class RootContext : public ContextBase {
 public:
  RootContext(uint32_t id, StringView root_id);
  ~RootContext() override;

  StringView root_id() const { return {root_id_, root_id_size_}; }
  RootContext* asRoot() override;

  // False refuses the configuration: the proxy does not take the plugin, or keeps what it has.
  virtual bool validateConfiguration(size_t configuration_size);
  virtual bool onConfigure(size_t configuration_size);
  virtual bool onStart(size_t vm_configuration_size);
  virtual void onTick();
  virtual void onQueueReady(uint32_t token);
  // False keeps the context until done() is called.
  virtual bool onDone();
  void done();

  // Answers to calls, by token. Whoever overrides one of these does without the callbacks of the calls below.
  virtual void onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t trailers);
  virtual void onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers);
  virtual void onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers);
  virtual void onGrpcReceive(uint32_t token, size_t body_size);
  virtual void onGrpcClose(uint32_t token, GrpcStatus status);

  WasmResult httpCall(StringView cluster, const HeaderStringPairs& headers, StringView body,
                      const HeaderStringPairs& trailers, uint32_t timeout_milliseconds, HttpCallCallback callback);
  // service is a cluster's name or a serialised envoy.config.core.v3.GrpcService.
  WasmResult grpcSimpleCall(StringView service, StringView service_name, StringView method_name,
                            const HeaderStringPairs& initial_metadata, StringView request,
                            uint32_t timeout_milliseconds, GrpcSimpleCallCallback callback);
  WasmResult grpcSimpleCall(StringView service, StringView service_name, StringView method_name,
                            const HeaderStringPairs& initial_metadata, StringView request,
                            uint32_t timeout_milliseconds, ProxyWasmCallback<void(size_t body_size)> success_callback,
                            ProxyWasmCallback<void(GrpcStatus status)> failure_callback);
  WasmResult grpcCallHandler(StringView service, StringView service_name, StringView method_name,
                             const HeaderStringPairs& initial_metadata, StringView request,
                             uint32_t timeout_milliseconds, std::unique_ptr<GrpcCallHandlerBase> handler);
  // The same with a message for a request: any type that has SerializeToString(std::string*).
  template <typename Message, typename = decltype(std::declval<const Message&>().SerializeToString(nullptr))>
  WasmResult grpcSimpleCall(StringView service, StringView service_name, StringView method_name,
                            const HeaderStringPairs& initial_metadata, const Message& request,
                            uint32_t timeout_milliseconds, GrpcSimpleCallCallback callback) {
    std::string bytes;
    if (!request.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return grpcSimpleCall(service, service_name, method_name, initial_metadata, StringView(bytes), timeout_milliseconds,
                          std::move(callback));
  }
  template <typename Message, typename = decltype(std::declval<const Message&>().SerializeToString(nullptr))>
  WasmResult grpcSimpleCall(StringView service, StringView service_name, StringView method_name,
                            const HeaderStringPairs& initial_metadata, const Message& request,
                            uint32_t timeout_milliseconds, ProxyWasmCallback<void(size_t body_size)> success_callback,
                            ProxyWasmCallback<void(GrpcStatus status)> failure_callback) {
    std::string bytes;
    if (!request.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return grpcSimpleCall(service, service_name, method_name, initial_metadata, StringView(bytes), timeout_milliseconds,
                          std::move(success_callback), std::move(failure_callback));
  }
  template <typename Message, typename = decltype(std::declval<const Message&>().SerializeToString(nullptr))>
  WasmResult grpcCallHandler(StringView service, StringView service_name, StringView method_name,
                             const HeaderStringPairs& initial_metadata, const Message& request,
                             uint32_t timeout_milliseconds, std::unique_ptr<GrpcCallHandlerBase> handler) {
    std::string bytes;
    if (!request.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return grpcCallHandler(service, service_name, method_name, initial_metadata, StringView(bytes),
                           timeout_milliseconds, std::move(handler));
  }
  WasmResult grpcStreamHandler(StringView service, StringView service_name, StringView method_name,
                               const HeaderStringPairs& initial_metadata,
                               std::unique_ptr<GrpcStreamHandlerBase> handler);

 private:
  friend class GrpcCallHandlerBase;
  friend class GrpcStreamHandlerBase;
  friend class proxy_wasm_internal::Contexts;
  bool onDoneBase() override;
  void keep(proxy_wasm_internal::CallTable proxy_wasm_internal::Calls::* table, uint32_t token,
            proxy_wasm_internal::Call* call);

  char* root_id_;
  size_t root_id_size_;
  std::unique_ptr<Context> (*make_context_)(uint32_t id, RootContext* root) = nullptr;
  // Made by the first call that has a callback.
  proxy_wasm_internal::Calls* calls_ = nullptr;
  RootContext* next_root_ = nullptr;
};

// One per HTTP stream or TCP connection.
class Context : public ContextBase {
 public:
  Context(uint32_t id, RootContext* root) : ContextBase(id), root_(root) {}
  ~Context() override;

  RootContext* root() const { return root_; }
  Context* asContext() override;

  virtual FilterStatus onNewConnection();
  virtual FilterStatus onDownstreamData(size_t data_size, bool end_of_stream);
  virtual FilterStatus onUpstreamData(size_t data_size, bool end_of_stream);
  virtual void onDownstreamConnectionClose(CloseType close_type);
  virtual void onUpstreamConnectionClose(CloseType close_type);

  // Each comes in two forms; the one that says whether the stream ends calls the one of 2020, which continues.
  virtual FilterHeadersStatus onRequestHeaders(uint32_t headers, bool end_of_stream);
  virtual FilterHeadersStatus onRequestHeaders(uint32_t headers);
  virtual FilterHeadersStatus onResponseHeaders(uint32_t headers, bool end_of_stream);
  virtual FilterHeadersStatus onResponseHeaders(uint32_t headers);

  virtual FilterDataStatus onRequestBody(size_t body_size, bool end_of_stream);
  virtual FilterTrailersStatus onRequestTrailers(uint32_t trailers);
  virtual FilterMetadataStatus onRequestMetadata(uint32_t elements);
  virtual FilterDataStatus onResponseBody(size_t body_size, bool end_of_stream);
  virtual FilterTrailersStatus onResponseTrailers(uint32_t trailers);
  virtual FilterMetadataStatus onResponseMetadata(uint32_t elements);
  virtual void onDone();
  virtual void onLog();

 private:
  bool onDoneBase() override;
  RootContext* root_;
};

// Null when there is no such context (any more), or it is of the other kind.
ContextBase* getContextBase(uint32_t context_id);
Context* getContext(uint32_t context_id);
RootContext* getRootContext(uint32_t context_id);
// The newest root context of a root id.
RootContext* getRoot(StringView root_id);

using RootFactory = std::unique_ptr<RootContext> (*)(uint32_t id, StringView root_id);
using ContextFactory = std::unique_ptr<Context> (*)(uint32_t id, RootContext* root);

#define ROOT_FACTORY(_c) \
  [](uint32_t id, StringView root_id) { return std::unique_ptr<RootContext>(new _c(id, root_id)); }
#define CONTEXT_FACTORY(_c) [](uint32_t id, RootContext* root) { return std::unique_ptr<Context>(new _c(id, root)); }

void proxyWasmRegister(ContextFactory context_factory, RootFactory root_factory, const char* root_id, size_t size);

// Makes classes known under a root id: static RegisterContextFactory x(CONTEXT_FACTORY(A), ROOT_FACTORY(B), "id");
// A root id that nothing is registered under is refused when the plugin starts.
struct RegisterContextFactory {
  RegisterContextFactory(ContextFactory context_factory, RootFactory root_factory, StringView root_id = "") {
    proxyWasmRegister(context_factory, root_factory, root_id.data(), root_id.size());
  }
  explicit RegisterContextFactory(RootFactory root_factory, StringView root_id = "")
      : RegisterContextFactory(nullptr, root_factory, root_id) {}
  explicit RegisterContextFactory(ContextFactory context_factory, StringView root_id = "")
      : RegisterContextFactory(context_factory, nullptr, root_id) {}
};

#pragma GCC visibility pop
