// Messages of google/protobuf/empty.proto.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

class Empty;

class Empty final : public ::google::protobuf::Message {
 public:
  Empty();
  Empty(const Empty& other) : Empty() { MergeFrom(other); }
  Empty(Empty&& other) noexcept : Empty() { swapWith(&other); }
  Empty& operator=(const Empty& other) {
    CopyFrom(other);
    return *this;
  }
  Empty& operator=(Empty&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Empty() override;
  static const Empty& default_instance();
  Empty* New() const { return new Empty; }
  void Swap(Empty* other) { swapWith(other); }
  friend void swap(Empty& one, Empty& other) { one.swapWith(&other); }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
