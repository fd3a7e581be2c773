// Reads JSON text (RFC 8259) into a tree. Strings are decoded where they lie: none becomes longer by that.
#include <string.h>

#include <new>

#include "internal.h"
#include "proxy_wasm_json.h"

// Each function takes the place it reads from and gives the one behind, or null for an error. A NUL ends the text.
struct JsonReader {
  static char* value(char* at, Json* json, size_t depth_left);
  static char* children(char* at, Json* json, size_t depth_left);
  static char* fail(char* at, const char* why);
  static char* space(char* at);
  static char* word(char* at, const char* expected);
  static char* digits(char* at);
  static char* number(char* at);
  static char* string(char* at, const char** text, size_t* size);
  static char* character(char* at, uint32_t* code);
  static char* escape(char* at, uint32_t* code);
  static char* hex(char* at, uint32_t* unit);

  // Of the one text that is being read: a module has one thread.
  static Json* unused;  // the next node
  static char* failed_at;
  static const char* reason;
};

Json* JsonReader::unused;
char* JsonReader::failed_at;
const char* JsonReader::reason;

namespace {

bool isDigit(char character) { return static_cast<uint32_t>(character - '0') <= 9; }

}  // namespace

Json Json::parse(std::string_view text, size_t max_depth) {
  Json json;
  // Each value but the outermost has a comma or an opening bracket in front.
  size_t nodes = 0;
  for (const char each : text) nodes += each == ',' || each == '[' || each == '{';
  nodes *= sizeof(Json);
  json.block_ = operator new(nodes + text.size() + 1);
  JsonReader::unused = static_cast<Json*>(json.block_);
  char* start = static_cast<char*>(json.block_) + nodes;
  memcpy(start, text.data(), text.size());
  start[text.size()] = '\0';
  char* end = JsonReader::value(start, &json, max_depth);
  if (end != nullptr) {
    if (end == start + text.size()) return json;
    JsonReader::fail(end, "there is more text behind the value");
  }
  json.kind_ = Json::Kind::Absent;
  json.text_ = JsonReader::reason;
  json.line_ = json.column_ = 1;
  for (const char* passed = text.data(); start != JsonReader::failed_at; ++start, ++passed) {
    ++json.column_;
    if (*passed != '\n') continue;
    ++json.line_;
    json.column_ = 1;
  }
  return json;
}

char* JsonReader::fail(char* at, const char* why) {
  failed_at = at;
  reason = why;
  return nullptr;
}

char* JsonReader::space(char* at) {
  while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') ++at;
  return at;
}

// With the space around it.
char* JsonReader::value(char* at, Json* json, size_t depth_left) {
  at = space(at);
  json->text_ = at;
  const char first = *at;
  char* end;
  if (first == '{' || first == '[') {
    json->kind_ = first == '{' ? Json::Kind::Object : Json::Kind::Array;
    end = children(at, json, depth_left);
  } else if (first == '"') {
    json->kind_ = Json::Kind::String;
    end = string(at, &json->text_, &json->text_size_);
  } else {
    if (first == '-' || isDigit(first)) {
      json->kind_ = Json::Kind::Number;
      end = number(at);
    } else {
      json->kind_ = first == 'n' ? Json::Kind::Null : Json::Kind::Boolean;
      end = word(at, first == 'n' ? "null" : first == 't' ? "true" : "false");
    }
    json->text_size_ = static_cast<size_t>(end - at);
  }
  return end == nullptr ? nullptr : space(end);
}

char* JsonReader::children(char* at, Json* json, size_t depth_left) {
  if (depth_left == 0) return fail(at, "arrays and objects are nested too deeply");
  const bool members = *at == '{';
  const char end = members ? '}' : ']';
  at = space(at + 1);
  if (*at == end) return at + 1;
  Json** link = &json->first_;
  for (;; ++at) {
    Json* child = new (unused++) Json;
    *link = child;
    link = &child->next_;
    if (members) {
      at = space(at);
      if (*at != '"') return fail(at, "a member's name in double quotes is missing");
      at = string(at, &child->key_, &child->key_size_);
      if (at == nullptr) return nullptr;
      at = space(at);
      if (*at != ':') return fail(at, "':' is missing behind a member's name");
      ++at;
    }
    at = value(at, child, depth_left - 1);
    if (at == nullptr) return nullptr;
    if (*at == end) return at + 1;
    if (*at != ',') return fail(at, members ? "',' or '}' is missing" : "',' or ']' is missing");
  }
}

