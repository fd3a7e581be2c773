// Messages of proxy_wasm_intrinsics.proto.
#include "proxy_wasm_intrinsics.pb.h"

#include <stddef.h>

#pragma clang diagnostic ignored "-Winvalid-offsetof"


const ::google::protobuf::internal::Field GrpcService_EnvoyGrpc::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(GrpcService_EnvoyGrpc, cluster_name_), 0, "cluster_name", "clusterName", nullptr},
    {2, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(GrpcService_EnvoyGrpc, authority_), 0, "authority", "authority", nullptr},
};
const ::google::protobuf::internal::Table GrpcService_EnvoyGrpc::proxy_wasm_table = {
    "GrpcService.EnvoyGrpc",
    proxy_wasm_fields,
    2,
    sizeof(GrpcService_EnvoyGrpc),
    []() -> ::google::protobuf::MessageLite* { return new GrpcService_EnvoyGrpc; },
    nullptr,
};
GrpcService_EnvoyGrpc::GrpcService_EnvoyGrpc() : MessageLite(&proxy_wasm_table) {}
GrpcService_EnvoyGrpc::~GrpcService_EnvoyGrpc() { }
const GrpcService_EnvoyGrpc& GrpcService_EnvoyGrpc::default_instance() {
  static const GrpcService_EnvoyGrpc instance;
  return instance;
}

const ::google::protobuf::internal::Field GrpcService_GoogleGrpc::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(GrpcService_GoogleGrpc, target_uri_), 0, "target_uri", "targetUri", nullptr},
    {4, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(GrpcService_GoogleGrpc, stat_prefix_), 0, "stat_prefix", "statPrefix", nullptr},
};
const ::google::protobuf::internal::Table GrpcService_GoogleGrpc::proxy_wasm_table = {
    "GrpcService.GoogleGrpc",
    proxy_wasm_fields,
    2,
    sizeof(GrpcService_GoogleGrpc),
    []() -> ::google::protobuf::MessageLite* { return new GrpcService_GoogleGrpc; },
    nullptr,
};
GrpcService_GoogleGrpc::GrpcService_GoogleGrpc() : MessageLite(&proxy_wasm_table) {}
GrpcService_GoogleGrpc::~GrpcService_GoogleGrpc() { }
const GrpcService_GoogleGrpc& GrpcService_GoogleGrpc::default_instance() {
  static const GrpcService_GoogleGrpc instance;
  return instance;
}

