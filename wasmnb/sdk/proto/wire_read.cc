// Reading the binary format (protobuf's documentation, "Encoding").
#include "internal.h"

namespace google {
namespace protobuf {

using namespace internal;

namespace {

constexpr uint32_t kMaxNumber = (1U << 29) - 1;

// What is left to read. Each function gives false for bytes that are no message.
class Reader {
 public:
  Reader(const char* at, size_t size) : at_(at), end_(at + size) {}

  bool message(MessageLite* message, int depth) {
    const Table& table = Access::table(*message);
    return object(message, table.fields, table.count, &Access::unknown(message), depth);
  }

 private:
  // The fields of a message, or of a map's entry, which has no place for those it does not know.
  bool object(void* object, const Field* fields, uint32_t count, std::string* unknown, int depth) {
    if (depth == 0) return false;
    while (at_ != end_) {
      const char* start = at_;
      uint32_t number;
      Wire wire;
      if (!tag(&number, &wire)) return false;
      const Field* field = nullptr;
      for (uint32_t index = 0; index < count && field == nullptr; ++index) {
        if (fields[index].number == number) field = &fields[index];
      }
      if (field != nullptr && fits(*field, wire)) {
        if (!read(object, *field, wire, depth)) return false;
        continue;
      }
      if (!skip(number, wire, depth)) return false;
      if (unknown != nullptr) unknown->append(start, static_cast<size_t>(at_ - start));
    }
    return true;
  }

  // A list of numbers comes packed or one by one, whatever the type says.
  static bool fits(const Field& field, Wire wire) {
    const Wire own = field.shape == Shape::Map ? Wire::Bytes : wireOf(field.kind);
    return wire == own || (wire == Wire::Bytes && isList(field.shape));
  }

  bool read(void* object, const Field& field, Wire wire, int depth) {
    if (wire != Wire::Bytes) return number(object, field);
    Reader inner(nullptr, 0);
    if (!bytes(&inner)) return false;
    if (field.shape == Shape::Map) return entry(object, field, inner, depth);
    if (field.kind == Kind::Message) return inner.message(messageFor(object, field), depth - 1);
    if (isText(field.kind)) {
      const std::string_view text(inner.at_, static_cast<size_t>(inner.end_ - inner.at_));
      if (field.kind == Kind::String && !isUtf8(text)) return false;
      static_cast<std::string*>(placeFor(object, field))->assign(text);
      return true;
    }
    while (inner.at_ != inner.end_) {
      if (!inner.number(object, field)) return false;
    }
    return true;
  }

  bool entry(void* object, const Field& field, Reader inner, int depth) {
    const MapTable& map = *static_cast<const MapTable*>(field.type);
    void* entry = map.create();
    if (!inner.object(entry, &map.key, 2, nullptr, depth - 1)) {
      map.destroy(entry);
      return false;
    }
    putEntry(object, field, entry);
    return true;
  }

  bool number(void* object, const Field& field) {
    uint64_t bits = 0;
    const Wire wire = wireOf(field.kind);
    if (wire == Wire::Varint) {
      if (!varint(&bits)) return false;
    } else {
      const size_t size = wire == Wire::Fixed32 ? 4 : 8;
      if (static_cast<size_t>(end_ - at_) < size) return false;
      memcpy(&bits, at_, size);
      at_ += size;
    }
    if (field.kind == Kind::SInt32) bits = static_cast<uint32_t>(bits);
    if (field.kind == Kind::SInt32 || field.kind == Kind::SInt64) bits = bits >> 1 ^ (~(bits & 1) + 1);
    store(field.kind, placeFor(object, field), bits);
    return true;
  }

  bool varint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 70 && at_ != end_; shift += 7) {
      const uint64_t byte = static_cast<unsigned char>(*at_++);
      *value |= (byte & 0x7f) << shift;
      // Of the tenth byte all but one bit are dropped, as they are of a number that is too large for its field.
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool tag(uint32_t* number, Wire* wire) {
    uint64_t value;
    if (!varint(&value) || value > UINT32_MAX) return false;
    *number = static_cast<uint32_t>(value) >> 3;
    *wire = static_cast<Wire>(value & 7);
    return *number != 0 && *number <= kMaxNumber;
  }

  bool bytes(Reader* inner) {
    uint64_t size;
    if (!varint(&size) || size > static_cast<size_t>(end_ - at_)) return false;
    *inner = Reader(at_, static_cast<size_t>(size));
    at_ += size;
    return true;
  }

  bool skip(uint32_t number, Wire wire, int depth) {
    uint64_t value;
    Reader inner(nullptr, 0);
    size_t size = 4;
    switch (wire) {
      case Wire::Varint:
        return varint(&value);
      case Wire::Bytes:
        return bytes(&inner);
      case Wire::Start:
        return depth > 1 && group(number, depth - 1);
      case Wire::Fixed64:
        size = 8;
        break;
      case Wire::Fixed32:
        break;
      default:
        return false;
    }
    if (static_cast<size_t>(end_ - at_) < size) return false;
    at_ += size;
    return true;
  }

  bool group(uint32_t number, int depth) {
    for (;;) {
      uint32_t inner;
      Wire wire;
      if (!tag(&inner, &wire)) return false;
      if (wire == Wire::End) return inner == number;
      if (!skip(inner, wire, depth)) return false;
    }
  }

  const char* at_;
  const char* end_;
};

}  // namespace

bool MessageLite::MergeFromString(std::string_view data) {
  return Reader(data.data(), data.size()).message(this, kMaxDepth);
}

bool MessageLite::ParseFromArray(const void* data, int size) {
  Clear();
  return size >= 0 && MergeFromString({static_cast<const char*>(data), static_cast<size_t>(size)});
}

namespace internal {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool isUtf8(std::string_view text) {
  const unsigned char* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* end = at + text.size();
  while (at != end) {
    const uint32_t first = *at++;
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    // Of the second byte, by the first one.
    uint32_t lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint32_t highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3; more != 0; --more) {
      if (at == end || *at < lowest || *at > highest) return false;
      ++at;
      lowest = 0x80;
      highest = 0xbf;
    }
  }
  return true;
}

}  // namespace internal
}  // namespace protobuf
}  // namespace google
