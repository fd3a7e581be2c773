// Messages in protobuf's binary format (proto3). What a filter's generated classes and this header know of a message is
// a table; the code that goes through it is compiled once (sdk/proto), so that a message adds little to a filter.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <string_view>

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

using int32 = int32_t;
using int64 = int64_t;
using uint32 = uint32_t;
using uint64 = uint64_t;
class MessageLite;

namespace internal {

// The numbers of google.protobuf.FieldDescriptorProto.Type.
enum class Kind : uint8_t {
  Double = 1,
  Float = 2,
  Int64 = 3,
  UInt64 = 4,
  Int32 = 5,
  Fixed64 = 6,
  Fixed32 = 7,
  Bool = 8,
  String = 9,
  Message = 11,
  Bytes = 12,
  UInt32 = 13,
  Enum = 14,
  SFixed32 = 15,
  SFixed64 = 16,
  SInt32 = 17,
  SInt64 = 18,
};

// How a field lies in its object. A message is a pointer, null when it is not there; only as a map's value it is the
// object itself (Inside).
enum class Shape : uint8_t { Plain, Optional, OneOf, Repeated, Packed, Map, Inside };

struct EnumValue {
  int32_t number;
  const char* name;
};

struct EnumTable {
  const char* name;
  const EnumValue* values;  // in the order of the .proto file
  int count;
};

// Reading decimal fractions is 10 kB of the C library: only the tables of messages that have such a field name it.
struct NumberReader {
  bool (*read)(std::string_view text, double* value);
};
extern const NumberReader kNumberReader;

struct Field {
  uint32_t number;
  Kind kind;
  Shape shape;
  uint32_t offset;
  uint32_t presence;  // offset of a bool (Optional), or of the number of the field that is set (OneOf)
  const char* name;
  const char* json_name;
  const void* type;  // Table, EnumTable, MapTable or NumberReader
};

struct MapTable {
  Field key;  // at offset 0 of an entry
  Field value;
  void* (*create)();
  void (*destroy)(void* entry);
};

struct WellKnown;

struct Table {
  const char* name;
  const Field* fields;  // by number
  uint32_t count;
  uint32_t size;
  MessageLite* (*create)();
  const WellKnown* json;  // null for a message whose JSON is an object with its fields
};

struct Access;

// Types that a google.protobuf.Any may hold: those that were generated together with one.
struct Registered {
  explicit Registered(const Table* type);
  static const Table* find(std::string_view type_url);
  const Table* table;
  Registered* next;
};

// Sets the field of a oneof that is set to what it is when it is not.
void clearOneOf(MessageLite* message, uint32_t presence);
bool isValid(const EnumTable& table, int value);
const std::string& nameOf(const EnumTable& table, int value);
bool valueOf(const EnumTable& table, std::string_view name, int* value);
const std::string& emptyString();

}  // namespace internal

class MessageLite {
 public:
  virtual ~MessageLite();

  std::string GetTypeName() const { return table_->name; }
  MessageLite* New() const { return table_->create(); }
  void Clear();
  // Of the same type; ends the module otherwise.
  void CopyFrom(const MessageLite& other);
  void MergeFrom(const MessageLite& other);
  void CheckTypeAndMergeFrom(const MessageLite& other) { MergeFrom(other); }
  bool IsInitialized() const { return true; }

  // False for bytes that are no message, or whose strings are no UTF-8. Fields that the type does not know are kept.
  bool ParseFromArray(const void* data, int size);
  bool ParseFromString(std::string_view data) { return ParseFromArray(data.data(), static_cast<int>(data.size())); }
  bool MergeFromString(std::string_view data);
  bool ParsePartialFromArray(const void* data, int size) { return ParseFromArray(data, size); }
  bool ParsePartialFromString(std::string_view data) { return ParseFromString(data); }

  // Fields in the order of their numbers, a map's entries in that of their keys.
  size_t ByteSizeLong() const;
  bool AppendToString(std::string* out) const;
  bool SerializeToString(std::string* out) const;
  bool SerializePartialToString(std::string* out) const { return SerializeToString(out); }
  bool SerializeToArray(void* data, int size) const;
  std::string SerializeAsString() const;
  int GetCachedSize() const { return static_cast<int>(size_); }

  // For people: the text form, on lines or in one.
  std::string DebugString() const;
  std::string ShortDebugString() const;
  std::string Utf8DebugString() const { return DebugString(); }

 protected:
  explicit MessageLite(const internal::Table* table) : table_(table) {}
  MessageLite(const MessageLite&) = delete;
  MessageLite& operator=(const MessageLite&) = delete;
  void swapWith(MessageLite* other);

 private:
  friend struct internal::Access;
  const internal::Table* table_;
  std::string unknown_;
  mutable size_t size_ = 0;
};

}  // namespace protobuf
}  // namespace google

#define GOOGLE_PROTOBUF_VERIFY_VERSION

#pragma GCC visibility pop