const ::google::protobuf::internal::Field GrpcService_HeaderValue::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(GrpcService_HeaderValue, key_), 0, "key", "key", nullptr},
    {2, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(GrpcService_HeaderValue, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table GrpcService_HeaderValue::proxy_wasm_table = {
    "GrpcService.HeaderValue",
    proxy_wasm_fields,
    2,
    sizeof(GrpcService_HeaderValue),
    []() -> ::google::protobuf::MessageLite* { return new GrpcService_HeaderValue; },
    nullptr,
};
GrpcService_HeaderValue::GrpcService_HeaderValue() : MessageLite(&proxy_wasm_table) {}
GrpcService_HeaderValue::~GrpcService_HeaderValue() { }
const GrpcService_HeaderValue& GrpcService_HeaderValue::default_instance() {
  static const GrpcService_HeaderValue instance;
  return instance;
}

const ::google::protobuf::internal::Field GrpcService::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::OneOf, offsetof(GrpcService, envoy_grpc_), offsetof(GrpcService, target_specifier_case_), "envoy_grpc", "envoyGrpc", &::GrpcService_EnvoyGrpc::proxy_wasm_table},
    {2, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::OneOf, offsetof(GrpcService, google_grpc_), offsetof(GrpcService, target_specifier_case_), "google_grpc", "googleGrpc", &::GrpcService_GoogleGrpc::proxy_wasm_table},
    {3, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::Plain, offsetof(GrpcService, timeout_), 0, "timeout", "timeout", &::google::protobuf::Duration::proxy_wasm_table},
    {5, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::Repeated, offsetof(GrpcService, initial_metadata_), 0, "initial_metadata", "initialMetadata", &::GrpcService_HeaderValue::proxy_wasm_table},
};
const ::google::protobuf::internal::Table GrpcService::proxy_wasm_table = {
    "GrpcService",
    proxy_wasm_fields,
    4,
    sizeof(GrpcService),
    []() -> ::google::protobuf::MessageLite* { return new GrpcService; },
    nullptr,
};
GrpcService::GrpcService() : MessageLite(&proxy_wasm_table) {}
GrpcService::~GrpcService() { delete envoy_grpc_; delete google_grpc_; delete timeout_; }
const GrpcService& GrpcService::default_instance() {
  static const GrpcService instance;
  return instance;
}
void GrpcService::clear_target_specifier() { ::google::protobuf::internal::clearOneOf(this, offsetof(GrpcService, target_specifier_case_)); }
void GrpcService::use_target_specifier_(uint32_t number) {
  if (target_specifier_case_ == number) return;
  clear_target_specifier();
  target_specifier_case_ = number;
}
const ::GrpcService_EnvoyGrpc& GrpcService::envoy_grpc() const {
  return envoy_grpc_ == nullptr ? ::GrpcService_EnvoyGrpc::default_instance() : *static_cast<const ::GrpcService_EnvoyGrpc*>(envoy_grpc_);
}
::GrpcService_EnvoyGrpc* GrpcService::mutable_envoy_grpc() {
  use_target_specifier_(1); if (envoy_grpc_ == nullptr) envoy_grpc_ = new ::GrpcService_EnvoyGrpc;
  return static_cast<::GrpcService_EnvoyGrpc*>(envoy_grpc_);
}
::GrpcService_EnvoyGrpc* GrpcService::release_envoy_grpc() {
  ::GrpcService_EnvoyGrpc* released = static_cast<::GrpcService_EnvoyGrpc*>(envoy_grpc_);
  envoy_grpc_ = nullptr;
  if (released != nullptr) target_specifier_case_ = 0;
  return released;
}
void GrpcService::set_allocated_envoy_grpc(::GrpcService_EnvoyGrpc* message) {
  clear_envoy_grpc();
  if (message == nullptr) return;
  use_target_specifier_(1); envoy_grpc_ = message;
}
void GrpcService::clear_envoy_grpc() {
  if (has_envoy_grpc()) clear_target_specifier();
}
const ::GrpcService_GoogleGrpc& GrpcService::google_grpc() const {
  return google_grpc_ == nullptr ? ::GrpcService_GoogleGrpc::default_instance() : *static_cast<const ::GrpcService_GoogleGrpc*>(google_grpc_);
}
::GrpcService_GoogleGrpc* GrpcService::mutable_google_grpc() {
  use_target_specifier_(2); if (google_grpc_ == nullptr) google_grpc_ = new ::GrpcService_GoogleGrpc;
  return static_cast<::GrpcService_GoogleGrpc*>(google_grpc_);
}
::GrpcService_GoogleGrpc* GrpcService::release_google_grpc() {
  ::GrpcService_GoogleGrpc* released = static_cast<::GrpcService_GoogleGrpc*>(google_grpc_);
  google_grpc_ = nullptr;
  if (released != nullptr) target_specifier_case_ = 0;
  return released;
}
void GrpcService::set_allocated_google_grpc(::GrpcService_GoogleGrpc* message) {
  clear_google_grpc();
  if (message == nullptr) return;
  use_target_specifier_(2); google_grpc_ = message;
}
void GrpcService::clear_google_grpc() {
  if (has_google_grpc()) clear_target_specifier();
}
const ::google::protobuf::Duration& GrpcService::timeout() const {
  return timeout_ == nullptr ? ::google::protobuf::Duration::default_instance() : *static_cast<const ::google::protobuf::Duration*>(timeout_);
}
::google::protobuf::Duration* GrpcService::mutable_timeout() {
  if (timeout_ == nullptr) timeout_ = new ::google::protobuf::Duration;
  return static_cast<::google::protobuf::Duration*>(timeout_);
}
::google::protobuf::Duration* GrpcService::release_timeout() {
  ::google::protobuf::Duration* released = static_cast<::google::protobuf::Duration*>(timeout_);
  timeout_ = nullptr;
  return released;
}
void GrpcService::set_allocated_timeout(::google::protobuf::Duration* message) {
  clear_timeout();
  if (message == nullptr) return;
  timeout_ = message;
}
void GrpcService::clear_timeout() {
  delete timeout_;
  timeout_ = nullptr;
}
const ::GrpcService_HeaderValue& GrpcService::initial_metadata(int index) const { return initial_metadata_.Get(index); }
::GrpcService_HeaderValue* GrpcService::mutable_initial_metadata(int index) { return initial_metadata_.Mutable(index); }
::GrpcService_HeaderValue* GrpcService::add_initial_metadata() { return initial_metadata_.Add(); }
