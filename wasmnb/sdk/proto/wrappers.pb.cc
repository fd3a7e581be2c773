// Messages of google/protobuf/wrappers.proto.
#include "google/protobuf/wrappers.pb.h"

#include <stddef.h>

#include "well_known.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace google {
namespace protobuf {

const ::google::protobuf::internal::Field DoubleValue::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Double, ::google::protobuf::internal::Shape::Plain, offsetof(DoubleValue, value_), 0, "value", "value", &::google::protobuf::internal::kNumberReader},
};
const ::google::protobuf::internal::Table DoubleValue::proxy_wasm_table = {
    "google.protobuf.DoubleValue",
    proxy_wasm_fields,
    1,
    sizeof(DoubleValue),
    []() -> ::google::protobuf::MessageLite* { return new DoubleValue; },
    &::google::protobuf::internal::kWrapperJson,
};
DoubleValue::DoubleValue() : MessageLite(&proxy_wasm_table) {}
DoubleValue::~DoubleValue() { }
const DoubleValue& DoubleValue::default_instance() {
  static const DoubleValue instance;
  return instance;
}

const ::google::protobuf::internal::Field FloatValue::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Float, ::google::protobuf::internal::Shape::Plain, offsetof(FloatValue, value_), 0, "value", "value", &::google::protobuf::internal::kNumberReader},
};
const ::google::protobuf::internal::Table FloatValue::proxy_wasm_table = {
    "google.protobuf.FloatValue",
    proxy_wasm_fields,
    1,
    sizeof(FloatValue),
    []() -> ::google::protobuf::MessageLite* { return new FloatValue; },
    &::google::protobuf::internal::kWrapperJson,
};
FloatValue::FloatValue() : MessageLite(&proxy_wasm_table) {}
FloatValue::~FloatValue() { }
const FloatValue& FloatValue::default_instance() {
  static const FloatValue instance;
  return instance;
}

const ::google::protobuf::internal::Field Int64Value::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Int64, ::google::protobuf::internal::Shape::Plain, offsetof(Int64Value, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table Int64Value::proxy_wasm_table = {
    "google.protobuf.Int64Value",
    proxy_wasm_fields,
    1,
    sizeof(Int64Value),
    []() -> ::google::protobuf::MessageLite* { return new Int64Value; },
    &::google::protobuf::internal::kWrapperJson,
};
Int64Value::Int64Value() : MessageLite(&proxy_wasm_table) {}
Int64Value::~Int64Value() { }
const Int64Value& Int64Value::default_instance() {
  static const Int64Value instance;
  return instance;
}

const ::google::protobuf::internal::Field UInt64Value::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::UInt64, ::google::protobuf::internal::Shape::Plain, offsetof(UInt64Value, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table UInt64Value::proxy_wasm_table = {
    "google.protobuf.UInt64Value",
    proxy_wasm_fields,
    1,
    sizeof(UInt64Value),
    []() -> ::google::protobuf::MessageLite* { return new UInt64Value; },
    &::google::protobuf::internal::kWrapperJson,
};
UInt64Value::UInt64Value() : MessageLite(&proxy_wasm_table) {}
UInt64Value::~UInt64Value() { }
const UInt64Value& UInt64Value::default_instance() {
  static const UInt64Value instance;
  return instance;
}

const ::google::protobuf::internal::Field Int32Value::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Int32, ::google::protobuf::internal::Shape::Plain, offsetof(Int32Value, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table Int32Value::proxy_wasm_table = {
    "google.protobuf.Int32Value",
    proxy_wasm_fields,
    1,
    sizeof(Int32Value),
    []() -> ::google::protobuf::MessageLite* { return new Int32Value; },
    &::google::protobuf::internal::kWrapperJson,
};
Int32Value::Int32Value() : MessageLite(&proxy_wasm_table) {}
Int32Value::~Int32Value() { }
const Int32Value& Int32Value::default_instance() {
  static const Int32Value instance;
  return instance;
}

const ::google::protobuf::internal::Field UInt32Value::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::UInt32, ::google::protobuf::internal::Shape::Plain, offsetof(UInt32Value, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table UInt32Value::proxy_wasm_table = {
    "google.protobuf.UInt32Value",
    proxy_wasm_fields,
    1,
    sizeof(UInt32Value),
    []() -> ::google::protobuf::MessageLite* { return new UInt32Value; },
    &::google::protobuf::internal::kWrapperJson,
};
UInt32Value::UInt32Value() : MessageLite(&proxy_wasm_table) {}
UInt32Value::~UInt32Value() { }
const UInt32Value& UInt32Value::default_instance() {
  static const UInt32Value instance;
  return instance;
}

const ::google::protobuf::internal::Field BoolValue::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Bool, ::google::protobuf::internal::Shape::Plain, offsetof(BoolValue, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table BoolValue::proxy_wasm_table = {
    "google.protobuf.BoolValue",
    proxy_wasm_fields,
    1,
    sizeof(BoolValue),
    []() -> ::google::protobuf::MessageLite* { return new BoolValue; },
    &::google::protobuf::internal::kWrapperJson,
};
BoolValue::BoolValue() : MessageLite(&proxy_wasm_table) {}
BoolValue::~BoolValue() { }
const BoolValue& BoolValue::default_instance() {
  static const BoolValue instance;
  return instance;
}

const ::google::protobuf::internal::Field StringValue::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(StringValue, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table StringValue::proxy_wasm_table = {
    "google.protobuf.StringValue",
    proxy_wasm_fields,
    1,
    sizeof(StringValue),
    []() -> ::google::protobuf::MessageLite* { return new StringValue; },
    &::google::protobuf::internal::kWrapperJson,
};
StringValue::StringValue() : MessageLite(&proxy_wasm_table) {}
StringValue::~StringValue() { }
const StringValue& StringValue::default_instance() {
  static const StringValue instance;
  return instance;
}

const ::google::protobuf::internal::Field BytesValue::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Bytes, ::google::protobuf::internal::Shape::Plain, offsetof(BytesValue, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table BytesValue::proxy_wasm_table = {
    "google.protobuf.BytesValue",
    proxy_wasm_fields,
    1,
    sizeof(BytesValue),
    []() -> ::google::protobuf::MessageLite* { return new BytesValue; },
    &::google::protobuf::internal::kWrapperJson,
};
BytesValue::BytesValue() : MessageLite(&proxy_wasm_table) {}
BytesValue::~BytesValue() { }
const BytesValue& BytesValue::default_instance() {
  static const BytesValue instance;
  return instance;
}

}  // namespace protobuf
}  // namespace google
