// Messages as text for people (protobuf's documentation, "Text Format").
#include "json.h"

namespace google {
namespace protobuf {

using namespace internal;

namespace {

class TextOutput {
 public:
  explicit TextOutput(bool lines) : lines_(lines) {}

  void message(const MessageLite& message) {
    const Table& table = Access::table(message);
    object(&message, table.fields, table.count);
  }
  std::string take() {
    if (!lines_ && !out_.empty()) out_.pop_back();
    return std::move(out_);
  }

 private:
  void object(const void* object, const Field* fields, uint32_t count) {
    for (const Field* field = fields; field != fields + count; ++field) {
      const Values values(object, *field);
      for (int index = 0; index < values.count; ++index) one(values[index], *field);
    }
  }

  void one(const void* value, const Field& field) {
    if (lines_) out_.append(depth_ * 2, ' ');
    out_.append(field.name);
    if (field.shape != Shape::Map && field.kind != Kind::Message) {
      out_.append(": ");
      plain(value, field);
    } else {
      out_.append(lines_ ? " {\n" : " { ");
      ++depth_;
      if (field.shape == Shape::Map) {
        object(value, &static_cast<const MapTable*>(field.type)->key, 2);
      } else {
        message(messageOf(value));
      }
      --depth_;
      if (lines_) out_.append(depth_ * 2, ' ');
      out_.push_back('}');
    }
    out_.push_back(lines_ ? '\n' : ' ');
  }

  void plain(const void* value, const Field& field) {
    if (isText(field.kind)) {
      text(*static_cast<const std::string*>(value), field.kind == Kind::Bytes);
    } else if (field.kind == Kind::Bool) {
      out_.append(*static_cast<const bool*>(value) ? "true" : "false");
    } else if (isFraction(field.kind)) {
      putFraction(field.kind, value, &out_);
    } else {
      const std::string* name = field.kind != Kind::Enum ? nullptr
                                                         : &nameOf(*static_cast<const EnumTable*>(field.type),
                                                                   *static_cast<const int32_t*>(value));
      if (name != nullptr && !name->empty()) {
        out_.append(*name);
      } else {
        putInteger(field.kind, value, &out_);
      }
    }
  }

  void text(const std::string& content, bool bytes) {
    out_.push_back('"');
    for (const char letter : content) {
      const unsigned char code = static_cast<unsigned char>(letter);
      if (letter == '"' || letter == '\\') {
        out_.push_back('\\');
        out_.push_back(letter);
      } else if (letter == '\n') {
        out_.append("\\n");
      } else if (code < 0x20 || code == 0x7f || (bytes && code >= 0x80)) {
        out_.push_back('\\');
        for (int shift = 6; shift >= 0; shift -= 3) out_.push_back(static_cast<char>('0' + (code >> shift & 7)));
      } else {
        out_.push_back(letter);
      }
    }
    out_.push_back('"');
  }

  std::string out_;
  size_t depth_ = 0;
  bool lines_;
};

}  // namespace

std::string MessageLite::DebugString() const {
  TextOutput out(true);
  out.message(*this);
  return out.take();
}

std::string MessageLite::ShortDebugString() const {
  TextOutput out(false);
  out.message(*this);
  return out.take();
}

}  // namespace protobuf
}  // namespace google
