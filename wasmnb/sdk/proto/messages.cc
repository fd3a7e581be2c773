// What every message can: be cleared, merged, copied, swapped. And the names of enumerations.
#include "internal.h"
#include "proxy_wasm_log.h"

namespace google {
namespace protobuf {

using namespace internal;

namespace {

void mergeField(void* to, const void* from, const Field& field) {
  const Values values(from, field);
  for (int index = 0; index < values.count; ++index) {
    if (field.shape == Shape::Map) {
      const MapTable& map = *static_cast<const MapTable*>(field.type);
      void* entry = map.create();
      mergeField(entry, values[index], map.key);
      mergeField(entry, values[index], map.value);
      putEntry(to, field, entry);
    } else if (field.kind == Kind::Message) {
      messageFor(to, field)->MergeFrom(messageOf(values[index]));
    } else if (isText(field.kind)) {
      *static_cast<std::string*>(placeFor(to, field)) = *static_cast<const std::string*>(values[index]);
    } else {
      store(field.kind, placeFor(to, field), load(field.kind, values[index]));
    }
  }
}

}  // namespace

MessageLite::~MessageLite() = default;

void MessageLite::Clear() {
  for (uint32_t index = 0; index < table_->count; ++index) {
    // A field of a oneof that is not set must not clear the one that is.
    const Field& field = table_->fields[index];
    if (field.shape != Shape::OneOf || isSet(this, field)) clearField(this, field);
  }
  unknown_.clear();
}

void MessageLite::MergeFrom(const MessageLite& other) {
  if (table_ != other.table_) {
    ProxyWasmLine line;
    logAbort((line + "a message of type " + other.table_->name + " is none of type " + table_->name).view());
  }
  for (uint32_t index = 0; index < table_->count; ++index) mergeField(this, &other, table_->fields[index]);
  unknown_ += other.unknown_;
}

void MessageLite::CopyFrom(const MessageLite& other) {
  if (this == &other) return;
  Clear();
  MergeFrom(other);
}

void MessageLite::swapWith(MessageLite* other) {
  // No member points into its own object: their bytes may be exchanged.
  char* one = reinterpret_cast<char*>(this);
  char* two = reinterpret_cast<char*>(other);
  for (uint32_t index = 0; index < table_->size; ++index) {
    const char kept = one[index];
    one[index] = two[index];
    two[index] = kept;
  }
}

namespace internal {

const std::string& emptyString() {
  static const std::string empty;
  return empty;
}

bool isValid(const EnumTable& table, int value) {
  for (int index = 0; index < table.count; ++index) {
    if (table.values[index].number == value) return true;
  }
  return false;
}

const std::string& nameOf(const EnumTable& table, int value) {
  static std::string name;
  name.clear();
  for (int index = 0; index < table.count && name.empty(); ++index) {
    if (table.values[index].number == value) name = table.values[index].name;
  }
  return name;
}

bool valueOf(const EnumTable& table, std::string_view name, int* value) {
  for (int index = 0; index < table.count; ++index) {
    if (name != table.values[index].name) continue;
    *value = table.values[index].number;
    return true;
  }
  return false;
}

}  // namespace internal
}  // namespace protobuf
}  // namespace google
