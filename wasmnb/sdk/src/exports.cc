// The callbacks of the Proxy-Wasm ABI 0.2.1, as the host calls them. A context that is gone, or is of the other kind,
// lets its stream pass. The linker is told which of them a filter has a use for: a host passes over the others.
#include "internal.h"

#define PROXY_WASM_CALLBACK(type, name) extern "C" __attribute__((visibility("default"))) type name

namespace proxy_wasm_internal {

WasmBufferType current_configuration = WasmBufferType::PluginConfiguration;

}  // namespace proxy_wasm_internal

using proxy_wasm_internal::Contexts;

PROXY_WASM_CALLBACK(void, proxy_abi_version_0_2_1)() {}

PROXY_WASM_CALLBACK(void, proxy_on_context_create)(uint32_t id, uint32_t parent_id) { Contexts::create(id, parent_id); }

PROXY_WASM_CALLBACK(uint32_t, proxy_on_vm_start)(uint32_t id, uint32_t configuration_size) {
  RootContext* root = getRootContext(id);
  if (root == nullptr) return false;
  proxy_wasm_internal::current_configuration = WasmBufferType::VmConfiguration;
  const bool started = root->onStart(configuration_size);
  proxy_wasm_internal::current_configuration = WasmBufferType::PluginConfiguration;
  return started;
}

PROXY_WASM_CALLBACK(uint32_t, proxy_validate_configuration)(uint32_t id, uint32_t configuration_size) {
  RootContext* root = getRootContext(id);
  return root != nullptr && root->validateConfiguration(configuration_size);
}

PROXY_WASM_CALLBACK(uint32_t, proxy_on_configure)(uint32_t id, uint32_t configuration_size) {
  RootContext* root = getRootContext(id);
  return root != nullptr && root->onConfigure(configuration_size);
}

PROXY_WASM_CALLBACK(void, proxy_on_tick)(uint32_t id) {
  if (RootContext* root = getRootContext(id)) root->onTick();
}

PROXY_WASM_CALLBACK(void, proxy_on_queue_ready)(uint32_t id, uint32_t token) {
  if (RootContext* root = getRootContext(id)) root->onQueueReady(token);
}

PROXY_WASM_CALLBACK(void, proxy_on_foreign_function)(uint32_t id, uint32_t function_id, uint32_t data_size) {
  if (ContextBase* context = getContextBase(id)) context->onForeignFunction(function_id, data_size);
}

PROXY_WASM_CALLBACK(uint32_t, proxy_on_done)(uint32_t id) {
  ContextBase* context = getContextBase(id);
  return context == nullptr || context->onDoneBase();
}

PROXY_WASM_CALLBACK(void, proxy_on_log)(uint32_t id) {
  if (Context* context = getContext(id)) context->onLog();
}

PROXY_WASM_CALLBACK(void, proxy_on_delete)(uint32_t id) { Contexts::destroy(id); }

// TCP

PROXY_WASM_CALLBACK(FilterStatus, proxy_on_new_connection)(uint32_t id) {
  Context* context = getContext(id);
  return context == nullptr ? FilterStatus::Continue : context->onNewConnection();
}

PROXY_WASM_CALLBACK(FilterStatus, proxy_on_downstream_data)(uint32_t id, uint32_t size, uint32_t end_of_stream) {
  Context* context = getContext(id);
  return context == nullptr ? FilterStatus::Continue : context->onDownstreamData(size, end_of_stream != 0);
}

PROXY_WASM_CALLBACK(FilterStatus, proxy_on_upstream_data)(uint32_t id, uint32_t size, uint32_t end_of_stream) {
  Context* context = getContext(id);
  return context == nullptr ? FilterStatus::Continue : context->onUpstreamData(size, end_of_stream != 0);
}

PROXY_WASM_CALLBACK(void, proxy_on_downstream_connection_close)(uint32_t id, uint32_t close_type) {
  if (Context* context = getContext(id)) context->onDownstreamConnectionClose(static_cast<CloseType>(close_type));
}

