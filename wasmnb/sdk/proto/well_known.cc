// Reading the JSON of the well-known types. Each is an object of its own, which the table of its type names.
#include "well_known.h"
#include "json.h"
#include "times.h"

namespace google {
namespace protobuf {
namespace internal {

namespace {

const Field& first(MessageLite* message) { return Access::table(*message).fields[0]; }

bool readTime(JsonInput* input, const Json& json, MessageLite* message,
              bool (*read)(std::string_view, int64_t*, int64_t*), const char* what) {
  int64_t seconds;
  int64_t nanos;
  if (!json.isString() || !read(json.view(), &seconds, &nanos)) return input->fail(json, what);
  const Field* fields = Access::table(*message).fields;
  store(Kind::Int64, placeFor(message, fields[0]), static_cast<uint64_t>(seconds));
  store(Kind::Int32, placeFor(message, fields[1]), static_cast<uint64_t>(nanos));
  return true;
}

bool duration(JsonInput* input, const Json& json, MessageLite* message) {
  return readTime(input, json, message, readDuration, "is no duration such as 1.5s");
}

bool timestamp(JsonInput* input, const Json& json, MessageLite* message) {
  return readTime(input, json, message, readTimestamp, "is no time such as 2020-03-31T10:10:07Z");
}

bool fieldMask(JsonInput* input, const Json& json, MessageLite* message) {
  if (!json.isString()) return input->fail(json, "is not a string");
  std::string* path = nullptr;
  for (const char letter : json.view()) {
    if (letter == '_') return input->fail(json, "is no field mask: names in it have no _");
    if (path == nullptr) path = static_cast<std::string*>(placeFor(message, first(message)));
    if (letter == ',') {
      path = nullptr;
    } else if (letter >= 'A' && letter <= 'Z') {
      path->push_back('_');
      path->push_back(static_cast<char>(letter | 0x20));
    } else {
      path->push_back(letter);
    }
  }
  return true;
}

// What has one field, and the JSON of that: wrappers, Struct (a map), ListValue (a list).
bool inner(JsonInput* input, const Json& json, MessageLite* message) {
  return input->field(json, message, first(message));
}

bool value(JsonInput* input, const Json& json, MessageLite* message) {
  // Numbers of the fields, by the kinds of Json.
  static const uint8_t numbers[] = {1, 1, 4, 2, 3, 6, 5};
  return input->field(json, message, *fieldOf(Access::table(*message), numbers[static_cast<int>(json.kind())]));
}

bool any(JsonInput* input, const Json& json, MessageLite* message) {
  if (!json.isObject()) return input->fail(json, "is not an object");
  if (json.size() == 0) return true;
  const Json& url = json["@type"];
  const Table* type = Registered::find(url.view());
  if (type == nullptr) return input->fail(url, "is no type that the filter knows");
  MessageLite* held = type->create();
  const bool good = type->json == nullptr ? input->message(json, held, "@type") : input->message(json["value"], held);
  if (good) {
    const Field* fields = Access::table(*message).fields;
    static_cast<std::string*>(placeFor(message, fields[0]))->assign(url.view());
    held->SerializeToString(static_cast<std::string*>(placeFor(message, fields[1])));
  }
  delete held;
  return good;
}

}  // namespace

const WellKnown kAnyJson = {Form::Any, any};
const WellKnown kDurationJson = {Form::Duration, duration};
const WellKnown kFieldMaskJson = {Form::FieldMask, fieldMask};
const WellKnown kListValueJson = {Form::ListValue, inner};
const WellKnown kStructJson = {Form::Struct, inner};
const WellKnown kTimestampJson = {Form::Timestamp, timestamp};
const WellKnown kValueJson = {Form::Value, value};
const WellKnown kWrapperJson = {Form::Wrapper, inner};

}  // namespace internal
}  // namespace protobuf
}  // namespace google
