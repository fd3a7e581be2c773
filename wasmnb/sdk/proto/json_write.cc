// From a message to JSON text (protobuf's documentation, "ProtoJSON Format").
#include "json.h"
#include "times.h"

namespace google {
namespace protobuf {
namespace internal {

namespace {

class JsonOutput {
 public:
  JsonOutput(std::string* out, const util::JsonPrintOptions& options) : out_(out), options_(options) {}

  bool message(const MessageLite& message) {
    const WellKnown* known = Access::table(message).json;
    if (known != nullptr) return wellKnown(message, known->form);
    open('{');
    return members(message) && close('}');
  }
  const std::string& error() const { return error_; }

 private:
  bool wellKnown(const MessageLite& message, Form form) {
    const Field* fields = Access::table(message).fields;
    switch (form) {
      case Form::Any:
        return any(message);
      case Form::Duration:
        return time(putDuration(numberIn(message, fields[0]), numberIn(message, fields[1]), out_));
      case Form::Timestamp:
        return time(putTimestamp(numberIn(message, fields[0]), numberIn(message, fields[1]), out_));
      case Form::FieldMask:
        return fieldMask(message);
      case Form::Value:
        return value(message);
      case Form::Wrapper:
        return single(&at<char>(&message, fields[0].offset), fields[0]);
      default:
        return field(message, fields[0]);
    }
  }

  static int64_t numberIn(const MessageLite& message, const Field& field) {
    return static_cast<int64_t>(load(field.kind, &at<char>(&message, field.offset)));
  }

  bool time(bool good) { return good || fail("a time is out of range"); }

  bool members(const MessageLite& message) {
    const Table& table = Access::table(message);
    for (uint32_t index = 0; index < table.count; ++index) {
      const Field& each = table.fields[index];
      if (Values(&message, each).count == 0 && !(all() && isImplicit(each))) continue;
      next();
      text(options_.preserve_proto_field_names ? each.name : each.json_name);
      colon();
      if (!field(message, each)) return false;
    }
    return true;
  }

  bool all() const { return options_.always_print_primitive_fields || options_.always_print_fields_with_no_presence; }
  static bool isImplicit(const Field& field) {
    return isList(field.shape) || field.shape == Shape::Map ||
           (field.shape == Shape::Plain && field.kind != Kind::Message);
  }

  bool field(const MessageLite& message, const Field& field) {
    const Values values(&message, field);
    if (field.shape == Shape::Map) {
      open('{');
      const MapTable& map = *static_cast<const MapTable*>(field.type);
      for (int index = 0; index < values.count; ++index) {
        next();
        if (map.key.kind == Kind::String) {
          single(values[index], map.key);
        } else {
          out_->push_back('"');
          if (map.key.kind == Kind::Bool) {
            single(values[index], map.key);
          } else {
            putInteger(map.key.kind, values[index], out_);
          }
          out_->push_back('"');
        }
        colon();
        if (!single(&at<char>(values[index], map.value.offset), map.value)) return false;
      }
      return close('}');
    }
    if (!isList(field.shape)) {
      return single(values.count == 0 ? &at<char>(&message, field.offset) : values[0], field);
    }
    open('[');
    for (int index = 0; index < values.count; ++index) {
      next();
      if (!single(values[index], field)) return false;
    }
    return close(']');
  }

  bool single(const void* value, const Field& field) {
    switch (field.kind) {
      case Kind::Message:
        return message(messageOf(value));
      case Kind::String:
        text(*static_cast<const std::string*>(value));
        return true;
      case Kind::Bytes:
        base64(*static_cast<const std::string*>(value));
        return true;
      case Kind::Bool:
        out_->append(*static_cast<const bool*>(value) ? "true" : "false");
        return true;
      case Kind::Enum:
        enumeration(*static_cast<const int32_t*>(value), field);
        return true;
      case Kind::Float:
      case Kind::Double:
        fraction(value, field.kind);
        return true;
      default:
        // 64 bits are more than JavaScript's numbers hold.
        const bool quoted = sizeOf(field.kind) == sizeof(int64_t);
        if (quoted) out_->push_back('"');
        putInteger(field.kind, value, out_);
        if (quoted) out_->push_back('"');
        return true;
    }
  }

  void enumeration(int32_t value, const Field& field) {
    if (takesNull(field)) {
      out_->append("null");
      return;
    }
    const std::string& name = nameOf(*static_cast<const EnumTable*>(field.type), value);
    if (options_.always_print_enums_as_ints || name.empty()) {
      putInteger(Kind::Int32, &value, out_);
    } else {
      text(name);
    }
  }

