// Reading and writing JSON: what the well-known types, whose JSON is of a form of their own, share with all others.
#pragma once

#include "google/protobuf/util/json_util.h"
#include "internal.h"
#include "proxy_wasm_json.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {
namespace internal {

enum class Form : uint8_t { Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value, Wrapper };

class JsonInput;

// A table names only the one of its own type: a filter has no code for the others.
struct WellKnown {
  Form form;
  bool (*read)(JsonInput* input, const Json& json, MessageLite* message);
};

class JsonInput {
 public:
  explicit JsonInput(const util::JsonParseOptions& options) : options_(options) {}

  // passed_over is a member that is no field.
  bool message(const Json& json, MessageLite* message, std::string_view passed_over = {});
  // Everything that the value says about a field: all of a list, all of a map.
  bool field(const Json& json, void* object, const Field& field);
  // Remembers what is wrong, and is false.
  bool fail(std::string_view value, const char* what);
  bool fail(const Json& json, const char* what);
  bool fail(const char* what) { return fail(std::string_view(), what); }
  std::string error() const;

 private:
  bool object(const Json& json, MessageLite* message, std::string_view passed_over);
  bool member(const Json& json, MessageLite* message, const Field& field, std::string* seen);
  bool list(const Json& json, void* object, const Field& field);
  bool map(const Json& json, void* object, const Field& field);
  bool key(std::string_view text, void* entry, const Field& field);
  bool single(const Json& json, void* object, const Field& field);
  bool integer(std::string_view text, void* object, const Field& field);
  bool fraction(std::string_view text, void* object, const Field& field);
  bool enumeration(const Json& json, void* object, const Field& field);
  bool bytes(const Json& json, void* object, const Field& field);
  bool inside(std::string_view place);

  const util::JsonParseOptions& options_;
  std::string error_;
  std::string place_;
  int depth_ = kMaxDepth;
};

// Whether null is a value of its own for a field, and not the absence of one.
bool takesNull(const Field& field);

// A decimal number (RFC 8259, section 6) that is whole, such as 1.5e3.
bool wholeNumber(std::string_view text, bool* negative, uint64_t* magnitude);
bool isNumber(std::string_view text);

// The shortest digits that give the same number again.
void putFraction(Kind kind, const void* value, std::string* out);
void putInteger(Kind kind, const void* value, std::string* out);

}  // namespace internal
}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
