// Messages of google/protobuf/struct.proto.
#include "google/protobuf/struct.pb.h"

#include <stddef.h>

#include "well_known.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace google {
namespace protobuf {

static const ::google::protobuf::internal::EnumValue NullValue_values[] = {
    {NULL_VALUE, "NULL_VALUE"},
};
const ::google::protobuf::internal::EnumTable NullValue_table = {"google.protobuf.NullValue", NullValue_values, 1};

static const ::google::protobuf::internal::MapTable Struct_fields_map = {
    {1, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, 0, 0, "key", "key", nullptr},
    {2, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::Inside, ::google::protobuf::Map<std::string, ::google::protobuf::Value>::kValueOffset, 0, "value", "value", &::google::protobuf::Value::proxy_wasm_table},
    ::google::protobuf::Map<std::string, ::google::protobuf::Value>::create,
    ::google::protobuf::Map<std::string, ::google::protobuf::Value>::destroy,
};
const ::google::protobuf::internal::Field Struct::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::Map, offsetof(Struct, fields_), 0, "fields", "fields", &Struct_fields_map},
};
const ::google::protobuf::internal::Table Struct::proxy_wasm_table = {
    "google.protobuf.Struct",
    proxy_wasm_fields,
    1,
    sizeof(Struct),
    []() -> ::google::protobuf::MessageLite* { return new Struct; },
    &::google::protobuf::internal::kStructJson,
};
Struct::Struct() : MessageLite(&proxy_wasm_table) {}
Struct::~Struct() { }
const Struct& Struct::default_instance() {
  static const Struct instance;
  return instance;
}

const ::google::protobuf::internal::Field Value::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Enum, ::google::protobuf::internal::Shape::OneOf, offsetof(Value, null_value_), offsetof(Value, kind_case_), "null_value", "nullValue", &::google::protobuf::NullValue_table},
    {2, ::google::protobuf::internal::Kind::Double, ::google::protobuf::internal::Shape::OneOf, offsetof(Value, number_value_), offsetof(Value, kind_case_), "number_value", "numberValue", &::google::protobuf::internal::kNumberReader},
    {3, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::OneOf, offsetof(Value, string_value_), offsetof(Value, kind_case_), "string_value", "stringValue", nullptr},
    {4, ::google::protobuf::internal::Kind::Bool, ::google::protobuf::internal::Shape::OneOf, offsetof(Value, bool_value_), offsetof(Value, kind_case_), "bool_value", "boolValue", nullptr},
    {5, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::OneOf, offsetof(Value, struct_value_), offsetof(Value, kind_case_), "struct_value", "structValue", &::google::protobuf::Struct::proxy_wasm_table},
    {6, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::OneOf, offsetof(Value, list_value_), offsetof(Value, kind_case_), "list_value", "listValue", &::google::protobuf::ListValue::proxy_wasm_table},
};
const ::google::protobuf::internal::Table Value::proxy_wasm_table = {
    "google.protobuf.Value",
    proxy_wasm_fields,
    6,
    sizeof(Value),
    []() -> ::google::protobuf::MessageLite* { return new Value; },
    &::google::protobuf::internal::kValueJson,
};
Value::Value() : MessageLite(&proxy_wasm_table) {}
Value::~Value() { delete struct_value_; delete list_value_; }
const Value& Value::default_instance() {
  static const Value instance;
  return instance;
}
void Value::clear_kind() { ::google::protobuf::internal::clearOneOf(this, offsetof(Value, kind_case_)); }
void Value::use_kind_(uint32_t number) {
  if (kind_case_ == number) return;
  clear_kind();
  kind_case_ = number;
}
const ::google::protobuf::Struct& Value::struct_value() const {
  return struct_value_ == nullptr ? ::google::protobuf::Struct::default_instance() : *static_cast<const ::google::protobuf::Struct*>(struct_value_);
}
::google::protobuf::Struct* Value::mutable_struct_value() {
  use_kind_(5); if (struct_value_ == nullptr) struct_value_ = new ::google::protobuf::Struct;
  return static_cast<::google::protobuf::Struct*>(struct_value_);
}
::google::protobuf::Struct* Value::release_struct_value() {
  ::google::protobuf::Struct* released = static_cast<::google::protobuf::Struct*>(struct_value_);
  struct_value_ = nullptr;
  if (released != nullptr) kind_case_ = 0;
  return released;
}
void Value::set_allocated_struct_value(::google::protobuf::Struct* message) {
  clear_struct_value();
  if (message == nullptr) return;
  use_kind_(5); struct_value_ = message;
}
void Value::clear_struct_value() {
  if (has_struct_value()) clear_kind();
}
const ::google::protobuf::ListValue& Value::list_value() const {
  return list_value_ == nullptr ? ::google::protobuf::ListValue::default_instance() : *static_cast<const ::google::protobuf::ListValue*>(list_value_);
}
::google::protobuf::ListValue* Value::mutable_list_value() {
  use_kind_(6); if (list_value_ == nullptr) list_value_ = new ::google::protobuf::ListValue;
  return static_cast<::google::protobuf::ListValue*>(list_value_);
}
::google::protobuf::ListValue* Value::release_list_value() {
  ::google::protobuf::ListValue* released = static_cast<::google::protobuf::ListValue*>(list_value_);
  list_value_ = nullptr;
  if (released != nullptr) kind_case_ = 0;
  return released;
}
void Value::set_allocated_list_value(::google::protobuf::ListValue* message) {
  clear_list_value();
  if (message == nullptr) return;
  use_kind_(6); list_value_ = message;
}
void Value::clear_list_value() {
  if (has_list_value()) clear_kind();
}

const ::google::protobuf::internal::Field ListValue::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Message, ::google::protobuf::internal::Shape::Repeated, offsetof(ListValue, values_), 0, "values", "values", &::google::protobuf::Value::proxy_wasm_table},
};
const ::google::protobuf::internal::Table ListValue::proxy_wasm_table = {
    "google.protobuf.ListValue",
    proxy_wasm_fields,
    1,
    sizeof(ListValue),
    []() -> ::google::protobuf::MessageLite* { return new ListValue; },
    &::google::protobuf::internal::kListValueJson,
};
ListValue::ListValue() : MessageLite(&proxy_wasm_table) {}
ListValue::~ListValue() { }
const ListValue& ListValue::default_instance() {
  static const ListValue instance;
  return instance;
}
const ::google::protobuf::Value& ListValue::values(int index) const { return values_.Get(index); }
::google::protobuf::Value* ListValue::mutable_values(int index) { return values_.Mutable(index); }
::google::protobuf::Value* ListValue::add_values() { return values_.Add(); }

}  // namespace protobuf
}  // namespace google
