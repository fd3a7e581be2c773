// Messages of google/protobuf/field_mask.proto.
#include "google/protobuf/field_mask.pb.h"

#include <stddef.h>

#include "well_known.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace google {
namespace protobuf {

const ::google::protobuf::internal::Field FieldMask::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::String, ::google::protobuf::internal::Shape::Repeated, offsetof(FieldMask, paths_), 0, "paths", "paths", nullptr},
};
const ::google::protobuf::internal::Table FieldMask::proxy_wasm_table = {
    "google.protobuf.FieldMask",
    proxy_wasm_fields,
    1,
    sizeof(FieldMask),
    []() -> ::google::protobuf::MessageLite* { return new FieldMask; },
    &::google::protobuf::internal::kFieldMaskJson,
};
FieldMask::FieldMask() : MessageLite(&proxy_wasm_table) {}
FieldMask::~FieldMask() { }
const FieldMask& FieldMask::default_instance() {
  static const FieldMask instance;
  return instance;
}

}  // namespace protobuf
}  // namespace google
