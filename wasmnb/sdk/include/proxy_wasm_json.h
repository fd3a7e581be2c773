// JSON for a filter's configuration: strict (RFC 8259), without exceptions.
//
//   const Json json = Json::parse(getConfiguration()->view());
//   if (!json) { LOG_ERROR(json.error()); return false; }   // "line 1, column 9: a value is missing"
//   name_ = json["name"].string("x-default");
//   for (const Json& route : json["routes"]) limit_[route["path"].string()] = route["limit"].integer(100);
//
// What is not there, or is of another kind, gives the fallback; nothing here ends the module. What [] and loops give
// lives as long as what parse gave.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <string>
#include <string_view>

#pragma GCC visibility push(hidden)

class Json {
 public:
  enum class Kind : uint8_t { Absent, Null, Boolean, Number, String, Array, Object };

  // Goes through a value's elements or members, in the text's order.
  class Iterator {
   public:
    explicit Iterator(const Json* at) : at_(at) {}
    const Json& operator*() const { return *at_; }
    const Json* operator->() const { return at_; }
    Iterator& operator++() {
      at_ = at_->next_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const Json* at_;
  };

  // Reads a text of at most max_depth arrays and objects in one another.
  static Json parse(std::string_view text, size_t max_depth = 64);

  Json() = default;
  Json(Json&& other) noexcept { *this = static_cast<Json&&>(other); }
  Json& operator=(Json&& other) noexcept;
  ~Json() { free(block_); }

  // False for a text with an error, and for a value that is not there.
  explicit operator bool() const { return kind_ != Kind::Absent; }
  // Line, column (of bytes) and reason; empty when the text is right.
  std::string error() const;
  Kind kind() const { return kind_; }
  bool isNull() const { return kind_ == Kind::Null; }
  bool isBoolean() const { return kind_ == Kind::Boolean; }
  bool isNumber() const { return kind_ == Kind::Number; }
  bool isString() const { return kind_ == Kind::String; }
  bool isArray() const { return kind_ == Kind::Array; }
  bool isObject() const { return kind_ == Kind::Object; }

  // A member of an object; the last one when several have that name.
  const Json& operator[](std::string_view name) const { return member(name.data(), name.size()); }
  // An element of an array, or a member of an object, by its place.
  const Json& operator[](size_t index) const;
  bool has(std::string_view name) const { return static_cast<bool>((*this)[name]); }
  size_t size() const;
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(nullptr); }
  // The name under which this value is a member of an object.
  std::string key() const { return std::string(key_, key_size_); }

  // The name; and a string's characters, or a number as it was written. They live as long as what parse gave.
  std::string_view keyView() const { return {key_, key_size_}; }
  std::string_view view() const { return isString() || isNumber() ? std::string_view(text_, text_size_) : ""; }

  std::string string(std::string_view fallback = {}) const { return text(fallback.data(), fallback.size()); }
  bool boolean(bool fallback = false) const;
  // A number written without fraction and exponent, when 64 bits hold it.
  int64_t integer(int64_t fallback = 0) const;
  double number(double fallback = 0) const;

 private:
  friend struct JsonReader;
  const Json& member(const char* name, size_t size) const;
  std::string text(const char* fallback, size_t fallback_size) const;

  // What was parsed is one block: this value's descendants, then the text, in which all strings lie. It is the root's.
  void* block_ = nullptr;
  const char* text_ = nullptr;  // a string's characters, a number's or a word's; behind an error its reason
  size_t text_size_ = 0;
  const char* key_ = nullptr;
  size_t key_size_ = 0;
  Json* first_ = nullptr;
  Json* next_ = nullptr;
  uint32_t line_ = 0;  // of an error
  uint32_t column_ = 0;
  Kind kind_ = Kind::Absent;
};

#pragma GCC visibility pop