PROXY_WASM_CALLBACK(void, proxy_on_upstream_connection_close)(uint32_t id, uint32_t close_type) {
  if (Context* context = getContext(id)) context->onUpstreamConnectionClose(static_cast<CloseType>(close_type));
}

// HTTP

PROXY_WASM_CALLBACK(FilterHeadersStatus, proxy_on_request_headers)(uint32_t id, uint32_t count, uint32_t end) {
  Context* context = getContext(id);
  return context == nullptr ? FilterHeadersStatus::Continue : context->onRequestHeaders(count, end != 0);
}

PROXY_WASM_CALLBACK(FilterDataStatus, proxy_on_request_body)(uint32_t id, uint32_t size, uint32_t end_of_stream) {
  Context* context = getContext(id);
  return context == nullptr ? FilterDataStatus::Continue : context->onRequestBody(size, end_of_stream != 0);
}

PROXY_WASM_CALLBACK(FilterTrailersStatus, proxy_on_request_trailers)(uint32_t id, uint32_t count) {
  Context* context = getContext(id);
  return context == nullptr ? FilterTrailersStatus::Continue : context->onRequestTrailers(count);
}

PROXY_WASM_CALLBACK(FilterMetadataStatus, proxy_on_request_metadata)(uint32_t id, uint32_t count) {
  Context* context = getContext(id);
  return context == nullptr ? FilterMetadataStatus::Continue : context->onRequestMetadata(count);
}

PROXY_WASM_CALLBACK(FilterHeadersStatus, proxy_on_response_headers)(uint32_t id, uint32_t count, uint32_t end) {
  Context* context = getContext(id);
  return context == nullptr ? FilterHeadersStatus::Continue : context->onResponseHeaders(count, end != 0);
}

PROXY_WASM_CALLBACK(FilterDataStatus, proxy_on_response_body)(uint32_t id, uint32_t size, uint32_t end_of_stream) {
  Context* context = getContext(id);
  return context == nullptr ? FilterDataStatus::Continue : context->onResponseBody(size, end_of_stream != 0);
}

PROXY_WASM_CALLBACK(FilterTrailersStatus, proxy_on_response_trailers)(uint32_t id, uint32_t count) {
  Context* context = getContext(id);
  return context == nullptr ? FilterTrailersStatus::Continue : context->onResponseTrailers(count);
}

PROXY_WASM_CALLBACK(FilterMetadataStatus, proxy_on_response_metadata)(uint32_t id, uint32_t count) {
  Context* context = getContext(id);
  return context == nullptr ? FilterMetadataStatus::Continue : context->onResponseMetadata(count);
}

// HTTP and gRPC calls

PROXY_WASM_CALLBACK(void, proxy_on_http_call_response)
(uint32_t id, uint32_t token, uint32_t headers, uint32_t body_size, uint32_t trailers) {
  if (RootContext* root = getRootContext(id)) root->onHttpCallResponse(token, headers, body_size, trailers);
}

PROXY_WASM_CALLBACK(void, proxy_on_grpc_receive_initial_metadata)(uint32_t id, uint32_t token, uint32_t headers) {
  if (RootContext* root = getRootContext(id)) root->onGrpcReceiveInitialMetadata(token, headers);
}

PROXY_WASM_CALLBACK(void, proxy_on_grpc_receive_trailing_metadata)(uint32_t id, uint32_t token, uint32_t trailers) {
  if (RootContext* root = getRootContext(id)) root->onGrpcReceiveTrailingMetadata(token, trailers);
}

PROXY_WASM_CALLBACK(void, proxy_on_grpc_receive)(uint32_t id, uint32_t token, uint32_t size) {
  if (RootContext* root = getRootContext(id)) root->onGrpcReceive(token, size);
}

PROXY_WASM_CALLBACK(void, proxy_on_grpc_close)(uint32_t id, uint32_t token, uint32_t status) {
  if (RootContext* root = getRootContext(id)) root->onGrpcClose(token, static_cast<GrpcStatus>(status));
}
