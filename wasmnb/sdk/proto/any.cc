// Types by name, for google.protobuf.Any.
#include "google/protobuf/any.pb.h"

#include "json.h"

namespace google {
namespace protobuf {
namespace internal {

namespace {

Registered* newest;

}  // namespace

Registered::Registered(const Table* type) : table(type), next(newest) { newest = this; }

// By what stands behind the last slash.
const Table* Registered::find(std::string_view type_url) {
  const std::string_view name = type_url.substr(type_url.rfind('/') + 1);
  for (const Registered* each = newest; each != nullptr; each = each->next) {
    if (name == each->table->name) return each->table;
  }
  return nullptr;
}

}  // namespace internal

bool Any::PackFrom(const MessageLite& message, std::string_view prefix) {
  type_url_.assign(prefix);
  if (prefix.empty() || prefix.back() != '/') type_url_.push_back('/');
  type_url_ += message.GetTypeName();
  return message.SerializeToString(&value_);
}

bool Any::UnpackTo(MessageLite* message) const {
  return isOf(message->GetTypeName()) && message->ParseFromString(value_);
}

bool Any::isOf(std::string_view name) const {
  const size_t slash = type_url_.rfind('/');
  return slash != std::string::npos && std::string_view(type_url_).substr(slash + 1) == name;
}

}  // namespace protobuf
}  // namespace google
