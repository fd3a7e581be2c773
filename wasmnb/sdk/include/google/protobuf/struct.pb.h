// Messages of google/protobuf/struct.proto.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

class Struct;
class Value;
class ListValue;

enum NullValue : int {
  NULL_VALUE = 0,
};
extern const ::google::protobuf::internal::EnumTable NullValue_table;
constexpr NullValue NullValue_MIN = NULL_VALUE;
constexpr NullValue NullValue_MAX = NULL_VALUE;
constexpr int NullValue_ARRAYSIZE = NullValue_MAX + 1;
inline bool NullValue_IsValid(int value) { return ::google::protobuf::internal::isValid(NullValue_table, value); }
inline const std::string& NullValue_Name(int value) { return ::google::protobuf::internal::nameOf(NullValue_table, value); }
inline bool NullValue_Parse(std::string_view name, NullValue* value) {
  int number;
  if (!::google::protobuf::internal::valueOf(NullValue_table, name, &number)) return false;
  *value = static_cast<NullValue>(number);
  return true;
}

class Struct final : public ::google::protobuf::Message {
 public:
  enum : int { kFieldsFieldNumber = 1 };
  Struct();
  Struct(const Struct& other) : Struct() { MergeFrom(other); }
  Struct(Struct&& other) noexcept : Struct() { swapWith(&other); }
  Struct& operator=(const Struct& other) {
    CopyFrom(other);
    return *this;
  }
  Struct& operator=(Struct&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Struct() override;
  static const Struct& default_instance();
  Struct* New() const { return new Struct; }
  void Swap(Struct* other) { swapWith(other); }
  friend void swap(Struct& one, Struct& other) { one.swapWith(&other); }

  int fields_size() const { return static_cast<int>(fields_.size()); }
  const ::google::protobuf::Map<std::string, ::google::protobuf::Value>& fields() const { return fields_; }
  ::google::protobuf::Map<std::string, ::google::protobuf::Value>* mutable_fields() { return &fields_; }
  void clear_fields() { fields_.clear(); }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  ::google::protobuf::Map<std::string, ::google::protobuf::Value> fields_;
};

class Value final : public ::google::protobuf::Message {
 public:
  enum : int { kNullValueFieldNumber = 1, kNumberValueFieldNumber = 2, kStringValueFieldNumber = 3, kBoolValueFieldNumber = 4, kStructValueFieldNumber = 5, kListValueFieldNumber = 6 };
  enum KindCase { kNullValue = 1, kNumberValue = 2, kStringValue = 3, kBoolValue = 4, kStructValue = 5, kListValue = 6, KIND_NOT_SET = 0 };
  Value();
  Value(const Value& other) : Value() { MergeFrom(other); }
  Value(Value&& other) noexcept : Value() { swapWith(&other); }
  Value& operator=(const Value& other) {
    CopyFrom(other);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Value() override;
  static const Value& default_instance();
  Value* New() const { return new Value; }
  void Swap(Value* other) { swapWith(other); }
  friend void swap(Value& one, Value& other) { one.swapWith(&other); }

  bool has_null_value() const { return kind_case_ == 1; }
  ::google::protobuf::NullValue null_value() const { return null_value_; }
  void set_null_value(::google::protobuf::NullValue value) { use_kind_(1); null_value_ = value; }
  void clear_null_value() {
    if (has_null_value()) clear_kind();
  }

  bool has_number_value() const { return kind_case_ == 2; }
  double number_value() const { return number_value_; }
  void set_number_value(double value) { use_kind_(2); number_value_ = value; }
  void clear_number_value() {
    if (has_number_value()) clear_kind();
  }

  bool has_string_value() const { return kind_case_ == 3; }
  const std::string& string_value() const { return string_value_; }
  template <typename... Text>
  void set_string_value(Text&&... text) {
    use_kind_(3); string_value_.assign(std::forward<Text>(text)...);
  }
  std::string* mutable_string_value() { use_kind_(3); return &string_value_; }
  std::string* release_string_value() {
    std::string* released = new std::string(std::move(string_value_));
    clear_string_value();
    return released;
  }
  void set_allocated_string_value(std::string* text) {
    clear_string_value();
    if (text == nullptr) return;
    use_kind_(3); string_value_ = std::move(*text);
    delete text;
  }
  void clear_string_value() {
    if (has_string_value()) clear_kind();
  }

  bool has_bool_value() const { return kind_case_ == 4; }
  bool bool_value() const { return bool_value_; }
  void set_bool_value(bool value) { use_kind_(4); bool_value_ = value; }
  void clear_bool_value() {
    if (has_bool_value()) clear_kind();
  }

  bool has_struct_value() const { return kind_case_ == 5; }
  const ::google::protobuf::Struct& struct_value() const;
  ::google::protobuf::Struct* mutable_struct_value();
  ::google::protobuf::Struct* release_struct_value();
  void set_allocated_struct_value(::google::protobuf::Struct* message);
  void clear_struct_value();

  bool has_list_value() const { return kind_case_ == 6; }
  const ::google::protobuf::ListValue& list_value() const;
  ::google::protobuf::ListValue* mutable_list_value();
  ::google::protobuf::ListValue* release_list_value();
  void set_allocated_list_value(::google::protobuf::ListValue* message);
  void clear_list_value();

  KindCase kind_case() const { return static_cast<KindCase>(kind_case_); }
  void clear_kind();

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  void use_kind_(uint32_t number);
  ::google::protobuf::NullValue null_value_{};
  double number_value_{};
  std::string string_value_;
  bool bool_value_{};
  ::google::protobuf::MessageLite* struct_value_{};
  ::google::protobuf::MessageLite* list_value_{};
  uint32_t kind_case_ = 0;
};

class ListValue final : public ::google::protobuf::Message {
 public:
  enum : int { kValuesFieldNumber = 1 };
  ListValue();
  ListValue(const ListValue& other) : ListValue() { MergeFrom(other); }
  ListValue(ListValue&& other) noexcept : ListValue() { swapWith(&other); }
  ListValue& operator=(const ListValue& other) {
    CopyFrom(other);
    return *this;
  }
  ListValue& operator=(ListValue&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~ListValue() override;
  static const ListValue& default_instance();
  ListValue* New() const { return new ListValue; }
  void Swap(ListValue* other) { swapWith(other); }
  friend void swap(ListValue& one, ListValue& other) { one.swapWith(&other); }

  int values_size() const { return static_cast<int>(values_.size()); }
  const ::google::protobuf::RepeatedPtrField<::google::protobuf::Value>& values() const { return values_; }
  ::google::protobuf::RepeatedPtrField<::google::protobuf::Value>* mutable_values() { return &values_; }
  void clear_values() { values_.Clear(); }
  const ::google::protobuf::Value& values(int index) const;
  ::google::protobuf::Value* mutable_values(int index);
  ::google::protobuf::Value* add_values();

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  ::google::protobuf::RepeatedPtrField<::google::protobuf::Value> values_;
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
