// Messages of google/protobuf/timestamp.proto.
#include "google/protobuf/timestamp.pb.h"

#include <stddef.h>

#include "well_known.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace google {
namespace protobuf {

const ::google::protobuf::internal::Field Timestamp::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Int64, ::google::protobuf::internal::Shape::Plain, offsetof(Timestamp, seconds_), 0, "seconds", "seconds", nullptr},
    {2, ::google::protobuf::internal::Kind::Int32, ::google::protobuf::internal::Shape::Plain, offsetof(Timestamp, nanos_), 0, "nanos", "nanos", nullptr},
};
const ::google::protobuf::internal::Table Timestamp::proxy_wasm_table = {
    "google.protobuf.Timestamp",
    proxy_wasm_fields,
    2,
    sizeof(Timestamp),
    []() -> ::google::protobuf::MessageLite* { return new Timestamp; },
    &::google::protobuf::internal::kTimestampJson,
};
Timestamp::Timestamp() : MessageLite(&proxy_wasm_table) {}
Timestamp::~Timestamp() { }
const Timestamp& Timestamp::default_instance() {
  static const Timestamp instance;
  return instance;
}

}  // namespace protobuf
}  // namespace google
