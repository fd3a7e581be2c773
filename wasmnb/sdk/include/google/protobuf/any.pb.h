// Messages of google/protobuf/any.proto.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

class Any;

class Any final : public ::google::protobuf::Message {
 public:
  enum : int { kTypeUrlFieldNumber = 1, kValueFieldNumber = 2 };
  Any();
  Any(const Any& other) : Any() { MergeFrom(other); }
  Any(Any&& other) noexcept : Any() { swapWith(&other); }
  Any& operator=(const Any& other) {
    CopyFrom(other);
    return *this;
  }
  Any& operator=(Any&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Any() override;
  static const Any& default_instance();
  Any* New() const { return new Any; }
  void Swap(Any* other) { swapWith(other); }
  friend void swap(Any& one, Any& other) { one.swapWith(&other); }
  // With the name of the message's type behind the prefix.
  bool PackFrom(const MessageLite& message, std::string_view prefix = "type.googleapis.com/");
  bool UnpackTo(MessageLite* message) const;
  template <typename T>
  bool Is() const {
    return isOf(T().GetTypeName());
  }
  bool isOf(std::string_view name) const;

  const std::string& type_url() const { return type_url_; }
  template <typename... Text>
  void set_type_url(Text&&... text) {
    type_url_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_type_url() { return &type_url_; }
  std::string* release_type_url() {
    std::string* released = new std::string(std::move(type_url_));
    clear_type_url();
    return released;
  }
  void set_allocated_type_url(std::string* text) {
    clear_type_url();
    if (text == nullptr) return;
    type_url_ = std::move(*text);
    delete text;
  }
  void clear_type_url() {
    type_url_.clear();
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
  std::string type_url_;
  std::string value_;
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
