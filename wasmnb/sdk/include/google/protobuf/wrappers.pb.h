// Messages of google/protobuf/wrappers.proto.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

class DoubleValue;
class FloatValue;
class Int64Value;
class UInt64Value;
class Int32Value;
class UInt32Value;
class BoolValue;
class StringValue;
class BytesValue;

class DoubleValue final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  DoubleValue();
  DoubleValue(const DoubleValue& other) : DoubleValue() { MergeFrom(other); }
  DoubleValue(DoubleValue&& other) noexcept : DoubleValue() { swapWith(&other); }
  DoubleValue& operator=(const DoubleValue& other) {
    CopyFrom(other);
    return *this;
  }
  DoubleValue& operator=(DoubleValue&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~DoubleValue() override;
  static const DoubleValue& default_instance();
  DoubleValue* New() const { return new DoubleValue; }
  void Swap(DoubleValue* other) { swapWith(other); }
  friend void swap(DoubleValue& one, DoubleValue& other) { one.swapWith(&other); }

  double value() const { return value_; }
  void set_value(double value) { value_ = value; }
  void clear_value() {
    value_ = double();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  double value_{};
};

class FloatValue final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  FloatValue();
  FloatValue(const FloatValue& other) : FloatValue() { MergeFrom(other); }
  FloatValue(FloatValue&& other) noexcept : FloatValue() { swapWith(&other); }
  FloatValue& operator=(const FloatValue& other) {
    CopyFrom(other);
    return *this;
  }
  FloatValue& operator=(FloatValue&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~FloatValue() override;
  static const FloatValue& default_instance();
  FloatValue* New() const { return new FloatValue; }
  void Swap(FloatValue* other) { swapWith(other); }
  friend void swap(FloatValue& one, FloatValue& other) { one.swapWith(&other); }

  float value() const { return value_; }
  void set_value(float value) { value_ = value; }
  void clear_value() {
    value_ = float();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  float value_{};
};

class Int64Value final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  Int64Value();
  Int64Value(const Int64Value& other) : Int64Value() { MergeFrom(other); }
  Int64Value(Int64Value&& other) noexcept : Int64Value() { swapWith(&other); }
  Int64Value& operator=(const Int64Value& other) {
    CopyFrom(other);
    return *this;
  }
  Int64Value& operator=(Int64Value&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Int64Value() override;
  static const Int64Value& default_instance();
  Int64Value* New() const { return new Int64Value; }
  void Swap(Int64Value* other) { swapWith(other); }
  friend void swap(Int64Value& one, Int64Value& other) { one.swapWith(&other); }

  int64_t value() const { return value_; }
  void set_value(int64_t value) { value_ = value; }
  void clear_value() {
    value_ = int64_t();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  int64_t value_{};
};

class UInt64Value final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  UInt64Value();
  UInt64Value(const UInt64Value& other) : UInt64Value() { MergeFrom(other); }
  UInt64Value(UInt64Value&& other) noexcept : UInt64Value() { swapWith(&other); }
  UInt64Value& operator=(const UInt64Value& other) {
    CopyFrom(other);
    return *this;
  }
  UInt64Value& operator=(UInt64Value&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~UInt64Value() override;
  static const UInt64Value& default_instance();
  UInt64Value* New() const { return new UInt64Value; }
  void Swap(UInt64Value* other) { swapWith(other); }
  friend void swap(UInt64Value& one, UInt64Value& other) { one.swapWith(&other); }

  uint64_t value() const { return value_; }
  void set_value(uint64_t value) { value_ = value; }
  void clear_value() {
    value_ = uint64_t();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  uint64_t value_{};
};

class Int32Value final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  Int32Value();
  Int32Value(const Int32Value& other) : Int32Value() { MergeFrom(other); }
  Int32Value(Int32Value&& other) noexcept : Int32Value() { swapWith(&other); }
  Int32Value& operator=(const Int32Value& other) {
    CopyFrom(other);
    return *this;
  }
  Int32Value& operator=(Int32Value&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Int32Value() override;
  static const Int32Value& default_instance();
  Int32Value* New() const { return new Int32Value; }
  void Swap(Int32Value* other) { swapWith(other); }
  friend void swap(Int32Value& one, Int32Value& other) { one.swapWith(&other); }

  int32_t value() const { return value_; }
  void set_value(int32_t value) { value_ = value; }
  void clear_value() {
    value_ = int32_t();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  int32_t value_{};
};

class UInt32Value final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  UInt32Value();
  UInt32Value(const UInt32Value& other) : UInt32Value() { MergeFrom(other); }
  UInt32Value(UInt32Value&& other) noexcept : UInt32Value() { swapWith(&other); }
  UInt32Value& operator=(const UInt32Value& other) {
    CopyFrom(other);
    return *this;
  }
  UInt32Value& operator=(UInt32Value&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~UInt32Value() override;
  static const UInt32Value& default_instance();
  UInt32Value* New() const { return new UInt32Value; }
  void Swap(UInt32Value* other) { swapWith(other); }
  friend void swap(UInt32Value& one, UInt32Value& other) { one.swapWith(&other); }

  uint32_t value() const { return value_; }
  void set_value(uint32_t value) { value_ = value; }
  void clear_value() {
    value_ = uint32_t();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  uint32_t value_{};
};

class BoolValue final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  BoolValue();
  BoolValue(const BoolValue& other) : BoolValue() { MergeFrom(other); }
  BoolValue(BoolValue&& other) noexcept : BoolValue() { swapWith(&other); }
  BoolValue& operator=(const BoolValue& other) {
    CopyFrom(other);
    return *this;
  }
  BoolValue& operator=(BoolValue&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~BoolValue() override;
  static const BoolValue& default_instance();
  BoolValue* New() const { return new BoolValue; }
  void Swap(BoolValue* other) { swapWith(other); }
  friend void swap(BoolValue& one, BoolValue& other) { one.swapWith(&other); }

  bool value() const { return value_; }
  void set_value(bool value) { value_ = value; }
  void clear_value() {
    value_ = bool();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  bool value_{};
};

class StringValue final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  StringValue();
  StringValue(const StringValue& other) : StringValue() { MergeFrom(other); }
  StringValue(StringValue&& other) noexcept : StringValue() { swapWith(&other); }
  StringValue& operator=(const StringValue& other) {
    CopyFrom(other);
    return *this;
  }
  StringValue& operator=(StringValue&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~StringValue() override;
  static const StringValue& default_instance();
  StringValue* New() const { return new StringValue; }
  void Swap(StringValue* other) { swapWith(other); }
  friend void swap(StringValue& one, StringValue& other) { one.swapWith(&other); }

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
  std::string value_;
};

class BytesValue final : public ::google::protobuf::Message {
 public:
  enum : int { kValueFieldNumber = 1 };
  BytesValue();
  BytesValue(const BytesValue& other) : BytesValue() { MergeFrom(other); }
  BytesValue(BytesValue&& other) noexcept : BytesValue() { swapWith(&other); }
  BytesValue& operator=(const BytesValue& other) {
    CopyFrom(other);
    return *this;
  }
  BytesValue& operator=(BytesValue&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~BytesValue() override;
  static const BytesValue& default_instance();
  BytesValue* New() const { return new BytesValue; }
  void Swap(BytesValue* other) { swapWith(other); }
  friend void swap(BytesValue& one, BytesValue& other) { one.swapWith(&other); }

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
  std::string value_;
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
