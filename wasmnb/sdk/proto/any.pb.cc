// Messages of google/protobuf/any.proto.
#include "google/protobuf/any.pb.h"

#include <stddef.h>

#include "well_known.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace google {
namespace protobuf {

const ::google::protobuf::internal::Field Any::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Plain, offsetof(Any, type_url_), 0, "type_url", "typeUrl", nullptr},
    {2, ::google::protobuf::internal::Kind::Bytes, ::google::protobuf::internal::Shape::Plain, offsetof(Any, value_), 0, "value", "value", nullptr},
};
const ::google::protobuf::internal::Table Any::proxy_wasm_table = {
    "google.protobuf.Any",
    proxy_wasm_fields,
    2,
    sizeof(Any),
    []() -> ::google::protobuf::MessageLite* { return new Any; },
    &::google::protobuf::internal::kAnyJson,
};
Any::Any() : MessageLite(&proxy_wasm_table) {}
Any::~Any() { }
const Any& Any::default_instance() {
  static const Any instance;
  return instance;
}

}  // namespace protobuf
}  // namespace google
