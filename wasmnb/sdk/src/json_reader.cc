// Reads JSON text (RFC 8259).
#include <utility>

#include "internal.h"
#include "proxy_wasm_json.h"

class JsonReader {
 public:
  JsonReader(std::string_view text, size_t max_depth) : text_(text), max_depth_(max_depth) {}

  Json document() {
    Json json;
    if (!value(json, 0)) return failed();
    skipSpace();
    if (at_ < text_.size()) {
      fail("there is more text behind the value");
      return failed();
    }
    return json;
  }

 private:
  // The sentence's end is the reason; the first one found stays.
  bool fail(const char* reason) {
    if (reason_ == nullptr) reason_ = reason;
    return false;
  }

  Json failed() const;
  int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }

  bool take(char character) {
    if (peek() != character) return false;
    ++at_;
    return true;
  }

  void skipSpace() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  bool isDigit() const { return peek() >= '0' && peek() <= '9'; }
  bool value(Json& json, size_t depth);
  bool children(Json& json, size_t depth, char end);
  bool word(Json& json, std::string_view expected, Json::Kind kind);
  bool number(Json& json);
  bool digits();
  bool string(std::string& out);
  bool escape(std::string& out);
  bool hex(uint32_t& unit);
  bool character(std::string& out);

  std::string_view text_;
  size_t max_depth_;
  size_t at_ = 0;
  const char* reason_ = nullptr;
};

Json Json::parse(std::string_view text, size_t max_depth) { return JsonReader(text, max_depth).document(); }

Json JsonReader::failed() const {
  int line = 1;
  int column = 1;
  for (size_t index = 0; index < at_ && index < text_.size(); ++index) {
    if (text_[index] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  Json json;
  char number[12];
  json.error_.append("line ").append(proxy_wasm_internal::decimal(line, number)).append(", column ");
  json.error_.append(proxy_wasm_internal::decimal(column, number)).append(": ").append(reason_);
  return json;
}

bool JsonReader::value(Json& json, size_t depth) {
  skipSpace();
  switch (peek()) {
    case '{':
      json.kind_ = Json::Kind::Object;
      return children(json, depth, '}');
    case '[':
      json.kind_ = Json::Kind::Array;
      return children(json, depth, ']');
    case '"':
      json.kind_ = Json::Kind::String;
      return string(json.text_);
    case 't':
      return word(json, "true", Json::Kind::Boolean);
    case 'f':
      return word(json, "false", Json::Kind::Boolean);
    case 'n':
      return word(json, "null", Json::Kind::Null);
    default:
      if (peek() == '-' || isDigit()) return number(json);
      return fail("a value is missing");
  }
}

bool JsonReader::children(Json& json, size_t depth, char end) {
  if (depth == max_depth_) return fail("arrays and objects are nested too deeply");
  ++at_;
  skipSpace();
  if (take(end)) return true;
  Json** link = &json.first_;
  do {
    Json* child = *link = new Json;
    link = &child->next_;
    if (end == '}') {
      skipSpace();
      if (peek() != '"') return fail("a member's name in double quotes is missing");
      if (!string(child->key_)) return false;
      skipSpace();
      if (!take(':')) return fail("':' is missing behind a member's name");
    }
    if (!value(*child, depth + 1)) return false;
    skipSpace();
  } while (take(','));
  return take(end) || fail(end == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
}

bool JsonReader::word(Json& json, std::string_view expected, Json::Kind kind) {
  if (text_.substr(at_, expected.size()) != expected) return fail("a value is missing");
  at_ += expected.size();
  json.kind_ = kind;
  json.text_ = expected;
  return true;
}

bool JsonReader::digits() {
  if (!isDigit()) return fail("a digit is missing");
  while (isDigit()) ++at_;
  return true;
}

bool JsonReader::number(Json& json) {
  const size_t start = at_;
  take('-');
  if (take('0')) {
    if (isDigit()) return fail("a number may not begin with 0");
  } else if (!digits()) {
    return false;
  }
  if (take('.') && !digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!digits()) return false;
  }
  json.kind_ = Json::Kind::Number;
  json.text_ = text_.substr(start, at_ - start);
  return true;
}

bool JsonReader::string(std::string& out) {
  ++at_;
  while (!take('"')) {
    if (peek() < 0) return fail("a string has no end");
    if (!(take('\\') ? escape(out) : character(out))) return false;
  }
  return true;
}

// One character as UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool JsonReader::character(std::string& out) {
  const size_t start = at_;
  const int first = peek();
  if (first < 0x20) return fail("a control character in a string must be written as \\u");
  int more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : 3;
  if (more == 3 && (first < 0xf0 || first > 0xf4)) return fail("the text is no UTF-8");
  int lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  int highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  for (++at_; more > 0; --more, ++at_) {
    if (peek() < lowest || peek() > highest) return fail("the text is no UTF-8");
    lowest = 0x80;
    highest = 0xbf;
  }
  out.append(text_.substr(start, at_ - start));
  return true;
}

bool JsonReader::hex(uint32_t& unit) {
  unit = 0;
  for (int count = 0; count < 4; ++count, ++at_) {
    const int digit = peek();
    const int letter = digit | 0x20;
    if (isDigit()) {
      unit = unit * 16 + static_cast<uint32_t>(digit - '0');
    } else if (letter >= 'a' && letter <= 'f') {
      unit = unit * 16 + static_cast<uint32_t>(letter - 'a' + 10);
    } else {
      return fail("\\u needs four hexadecimal digits");
    }
  }
  return true;
}

bool JsonReader::escape(std::string& out) {
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr char kMeanings[] = "\"\\/\b\f\n\r\t";
  if (!take('u')) {
    const size_t found = peek() < 0 ? std::string_view::npos : kLetters.find(static_cast<char>(peek()));
    if (found == std::string_view::npos) return fail("a string has an unknown escape");
    ++at_;
    out.push_back(kMeanings[found]);
    return true;
  }
  uint32_t code;
  if (!hex(code)) return false;
  if (code >= 0xd800 && code < 0xe000) {
    uint32_t low;
    if (code >= 0xdc00 || !take('\\') || !take('u')) return fail("half of a surrogate pair stands alone");
    if (!hex(low)) return false;
    if (low < 0xdc00 || low >= 0xe000) return fail("half of a surrogate pair stands alone");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (code >= 0x10000) {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
  } else if (code >= 0x800) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
  }
  if (code >= 0x800) out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
  else if (code >= 0x80) out.push_back(static_cast<char>(0xc0 | code >> 6));
  out.push_back(static_cast<char>(code < 0x80 ? code : 0x80 | (code & 0x3f)));
  return true;
}
