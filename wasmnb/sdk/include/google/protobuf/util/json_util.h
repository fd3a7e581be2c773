// Messages as JSON text, by the JSON mapping of proto3, and back.
#pragma once

#include "google/protobuf/message.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {

// A view that has the function by which protobuf's own gave its text, until 2022.
class StringPiece : public std::string_view {
 public:
  using std::string_view::basic_string_view;
  StringPiece(std::string_view text) : std::string_view(text) {}
  std::string ToString() const { return std::string(*this); }
};

namespace util {

// The codes as they were named in 2020; those that this Status has are OK and INVALID_ARGUMENT.
namespace error {
enum Code {
  OK = 0,
  CANCELLED = 1,
  UNKNOWN = 2,
  INVALID_ARGUMENT = 3,
  DEADLINE_EXCEEDED = 4,
  NOT_FOUND = 5,
  ALREADY_EXISTS = 6,
  PERMISSION_DENIED = 7,
  RESOURCE_EXHAUSTED = 8,
  FAILED_PRECONDITION = 9,
  ABORTED = 10,
  OUT_OF_RANGE = 11,
  UNIMPLEMENTED = 12,
  INTERNAL = 13,
  UNAVAILABLE = 14,
  DATA_LOSS = 15,
  UNAUTHENTICATED = 16,
};
}  // namespace error

// Whether something went well; when not, why.
class Status {
 public:
  Status() = default;
  explicit Status(std::string why) : message_(std::move(why)), ok_(false) {}
  Status(error::Code code, std::string_view why) : message_(code ? why : ""), ok_(code == error::OK) {}
  static const Status OK;
  bool ok() const { return ok_; }
  // 0, or 3: an argument that is not right.
  int code() const { return ok_ ? 0 : 3; }
  error::Code error_code() const { return static_cast<error::Code>(code()); }
  StringPiece message() const { return {message_}; }
  StringPiece error_message() const { return {message_}; }
  std::string ToString() const { return ok_ ? "OK" : "INVALID_ARGUMENT:" + message_; }
  bool operator==(const Status& other) const { return ok_ == other.ok_ && message_ == other.message_; }
  bool operator!=(const Status& other) const { return !(*this == other); }

 private:
  std::string message_;
  bool ok_ = true;
};
inline const Status Status::OK{};

struct JsonParseOptions {
  bool ignore_unknown_fields = false;
  bool case_insensitive_enum_parsing = false;
};

struct JsonPrintOptions {
  bool add_whitespace = false;
  bool always_print_primitive_fields = false;
  bool always_print_fields_with_no_presence = false;  // today's name of the one above
  bool always_print_enums_as_ints = false;
  bool preserve_proto_field_names = false;
};
using JsonOptions = JsonPrintOptions;

// What stays in the message behind an error is undefined.
Status JsonStringToMessage(std::string_view json, Message* message, const JsonParseOptions& options);
Status JsonStringToMessage(std::string_view json, Message* message);
// Puts the text behind what output has.
Status MessageToJsonString(const Message& message, std::string* output, const JsonPrintOptions& options);
Status MessageToJsonString(const Message& message, std::string* output);

}  // namespace util

namespace json {
using ParseOptions = util::JsonParseOptions;
using PrintOptions = util::JsonPrintOptions;
using util::JsonStringToMessage;
using util::MessageToJsonString;
}  // namespace json

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