char* JsonReader::word(char* at, const char* expected) {
  const size_t size = strlen(expected);
  return memcmp(at, expected, size) == 0 ? at + size : fail(at, "a value is missing");
}

char* JsonReader::digits(char* at) {
  if (!isDigit(*at)) return fail(at, "a digit is missing");
  while (isDigit(*at)) ++at;
  return at;
}

char* JsonReader::number(char* at) {
  if (*at == '-') ++at;
  if (*at == '0' && isDigit(at[1])) return fail(at + 1, "a number may not begin with 0");
  at = digits(at);
  if (at != nullptr && *at == '.') at = digits(at + 1);
  if (at == nullptr || (*at | 0x20) != 'e') return at;
  ++at;
  return digits(*at == '+' || *at == '-' ? at + 1 : at);
}

char* JsonReader::string(char* at, const char** text, size_t* size) {
  char* out = ++at;
  *text = out;
  while (*at != '"') {
    uint32_t code;
    at = *at == '\\' ? escape(at + 1, &code) : character(at, &code);
    if (at == nullptr) return nullptr;
    if (code < 0x80) {
      *out++ = static_cast<char>(code);
      continue;
    }
    uint32_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *out++ = static_cast<char>(0xff00 >> (more + 1) | code >> 6 * more);
    while (more-- != 0) *out++ = static_cast<char>(0x80 | (code >> 6 * more & 0x3f));
  }
  *size = static_cast<size_t>(out - *text);
  return at + 1;
}

// One character in UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
char* JsonReader::character(char* at, uint32_t* code) {
  uint32_t unit = static_cast<unsigned char>(*at);
  if (unit < 0x20) {
    return fail(at, unit == 0 ? "a string has no end" : "a control character in a string must be written as \\u");
  }
  if (unit >= 0x80) {
    if (unit < 0xc2 || unit > 0xf4) return fail(at, "the text is not UTF-8");
    int more = unit < 0xe0 ? 1 : unit < 0xf0 ? 2 : 3;
    // Of the second byte, by the first one.
    uint32_t lowest = unit == 0xe0 ? 0xa0 : unit == 0xf0 ? 0x90 : 0x80;
    uint32_t highest = unit == 0xed ? 0x9f : unit == 0xf4 ? 0x8f : 0xbf;
    unit &= 0x3fU >> more;
    do {
      const uint32_t next = static_cast<unsigned char>(*++at);
      if (next < lowest || next > highest) return fail(at, "the text is not UTF-8");
      unit = unit << 6 | (next & 0x3f);
      lowest = 0x80;
      highest = 0xbf;
    } while (--more != 0);
  }
  *code = unit;
  return at + 1;
}

char* JsonReader::hex(char* at, uint32_t* unit) {
  *unit = 0;
  for (int count = 0; count < 4; ++count, ++at) {
    uint32_t digit = static_cast<uint32_t>(*at - '0');
    if (digit > 9) {
      digit = static_cast<uint32_t>((*at | 0x20) - 'a') + 10;
      if (digit - 10 > 5) return fail(at, "\\u needs four hexadecimal digits");
    }
    *unit = *unit << 4 | digit;
  }
  return at;
}

// What is behind a backslash.
char* JsonReader::escape(char* at, uint32_t* code) {
  if (*at != 'u') {
    for (const char* pair = "\"\"\\\\//b\bf\fn\nr\rt\t"; *pair != '\0'; pair += 2) {
      *code = static_cast<unsigned char>(pair[1]);
      if (*pair == *at) return at + 1;
    }
    return fail(at, "a string has an unknown escape");
  }
  at = hex(at + 1, code);
  if (at == nullptr || *code - 0xd800 >= 0x800) return at;
  uint32_t low = 0;
  if (*code < 0xdc00 && at[0] == '\\' && at[1] == 'u') {
    at = hex(at + 2, &low);
    if (at == nullptr) return nullptr;
  }
  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return low - 0xdc00 < 0x400 ? at : fail(at, "half of a surrogate pair stands alone");
}
