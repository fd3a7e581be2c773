// Messages of google/protobuf/empty.proto.
#include "google/protobuf/empty.pb.h"

#include <stddef.h>

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace google {
namespace protobuf {

const ::google::protobuf::internal::Table Empty::proxy_wasm_table = {
    "google.protobuf.Empty",
    nullptr,
    0,
    sizeof(Empty),
    []() -> ::google::protobuf::MessageLite* { return new Empty; },
    nullptr,
};
Empty::Empty() : MessageLite(&proxy_wasm_table) {}
Empty::~Empty() { }
const Empty& Empty::default_instance() {
  static const Empty instance;
  return instance;
}

}  // namespace protobuf
}  // namespace google
