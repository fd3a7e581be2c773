// Messages of google/protobuf/duration.proto.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

class Duration;

class Duration final : public ::google::protobuf::Message {
 public:
  enum : int { kSecondsFieldNumber = 1, kNanosFieldNumber = 2 };
  Duration();
  Duration(const Duration& other) : Duration() { MergeFrom(other); }
  Duration(Duration&& other) noexcept : Duration() { swapWith(&other); }
  Duration& operator=(const Duration& other) {
    CopyFrom(other);
    return *this;
  }
  Duration& operator=(Duration&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~Duration() override;
  static const Duration& default_instance();
  Duration* New() const { return new Duration; }
  void Swap(Duration* other) { swapWith(other); }
  friend void swap(Duration& one, Duration& other) { one.swapWith(&other); }

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
