// Messages of proxy_wasm_intrinsics.proto.
#pragma once

#include "google/protobuf/message.h"
#include "google/protobuf/duration.pb.h"

#pragma GCC visibility push(hidden)


class GrpcService_EnvoyGrpc;
class GrpcService_GoogleGrpc;
class GrpcService_HeaderValue;
class GrpcService;

class GrpcService_EnvoyGrpc final : public ::google::protobuf::Message {
 public:
  enum : int { kClusterNameFieldNumber = 1, kAuthorityFieldNumber = 2 };
  GrpcService_EnvoyGrpc();
  GrpcService_EnvoyGrpc(const GrpcService_EnvoyGrpc& other) : GrpcService_EnvoyGrpc() { MergeFrom(other); }
  GrpcService_EnvoyGrpc(GrpcService_EnvoyGrpc&& other) noexcept : GrpcService_EnvoyGrpc() { swapWith(&other); }
  GrpcService_EnvoyGrpc& operator=(const GrpcService_EnvoyGrpc& other) {
    CopyFrom(other);
    return *this;
  }
  GrpcService_EnvoyGrpc& operator=(GrpcService_EnvoyGrpc&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~GrpcService_EnvoyGrpc() override;
  static const GrpcService_EnvoyGrpc& default_instance();
  GrpcService_EnvoyGrpc* New() const { return new GrpcService_EnvoyGrpc; }
  void Swap(GrpcService_EnvoyGrpc* other) { swapWith(other); }
  friend void swap(GrpcService_EnvoyGrpc& one, GrpcService_EnvoyGrpc& other) { one.swapWith(&other); }

  const std::string& cluster_name() const { return cluster_name_; }
  template <typename... Text>
  void set_cluster_name(Text&&... text) {
    cluster_name_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_cluster_name() { return &cluster_name_; }
  std::string* release_cluster_name() {
    std::string* released = new std::string(std::move(cluster_name_));
    clear_cluster_name();
    return released;
  }
  void set_allocated_cluster_name(std::string* text) {
    clear_cluster_name();
    if (text == nullptr) return;
    cluster_name_ = std::move(*text);
    delete text;
  }
  void clear_cluster_name() {
    cluster_name_.clear();
  }

  const std::string& authority() const { return authority_; }
  template <typename... Text>
  void set_authority(Text&&... text) {
    authority_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_authority() { return &authority_; }
  std::string* release_authority() {
    std::string* released = new std::string(std::move(authority_));
    clear_authority();
    return released;
  }
  void set_allocated_authority(std::string* text) {
    clear_authority();
    if (text == nullptr) return;
    authority_ = std::move(*text);
    delete text;
  }
  void clear_authority() {
    authority_.clear();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  std::string cluster_name_;
  std::string authority_;
};

class GrpcService_GoogleGrpc final : public ::google::protobuf::Message {
 public:
  enum : int { kTargetUriFieldNumber = 1, kStatPrefixFieldNumber = 4 };
  GrpcService_GoogleGrpc();
  GrpcService_GoogleGrpc(const GrpcService_GoogleGrpc& other) : GrpcService_GoogleGrpc() { MergeFrom(other); }
  GrpcService_GoogleGrpc(GrpcService_GoogleGrpc&& other) noexcept : GrpcService_GoogleGrpc() { swapWith(&other); }
  GrpcService_GoogleGrpc& operator=(const GrpcService_GoogleGrpc& other) {
    CopyFrom(other);
    return *this;
  }
  GrpcService_GoogleGrpc& operator=(GrpcService_GoogleGrpc&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~GrpcService_GoogleGrpc() override;
  static const GrpcService_GoogleGrpc& default_instance();
  GrpcService_GoogleGrpc* New() const { return new GrpcService_GoogleGrpc; }
  void Swap(GrpcService_GoogleGrpc* other) { swapWith(other); }
  friend void swap(GrpcService_GoogleGrpc& one, GrpcService_GoogleGrpc& other) { one.swapWith(&other); }

  const std::string& target_uri() const { return target_uri_; }
  template <typename... Text>
  void set_target_uri(Text&&... text) {
    target_uri_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_target_uri() { return &target_uri_; }
  std::string* release_target_uri() {
    std::string* released = new std::string(std::move(target_uri_));
    clear_target_uri();
    return released;
  }
  void set_allocated_target_uri(std::string* text) {
    clear_target_uri();
    if (text == nullptr) return;
    target_uri_ = std::move(*text);
    delete text;
  }
  void clear_target_uri() {
    target_uri_.clear();
  }

  const std::string& stat_prefix() const { return stat_prefix_; }
  template <typename... Text>
  void set_stat_prefix(Text&&... text) {
    stat_prefix_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_stat_prefix() { return &stat_prefix_; }
  std::string* release_stat_prefix() {
    std::string* released = new std::string(std::move(stat_prefix_));
    clear_stat_prefix();
    return released;
  }
  void set_allocated_stat_prefix(std::string* text) {
    clear_stat_prefix();
    if (text == nullptr) return;
    stat_prefix_ = std::move(*text);
    delete text;
  }
  void clear_stat_prefix() {
    stat_prefix_.clear();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  std::string target_uri_;
  std::string stat_prefix_;
};

class GrpcService_HeaderValue final : public ::google::protobuf::Message {
 public:
  enum : int { kKeyFieldNumber = 1, kValueFieldNumber = 2 };
  GrpcService_HeaderValue();
  GrpcService_HeaderValue(const GrpcService_HeaderValue& other) : GrpcService_HeaderValue() { MergeFrom(other); }
  GrpcService_HeaderValue(GrpcService_HeaderValue&& other) noexcept : GrpcService_HeaderValue() { swapWith(&other); }
  GrpcService_HeaderValue& operator=(const GrpcService_HeaderValue& other) {
    CopyFrom(other);
    return *this;
  }
  GrpcService_HeaderValue& operator=(GrpcService_HeaderValue&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~GrpcService_HeaderValue() override;
  static const GrpcService_HeaderValue& default_instance();
  GrpcService_HeaderValue* New() const { return new GrpcService_HeaderValue; }
  void Swap(GrpcService_HeaderValue* other) { swapWith(other); }
  friend void swap(GrpcService_HeaderValue& one, GrpcService_HeaderValue& other) { one.swapWith(&other); }

  const std::string& key() const { return key_; }
  template <typename... Text>
  void set_key(Text&&... text) {
    key_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_key() { return &key_; }
  std::string* release_key() {
    std::string* released = new std::string(std::move(key_));
    clear_key();
    return released;
  }
  void set_allocated_key(std::string* text) {
    clear_key();
    if (text == nullptr) return;
    key_ = std::move(*text);
    delete text;
  }
  void clear_key() {
    key_.clear();
  }

  const std::string& value() const { return value_; }
  template <typename... Text>
  void set_value(Text&&... text) {
    value_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_value() { return &value_; }
  std::string* release_value() {
    std::string* released = new std::string(std::move(value_));
    clear_value();
    return released;
  }
  void set_allocated_value(std::string* text) {
    clear_value();
    if (text == nullptr) return;
    value_ = std::move(*text);
    delete text;
  }
  void clear_value() {
    value_.clear();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  std::string key_;
  std::string value_;
};

class GrpcService final : public ::google::protobuf::Message {
 public:
  using EnvoyGrpc = GrpcService_EnvoyGrpc;
  using GoogleGrpc = GrpcService_GoogleGrpc;
  using HeaderValue = GrpcService_HeaderValue;
  enum : int { kEnvoyGrpcFieldNumber = 1, kGoogleGrpcFieldNumber = 2, kTimeoutFieldNumber = 3, kInitialMetadataFieldNumber = 5 };
  enum TargetSpecifierCase { kEnvoyGrpc = 1, kGoogleGrpc = 2, TARGET_SPECIFIER_NOT_SET = 0 };
  GrpcService();
  GrpcService(const GrpcService& other) : GrpcService() { MergeFrom(other); }
  GrpcService(GrpcService&& other) noexcept : GrpcService() { swapWith(&other); }
  GrpcService& operator=(const GrpcService& other) {
    CopyFrom(other);
    return *this;
  }
  GrpcService& operator=(GrpcService&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~GrpcService() override;
  static const GrpcService& default_instance();
  GrpcService* New() const { return new GrpcService; }
  void Swap(GrpcService* other) { swapWith(other); }
  friend void swap(GrpcService& one, GrpcService& other) { one.swapWith(&other); }

  bool has_envoy_grpc() const { return target_specifier_case_ == 1; }
  const ::GrpcService_EnvoyGrpc& envoy_grpc() const;
  ::GrpcService_EnvoyGrpc* mutable_envoy_grpc();
  ::GrpcService_EnvoyGrpc* release_envoy_grpc();
  void set_allocated_envoy_grpc(::GrpcService_EnvoyGrpc* message);
  void clear_envoy_grpc();

  bool has_google_grpc() const { return target_specifier_case_ == 2; }
  const ::GrpcService_GoogleGrpc& google_grpc() const;
  ::GrpcService_GoogleGrpc* mutable_google_grpc();
  ::GrpcService_GoogleGrpc* release_google_grpc();
  void set_allocated_google_grpc(::GrpcService_GoogleGrpc* message);
  void clear_google_grpc();

  bool has_timeout() const { return timeout_ != nullptr; }
  const ::google::protobuf::Duration& timeout() const;
  ::google::protobuf::Duration* mutable_timeout();
  ::google::protobuf::Duration* release_timeout();
  void set_allocated_timeout(::google::protobuf::Duration* message);
  void clear_timeout();

  int initial_metadata_size() const { return static_cast<int>(initial_metadata_.size()); }
  const ::google::protobuf::RepeatedPtrField<::GrpcService_HeaderValue>& initial_metadata() const { return initial_metadata_; }
  ::google::protobuf::RepeatedPtrField<::GrpcService_HeaderValue>* mutable_initial_metadata() { return &initial_metadata_; }
  void clear_initial_metadata() { initial_metadata_.Clear(); }
  const ::GrpcService_HeaderValue& initial_metadata(int index) const;
  ::GrpcService_HeaderValue* mutable_initial_metadata(int index);
  ::GrpcService_HeaderValue* add_initial_metadata();

  TargetSpecifierCase target_specifier_case() const { return static_cast<TargetSpecifierCase>(target_specifier_case_); }
  void clear_target_specifier();

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  void use_target_specifier_(uint32_t number);
  ::google::protobuf::MessageLite* envoy_grpc_{};
  ::google::protobuf::MessageLite* google_grpc_{};
  ::google::protobuf::MessageLite* timeout_{};
  ::google::protobuf::RepeatedPtrField<::GrpcService_HeaderValue> initial_metadata_;
  uint32_t target_specifier_case_ = 0;
};


#pragma GCC visibility pop
