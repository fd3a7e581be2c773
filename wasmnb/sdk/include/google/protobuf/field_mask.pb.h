// Messages of google/protobuf/field_mask.proto.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

class FieldMask;

class FieldMask final : public ::google::protobuf::Message {
 public:
  enum : int { kPathsFieldNumber = 1 };
  FieldMask();
  FieldMask(const FieldMask& other) : FieldMask() { MergeFrom(other); }
  FieldMask(FieldMask&& other) noexcept : FieldMask() { swapWith(&other); }
  FieldMask& operator=(const FieldMask& other) {
    CopyFrom(other);
    return *this;
  }
  FieldMask& operator=(FieldMask&& other) noexcept {
    swapWith(&other);
    return *this;
  }
  ~FieldMask() override;
  static const FieldMask& default_instance();
  FieldMask* New() const { return new FieldMask; }
  void Swap(FieldMask* other) { swapWith(other); }
  friend void swap(FieldMask& one, FieldMask& other) { one.swapWith(&other); }

  int paths_size() const { return static_cast<int>(paths_.size()); }
  const ::google::protobuf::RepeatedPtrField<std::string>& paths() const { return paths_; }
  ::google::protobuf::RepeatedPtrField<std::string>* mutable_paths() { return &paths_; }
  void clear_paths() { paths_.Clear(); }
  const std::string& paths(int index) const { return paths_.Get(index); }
  std::string* mutable_paths(int index) { return paths_.Mutable(index); }
  std::string* add_paths() { return paths_.Add(); }
  template <typename First, typename... Text>
  void set_paths(int index, First&& first, Text&&... text) {
    paths_.Mutable(index)->assign(std::forward<First>(first), std::forward<Text>(text)...);
  }
  template <typename First, typename... Text>
  void add_paths(First&& first, Text&&... text) {
    paths_.Add()->assign(std::forward<First>(first), std::forward<Text>(text)...);
  }

  static const ::google::protobuf::internal::Table proxy_wasm_table;

 private:
  static const ::google::protobuf::internal::Field proxy_wasm_fields[];
  ::google::protobuf::RepeatedPtrField<std::string> paths_;
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