  void fraction(const void* value, Kind kind) {
    const size_t start = out_->size();
    putFraction(kind, value, out_);
    const char last = out_->back();
    if (last != 'y' && last != 'N') return;  // Infinity, NaN
    out_->insert(start, "\"");
    out_->push_back('"');
  }

  void base64(const std::string& bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out_->push_back('"');
    for (size_t at = 0; at < bytes.size(); at += 3) {
      uint32_t bits = 0;
      for (size_t next = at; next < at + 3; ++next) {
        bits = bits << 8 | (next < bytes.size() ? static_cast<unsigned char>(bytes[next]) : 0U);
      }
      for (size_t digit = 0; digit < 4; ++digit) {
        out_->push_back(at + digit <= bytes.size() ? digits[bits >> (18 - 6 * digit) & 63] : '=');
      }
    }
    out_->push_back('"');
  }

  bool value(const MessageLite& message) {
    const Table& table = Access::table(message);
    for (uint32_t index = 0; index < table.count; ++index) {
      if (isSet(&message, table.fields[index])) return field(message, table.fields[index]);
    }
    return fail("a google.protobuf.Value is not set");
  }

  bool fieldMask(const MessageLite& message) {
    const Values paths(&message, Access::table(message).fields[0]);
    std::string joined;
    for (int index = 0; index < paths.count; ++index) {
      if (index != 0) joined.push_back(',');
      bool up = false;
      for (const char letter : *static_cast<const std::string*>(paths[index])) {
        const bool small = letter >= 'a' && letter <= 'z';
        if ((letter >= 'A' && letter <= 'Z') || (up && !small)) return fail("a field mask has no form in JSON");
        if (letter != '_') joined.push_back(up ? static_cast<char>(letter & ~0x20) : letter);
        up = letter == '_';
      }
      if (up) return fail("a field mask has no form in JSON");
    }
    text(joined);
    return true;
  }

  bool any(const MessageLite& message) {
    const Table& table = Access::table(message);
    const std::string& url = at<std::string>(&message, table.fields[0].offset);
    const std::string& bytes = at<std::string>(&message, table.fields[1].offset);
    open('{');
    if (url.empty() && bytes.empty()) return close('}');
    const Table* type = Registered::find(url);
    if (type == nullptr) return fail("a google.protobuf.Any holds a type that the filter does not know");
    MessageLite* held = type->create();
    bool good = held->ParseFromString(bytes) || fail("the bytes of a google.protobuf.Any are no message of its type");
    if (good) {
      next();
      text("@type");
      colon();
      text(url);
      if (type->json != nullptr) {
        next();
        text("value");
        colon();
        good = this->message(*held);
      } else {
        good = members(*held);
      }
    }
    delete held;
    return good && close('}');
  }

  void text(std::string_view content) {
    static const char digits[] = "0123456789abcdef";
    out_->push_back('"');
    for (const char letter : content) {
      const unsigned char code = static_cast<unsigned char>(letter);
      if (letter == '"' || letter == '\\') {
        out_->push_back('\\');
        out_->push_back(letter);
      } else if (code >= 0x20) {
        out_->push_back(letter);
      } else if (letter == '\n') {
        out_->append("\\n");
      } else {
        out_->append("\\u00");
        out_->push_back(digits[code >> 4]);
        out_->push_back(digits[code & 15]);
      }
    }
    out_->push_back('"');
  }

  void open(char bracket) {
    out_->push_back(bracket);
    ++depth_;
  }

  bool close(char bracket) {
    --depth_;
    const char last = out_->back();
    if (last != '{' && last != '[') line();
    out_->push_back(bracket);
    return true;
  }

  void next() {
    const char last = out_->back();
    if (last != '{' && last != '[') out_->push_back(',');
    line();
  }

  void colon() { out_->append(options_.add_whitespace ? ": " : ":"); }

  void line() {
    if (!options_.add_whitespace) return;
    out_->push_back('\n');
    out_->append(depth_, ' ');
  }

  bool fail(const char* why) {
    if (error_.empty()) error_ = why;
    return false;
  }

  std::string* out_;
  const util::JsonPrintOptions& options_;
  std::string error_;
  size_t depth_ = 0;
};

}  // namespace
}  // namespace internal

namespace util {

Status MessageToJsonString(const Message& message, std::string* output, const JsonPrintOptions& options) {
  internal::JsonOutput out(output, options);
  if (!out.message(message)) return Status(out.error());
  if (options.add_whitespace) output->push_back('\n');
  return Status();
}

Status MessageToJsonString(const Message& message, std::string* output) {
  return MessageToJsonString(message, output, {});
}

}  // namespace util
}  // namespace protobuf
}  // namespace google
