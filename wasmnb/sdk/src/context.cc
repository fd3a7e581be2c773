// What the callbacks do when a filter does not override them.
#include "internal.h"

ContextBase::~ContextBase() = default;
WasmResult ContextBase::setEffectiveContext() { return proxy_set_effective_context(id()); }
RootContext* ContextBase::asRoot() { return nullptr; }
Context* ContextBase::asContext() { return nullptr; }
void ContextBase::onCreate() {}
void ContextBase::onDelete() {}
void ContextBase::onForeignFunction(uint32_t, uint32_t) {}

RootContext::RootContext(uint32_t id, StringView root_id)
    : ContextBase(id), root_id_(static_cast<char*>(operator new(root_id.size()))), root_id_size_(root_id.size()) {
  memcpy(root_id_, root_id.data(), root_id.size());
}

RootContext::~RootContext() {
  operator delete(root_id_);
  delete calls_;
}

RootContext* RootContext::asRoot() { return this; }
bool RootContext::validateConfiguration(size_t) { return true; }
bool RootContext::onConfigure(size_t) { return true; }
bool RootContext::onStart(size_t) { return true; }
void RootContext::onTick() {}
void RootContext::onQueueReady(uint32_t) {}
bool RootContext::onDone() { return true; }
bool RootContext::onDoneBase() { return onDone(); }
void RootContext::done() { proxy_done(); }

void RootContext::onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t trailers) {
  if (calls_ != nullptr) calls_->onHttpCallResponse(token, headers, body_size, trailers);
}

void RootContext::onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers) {
  if (calls_ != nullptr) calls_->onGrpcReceiveInitialMetadata(token, headers);
}

void RootContext::onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers) {
  if (calls_ != nullptr) calls_->onGrpcReceiveTrailingMetadata(token, trailers);
}

void RootContext::onGrpcReceive(uint32_t token, size_t body_size) {
  if (calls_ != nullptr) calls_->onGrpcReceive(token, body_size);
}

void RootContext::onGrpcClose(uint32_t token, GrpcStatus status) {
  if (calls_ != nullptr) calls_->onGrpcClose(token, status);
}

Context::~Context() = default;
Context* Context::asContext() { return this; }
FilterStatus Context::onNewConnection() { return FilterStatus::Continue; }
FilterStatus Context::onDownstreamData(size_t, bool) { return FilterStatus::Continue; }
FilterStatus Context::onUpstreamData(size_t, bool) { return FilterStatus::Continue; }
void Context::onDownstreamConnectionClose(CloseType) {}
void Context::onUpstreamConnectionClose(CloseType) {}
FilterHeadersStatus Context::onRequestHeaders(uint32_t headers, bool) { return onRequestHeaders(headers); }
FilterHeadersStatus Context::onRequestHeaders(uint32_t) { return FilterHeadersStatus::Continue; }
FilterHeadersStatus Context::onResponseHeaders(uint32_t headers, bool) { return onResponseHeaders(headers); }
FilterHeadersStatus Context::onResponseHeaders(uint32_t) { return FilterHeadersStatus::Continue; }
FilterDataStatus Context::onRequestBody(size_t, bool) { return FilterDataStatus::Continue; }
FilterTrailersStatus Context::onRequestTrailers(uint32_t) { return FilterTrailersStatus::Continue; }
FilterMetadataStatus Context::onRequestMetadata(uint32_t) { return FilterMetadataStatus::Continue; }
FilterDataStatus Context::onResponseBody(size_t, bool) { return FilterDataStatus::Continue; }
FilterTrailersStatus Context::onResponseTrailers(uint32_t) { return FilterTrailersStatus::Continue; }
FilterMetadataStatus Context::onResponseMetadata(uint32_t) { return FilterMetadataStatus::Continue; }
void Context::onDone() {}
void Context::onLog() {}

bool Context::onDoneBase() {
  onDone();
  return true;
}
