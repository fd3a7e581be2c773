// What the sources of the message runtime share.
#pragma once

#include <string.h>

#include "google/protobuf/map.h"
#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {
namespace internal {

constexpr int kMaxDepth = 100;

struct Access {
  static const Table& table(const MessageLite& message) { return *message.table_; }
  static std::string& unknown(MessageLite* message) { return message->unknown_; }
  static const std::string& unknown(const MessageLite& message) { return message.unknown_; }
  static size_t& size(const MessageLite& message) { return message.size_; }
  static void swap(MessageLite* one, MessageLite* other) { one->swapWith(other); }
};

// A member of an object: a message, or an entry of a map.
template <typename T>
T& at(void* object, uint32_t offset) {
  return *reinterpret_cast<T*>(static_cast<char*>(object) + offset);
}
template <typename T>
const T& at(const void* object, uint32_t offset) {
  return *reinterpret_cast<const T*>(static_cast<const char*>(object) + offset);
}

// What one value of a kind takes in memory, and how it goes over the wire.
enum class Wire : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Start = 3, End = 4, Fixed32 = 5 };
uint32_t sizeOf(Kind kind);
Wire wireOf(Kind kind);
inline bool isList(Shape shape) { return shape == Shape::Repeated || shape == Shape::Packed; }
inline bool isText(Kind kind) { return kind == Kind::String || kind == Kind::Bytes; }
inline bool isFraction(Kind kind) { return kind == Kind::Double || kind == Kind::Float; }

// A number as 64 bits: signed ones with their sign, fractions as their bits, as wide as they are.
uint64_t load(Kind kind, const void* value);
void store(Kind kind, void* value, uint64_t bits);

const Field* fieldOf(const Table& table, uint32_t number);
// Whether a field that is no list and no map would be written.
bool isSet(const void* object, const Field& field);
// The message of a field that has one, wherever it lies; null when it is not there.
const MessageLite* messageAt(const void* object, const Field& field);

// Where a value is to be put: marks the field as set, and makes room in a list. A message is made when it is not there.
void* placeFor(void* object, const Field& field);
MessageLite* messageFor(void* object, const Field& field);
void clearField(void* object, const Field& field);
// Puts an entry into a map, in place of one with the same key.
void putEntry(void* object, const Field& field, void* entry);

bool isUtf8(std::string_view text);

// Gives the field's elements one after the other: of a list its values, of any other field the one it has.
struct Values {
  Values(const void* object, const Field& field);
  int count;
  const void* operator[](int index) const;

 private:
  const Field& field_;
  const void* object_;
};
inline const MessageLite& messageOf(const void* value) { return *static_cast<const MessageLite*>(value); }

}  // namespace internal
}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
