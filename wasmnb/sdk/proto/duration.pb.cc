// Messages of google/protobuf/duration.proto.
#include "google/protobuf/duration.pb.h"

#include <stddef.h>

#include "well_known.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace google {
namespace protobuf {

const ::google::protobuf::internal::Field Duration::proxy_wasm_fields[] = {
    {1, ::google::protobuf::internal::Kind::Int64, ::google::protobuf::internal::Shape::Plain, offsetof(Duration, seconds_), 0, "seconds", "seconds", nullptr},
    {2, ::google::protobuf::internal::Kind::Int32, ::google::protobuf::internal::Shape::Plain, offsetof(Duration, nanos_), 0, "nanos", "nanos", nullptr},
};
const ::google::protobuf::internal::Table Duration::proxy_wasm_table = {
    "google.protobuf.Duration",
    proxy_wasm_fields,
    2,
    sizeof(Duration),
    []() -> ::google::protobuf::MessageLite* { return new Duration; },
    &::google::protobuf::internal::kDurationJson,
};
Duration::Duration() : MessageLite(&proxy_wasm_table) {}
Duration::~Duration() { }
const Duration& Duration::default_instance() {
  static const Duration instance;
  return instance;
}

}  // namespace protobuf
}  // namespace google
