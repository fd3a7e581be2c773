// Writing the binary format (protobuf's documentation, "Encoding").
#include "internal.h"

namespace google {
namespace protobuf {

using namespace internal;

namespace {

size_t varintSize(uint64_t value) {
  size_t size = 1;
  while ((value >>= 7) != 0) ++size;
  return size;
}

char* putVarint(uint64_t value, char* to) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

// A number as the wire has it: signed ones of a zigzag kind with their sign in the lowest bit.
uint64_t wireBits(Kind kind, const void* value) {
  const uint64_t bits = load(kind, value);
  if (kind != Kind::SInt32 && kind != Kind::SInt64) return bits;
  return bits << 1 ^ static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63);
}

size_t objectSize(const void* object, const Field* fields, uint32_t count);
char* putObject(const void* object, const Field* fields, uint32_t count, char* to);

size_t entrySize(const Field& field, const void* entry) {
  const MapTable& map = *static_cast<const MapTable*>(field.type);
  return objectSize(entry, &map.key, 2);
}

// Of one value, without its tag and, for what has one, its length.
size_t bareSize(const Field& field, const void* value) {
  if (field.shape == Shape::Map) return entrySize(field, value);
  if (field.kind == Kind::Message) return Access::size(messageOf(value));
  if (isText(field.kind)) return static_cast<const std::string*>(value)->size();
  const Wire wire = wireOf(field.kind);
  return wire == Wire::Fixed32 ? 4 : wire == Wire::Fixed64 ? 8 : varintSize(wireBits(field.kind, value));
}

bool hasLength(const Field& field) { return field.shape == Shape::Map || wireOf(field.kind) == Wire::Bytes; }

uint32_t tagOf(const Field& field, bool bytes) {
  return field.number << 3 | static_cast<uint32_t>(bytes ? Wire::Bytes : wireOf(field.kind));
}

size_t packedSize(const Field& field, const Values& values) {
  size_t size = 0;
  for (int index = 0; index < values.count; ++index) size += bareSize(field, values[index]);
  return size;
}

// Fills in the sizes that messages remember, from the inside out.
size_t fieldSize(const void* object, const Field& field) {
  const Values values(object, field);
  if (values.count == 0) return 0;
  const bool bytes = hasLength(field);
  const size_t tag = varintSize(tagOf(field, bytes));
  if (field.shape == Shape::Packed) {
    const size_t size = packedSize(field, values);
    return tag + varintSize(size) + size;
  }
  size_t total = 0;
  for (int index = 0; index < values.count; ++index) {
    if (field.kind == Kind::Message && field.shape != Shape::Map) messageOf(values[index]).ByteSizeLong();
    const size_t size = bareSize(field, values[index]);
    total += tag + size + (bytes ? varintSize(size) : 0);
  }
  return total;
}

size_t objectSize(const void* object, const Field* fields, uint32_t count) {
  size_t size = 0;
  for (uint32_t index = 0; index < count; ++index) size += fieldSize(object, fields[index]);
  return size;
}

char* putMessage(const MessageLite& message, char* to) {
  const Table& table = Access::table(message);
  to = putObject(&message, table.fields, table.count, to);
  const std::string& unknown = Access::unknown(message);
  memcpy(to, unknown.data(), unknown.size());
  return to + unknown.size();
}

// A value without tag and length.
char* putBare(const Field& field, const void* value, char* to) {
  if (field.shape == Shape::Map) {
    const MapTable& map = *static_cast<const MapTable*>(field.type);
    return putObject(value, &map.key, 2, to);
  }
  if (field.kind == Kind::Message) return putMessage(messageOf(value), to);
  if (isText(field.kind)) {
    const std::string& text = *static_cast<const std::string*>(value);
    memcpy(to, text.data(), text.size());
    return to + text.size();
  }
  const uint64_t bits = wireBits(field.kind, value);
  const Wire wire = wireOf(field.kind);
  if (wire == Wire::Varint) return putVarint(bits, to);
  const size_t size = wire == Wire::Fixed32 ? 4 : 8;
  memcpy(to, &bits, size);  // WebAssembly is little-endian, as the wire is
  return to + size;
}

char* putObject(const void* object, const Field* fields, uint32_t count, char* to) {
  for (const Field* field = fields; field != fields + count; ++field) {
    const Values values(object, *field);
    if (values.count == 0) continue;
    const bool packed = field->shape == Shape::Packed;
    const bool bytes = hasLength(*field);
    if (packed) {
      to = putVarint(tagOf(*field, true), to);
      to = putVarint(packedSize(*field, values), to);
    }
    for (int index = 0; index < values.count; ++index) {
      if (!packed) to = putVarint(tagOf(*field, bytes), to);
      if (bytes) to = putVarint(bareSize(*field, values[index]), to);
      to = putBare(*field, values[index], to);
    }
  }
  return to;
}

}  // namespace

size_t MessageLite::ByteSizeLong() const {
  size_ = objectSize(this, table_->fields, table_->count) + unknown_.size();
  return size_;
}

bool MessageLite::AppendToString(std::string* out) const {
  const size_t start = out->size();
  const size_t size = ByteSizeLong();
  if (size > INT32_MAX) return false;
  out->resize(start + size);
  putMessage(*this, &(*out)[start]);
  return true;
}

bool MessageLite::SerializeToString(std::string* out) const {
  out->clear();
  return AppendToString(out);
}

std::string MessageLite::SerializeAsString() const {
  std::string out;
  AppendToString(&out);
  return out;
}

bool MessageLite::SerializeToArray(void* data, int size) const {
  const size_t needed = ByteSizeLong();
  if (size < 0 || needed > static_cast<size_t>(size)) return false;
  putMessage(*this, static_cast<char*>(data));
  return true;
}

}  // namespace protobuf
}  // namespace google
