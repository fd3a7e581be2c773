// From JSON text to a message (protobuf's documentation, "ProtoJSON Format").
#include "json.h"

namespace google {
namespace protobuf {
namespace internal {

namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter; }

bool sameName(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  for (size_t index = 0; index < one.size(); ++index) {
    if (lower(one[index]) != lower(other[index]) && !(one[index] == '-' && other[index] == '_')) return false;
  }
  return true;
}

int base64Digit(char letter) {
  if (letter >= 'A' && letter <= 'Z') return letter - 'A';
  if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9') return letter - '0' + 52;
  return letter == '+' || letter == '-' ? 62 : letter == '/' || letter == '_' ? 63 : -1;
}

// Behind the digits at a place.
size_t digitsEnd(std::string_view text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

}  // namespace

void putInteger(Kind kind, const void* value, std::string* out) {
  uint64_t bits = load(kind, value);
  const bool unsigned_kind =
      kind == Kind::UInt32 || kind == Kind::UInt64 || kind == Kind::Fixed32 || kind == Kind::Fixed64;
  const bool negative = !unsigned_kind && static_cast<int64_t>(bits) < 0;
  if (negative) bits = ~bits + 1;
  char digits[24];
  char* digit = digits + sizeof digits;
  do {
    *--digit = static_cast<char>('0' + bits % 10);
  } while ((bits /= 10) != 0);
  if (negative) *--digit = '-';
  out->append(digit, static_cast<size_t>(digits + sizeof digits - digit));
}

bool isNumber(std::string_view text) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const size_t start = at;
  at = digitsEnd(text, at);
  if (at == start || (text[start] == '0' && at != start + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const size_t end = digitsEnd(text, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t end = digitsEnd(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size();
}

bool wholeNumber(std::string_view text, bool* negative, uint64_t* magnitude) {
  if (!isNumber(text)) return false;
  *negative = text[0] == '-';
  *magnitude = 0;
  const size_t e = text.find_first_of("eE");
  const std::string_view digits = text.substr(*negative, (e < text.size() ? e : text.size()) - *negative);
  int32_t exponent = 0;
  if (e < text.size()) {
    for (const char letter : text.substr(e + 1)) {
      if (letter >= '0' && exponent < 100000000) exponent = exponent * 10 + (letter - '0');
    }
    if (text[e + 1] == '-') exponent = -exponent;
  }
  const size_t point = digits.find('.');
  if (point < digits.size()) exponent -= static_cast<int32_t>(digits.size() - point - 1);
  // Zeros at the end that the exponent takes away again.
  size_t end = digits.size();
  while (exponent < 0 && end != 0 && (digits[end - 1] == '0' || digits[end - 1] == '.')) {
    if (digits[--end] == '0') ++exponent;
  }
  bool zero = true;
  for (const char letter : digits.substr(0, end)) {
    if (letter == '.') continue;
    const uint64_t digit = static_cast<uint64_t>(letter - '0');
    if (__builtin_mul_overflow(*magnitude, 10, magnitude) || __builtin_add_overflow(*magnitude, digit, magnitude)) {
      return false;
    }
    zero = zero && digit == 0;
  }
  if (zero) return true;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(*magnitude, 10, magnitude)) return false;
  }
  return exponent == 0;
}

bool takesNull(const Field& field) {
  if (field.kind == Kind::Enum) {
    return std::string_view(static_cast<const EnumTable*>(field.type)->name) == "google.protobuf.NullValue";
  }
  if (field.kind != Kind::Message || field.shape == Shape::Map) return false;
  const WellKnown* json = static_cast<const Table*>(field.type)->json;
  return json != nullptr && json->form == Form::Value;
}

bool JsonInput::fail(std::string_view value, const char* what) {
  if (error_.empty()) {
    if (value.data() != nullptr) error_.append("\"").append(value.substr(0, 60)).append("\" ");
    error_.append(what);
  }
  return false;
}

bool JsonInput::fail(const Json& json, const char* what) {
  return json.isString() || json.isNumber() ? fail(json.view(), what) : fail(what);
}

// Puts a place in front of that of the error, from the inside out.
bool JsonInput::inside(std::string_view place) {
  if (!place_.empty() && place_[0] != '[') place_.insert(0, ".");
  place_.insert(0, place.data(), place.size());
  return false;
}

std::string JsonInput::error() const { return place_.empty() ? error_ : place_ + ": " + error_; }

bool JsonInput::message(const Json& json, MessageLite* message, std::string_view passed_over) {
  if (depth_ == 0) return fail("messages are nested too deeply");
  --depth_;
  const WellKnown* known = Access::table(*message).json;
  const bool good = known != nullptr ? known->read(this, json, message) : object(json, message, passed_over);
  ++depth_;
  return good;
}

bool JsonInput::object(const Json& json, MessageLite* message, std::string_view passed_over) {
  if (!json.isObject()) return fail(json, "is not an object");
  const Table& table = Access::table(*message);
  std::string seen(table.count, '\0');
  for (const Json& child : json) {
    const std::string_view name = child.keyView();
    const Field* found = nullptr;
    for (uint32_t index = 0; index < table.count && found == nullptr; ++index) {
      const Field& each = table.fields[index];
      if (name == each.json_name || name == each.name) found = &each;
    }
    if (found == nullptr) {
      if (options_.ignore_unknown_fields || (!passed_over.empty() && name == passed_over)) continue;
      fail(name, "is no field of ");
      error_ += table.name;
      return false;
    }
    if (!member(child, message, *found, &seen)) return inside(name);
  }
  return true;
}

bool JsonInput::member(const Json& json, MessageLite* message, const Field& field, std::string* seen) {
  const Table& table = Access::table(*message);
  char& mark = (*seen)[static_cast<size_t>(&field - table.fields)];
  if (mark != '\0') return fail("is there twice");
  mark = 1;
  if (json.isNull() && !takesNull(field)) return true;
  if (field.shape == Shape::OneOf && at<uint32_t>(static_cast<const void*>(message), field.presence) != 0) {
    return fail("is one field too many of a oneof");
  }
  return this->field(json, message, field);
}

bool JsonInput::field(const Json& json, void* object, const Field& field) {
  if (field.shape == Shape::Map) return map(json, object, field);
  return isList(field.shape) ? list(json, object, field) : single(json, object, field);
}

bool JsonInput::list(const Json& json, void* object, const Field& field) {
  if (!json.isArray()) return fail(json, "is no array");
  uint32_t index = 0;
  for (const Json& child : json) {
    if (child.isNull() && !takesNull(field) ? !fail("is null") : !single(child, object, field)) {
      std::string place("[");
      putInteger(Kind::UInt32, &index, &place);
      return inside(place.append("]"));
    }
    ++index;
  }
  return true;
}

bool JsonInput::map(const Json& json, void* object, const Field& field) {
  if (!json.isObject()) return fail(json, "is not an object");
  const MapTable& table = *static_cast<const MapTable*>(field.type);
  for (const Json& child : json) {
    void* entry = table.create();
    bool found = false;
    bool good = key(child.keyView(), entry, table.key);
    if (good) {
      findKey(at<List>(object, field.offset), table.key.kind, entry, &found);
      good = found                                       ? fail("is there twice")
             : child.isNull() && !takesNull(table.value) ? fail("is null")
                                                         : single(child, entry, table.value);
    }
    if (!good) {
      table.destroy(entry);
      std::string place("[\"");
      return inside(place.append(child.keyView()).append("\"]"));
    }
    putEntry(object, field, entry);
  }
  return true;
}

bool JsonInput::key(std::string_view text, void* entry, const Field& field) {
  if (field.kind == Kind::String) {
    at<std::string>(entry, field.offset).assign(text);
    return true;
  }
  if (field.kind != Kind::Bool) return integer(text, entry, field);
  at<bool>(entry, field.offset) = text == "true";
  return text == "true" || text == "false" || fail("the key is neither true nor false");
}

bool JsonInput::single(const Json& json, void* object, const Field& field) {
  switch (field.kind) {
    case Kind::Message:
      return message(json, messageFor(object, field));
    case Kind::String:
      if (!json.isString()) return fail(json, "is not a string");
      static_cast<std::string*>(placeFor(object, field))->assign(json.view());
      return true;
    case Kind::Bytes:
      return bytes(json, object, field);
    case Kind::Bool:
      if (!json.isBoolean()) return fail(json, "is neither true nor false");
      store(field.kind, placeFor(object, field), json.boolean());
      return true;
    case Kind::Enum:
      return enumeration(json, object, field);
    default:
      if (!json.isNumber() && !json.isString()) return fail("is not a number");
      return isFraction(field.kind) ? fraction(json.view(), object, field) : integer(json.view(), object, field);
  }
}

bool JsonInput::integer(std::string_view text, void* object, const Field& field) {
  bool negative;
  uint64_t magnitude;
  if (!wholeNumber(text, &negative, &magnitude)) return fail(text, "is no whole number");
  const bool small = sizeOf(field.kind) == sizeof(int32_t);
  const bool is_signed = field.kind != Kind::UInt32 && field.kind != Kind::UInt64 && field.kind != Kind::Fixed32 &&
                         field.kind != Kind::Fixed64;
  uint64_t most = small ? UINT32_MAX : UINT64_MAX;
  if (is_signed) most = most / 2 + (negative ? 1 : 0);
  if (magnitude > most || (negative && !is_signed && magnitude != 0)) return fail(text, "is out of range");
  store(field.kind, placeFor(object, field), negative ? ~magnitude + 1 : magnitude);
  return true;
}

bool JsonInput::fraction(std::string_view text, void* object, const Field& field) {
  double value = 0;
  if (text == "NaN") {
    value = __builtin_nan("");
  } else if (text == "Infinity") {
    value = __builtin_inf();
  } else if (text == "-Infinity") {
    value = -__builtin_inf();
  } else if (!isNumber(text) || !static_cast<const NumberReader*>(field.type)->read(text, &value)) {
    return fail(text, "is not a number");
  }
  if (field.kind == Kind::Double) {
    *static_cast<double*>(placeFor(object, field)) = value;
    return true;
  }
  const float narrow = static_cast<float>(value);
  if (__builtin_isinf(narrow) && !__builtin_isinf(value)) return fail(text, "is out of range");
  *static_cast<float*>(placeFor(object, field)) = narrow;
  return true;
}

bool JsonInput::enumeration(const Json& json, void* object, const Field& field) {
  if (json.isNumber()) return integer(json.view(), object, field);
  const EnumTable& table = *static_cast<const EnumTable*>(field.type);
  int value = 0;
  if (json.isNull() && takesNull(field)) {
    store(field.kind, placeFor(object, field), 0);
    return true;
  }
  if (!json.isString()) return fail("is no name of a value");
  bool found = valueOf(table, json.view(), &value);
  for (int index = 0; index < table.count && !found && options_.case_insensitive_enum_parsing; ++index) {
    found = sameName(json.view(), table.values[index].name);
    value = table.values[index].number;
  }
  if (!found) {
    if (options_.ignore_unknown_fields) return true;
    fail(json.view(), "is no value of ");
    error_ += table.name;
    return false;
  }
  store(field.kind, placeFor(object, field), static_cast<uint64_t>(int64_t{value}));
  return true;
}

bool JsonInput::bytes(const Json& json, void* object, const Field& field) {
  if (!json.isString()) return fail(json, "is not a string");
  std::string_view text = json.view();
  for (int padding = 0; padding < 2 && !text.empty() && text.back() == '='; ++padding) text.remove_suffix(1);
  std::string* out = static_cast<std::string*>(placeFor(object, field));
  out->clear();
  uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const int digit = base64Digit(letter);
    if (digit < 0) return fail(json.view(), "is no base64 text");
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out->push_back(static_cast<char>(bits >> count));
  }
  return count != 6 || fail(json.view(), "is no base64 text");
}

}  // namespace internal

namespace util {

Status JsonStringToMessage(std::string_view text, Message* message, const JsonParseOptions& options) {
  message->Clear();
  const Json json = Json::parse(text, internal::kMaxDepth);
  if (!json) return Status(json.error());
  internal::JsonInput input(options);
  return input.message(json, message) ? Status() : Status(input.error());
}

Status JsonStringToMessage(std::string_view json, Message* message) { return JsonStringToMessage(json, message, {}); }

}  // namespace util
}  // namespace protobuf
}  // namespace google
