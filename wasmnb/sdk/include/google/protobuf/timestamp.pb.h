// Messages of google/protobuf/timestamp.proto.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

class Timestamp;

class Timestamp final : public ::google::protobuf::Message {
 public:
  enum : int { kSecondsFieldNumber = 1, kNanosFieldNumber = 2 };
  Timestamp();
  Timestamp(const Timestamp& other) : Timestamp() { MergeFrom(other); }
  Timestamp(Timestamp&& other) noexcept : Timestamp() { swapWith(&other); }
  Timestamp& operator=(const Timestamp& other) {
    CopyFrom(other);
    return *this;
  }
  Timestamp& operator=(Timestamp&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Timestamp() override;
  static const Timestamp& default_instance();
  Timestamp* New() const { return new Timestamp; }
  void Swap(Timestamp* other) { swapWith(other); }
  friend void swap(Timestamp& one, Timestamp& other) { one.swapWith(&other); }

  int64_t seconds() const { return seconds_; }
  void set_seconds(int64_t value) { seconds_ = value; }
  void clear_seconds() {
    seconds_ = int64_t();
  }

  int32_t nanos() const { return nanos_; }
  void set_nanos(int32_t value) { nanos_ = value; }
  void clear_nanos() {
    nanos_ = int32_t();
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  int64_t seconds_{};
  int32_t nanos_{};
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
