// Bytes that came from the host, and lists of name/value pairs.
#pragma once

#include <string.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy_wasm_externs.h"

#pragma GCC visibility push(hidden)

using HeaderStringPairs = std::vector<std::pair<std::string, std::string>>;
using HeaderViewPairs = std::vector<std::pair<StringView, StringView>>;

// Owns bytes that the host wrote into this module's memory. Views of it live as long as it does.
class WasmData {
 public:
  WasmData(const char* data, size_t size) : data_(data), size_(size) {}
  ~WasmData();
  WasmData(const WasmData&) = delete;
  WasmData& operator=(const WasmData&) = delete;

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  StringView view() const { return {data_, size_}; }
  std::string toString() const;
  // Reads the bytes as the ABI's list of pairs; a list that is cut short gives the pairs before the cut.
  HeaderViewPairs pairs() const;
  // Reads the bytes as a message of any type that has ParseFromArray(const void*, int).
  template <typename T>
  T proto() const {
    T message;
    message.ParseFromArray(data_, static_cast<int>(size_));
    return message;
  }

 private:
  const char* data_;
  size_t size_;
};

// How a WasmDataPtr ends: one call, where a filter would have a destructor and a deletion at each place.
template <>
struct std::default_delete<WasmData> {
  void operator()(WasmData* data) const noexcept;
};

using WasmDataPtr = std::unique_ptr<WasmData>;

// The ABI's form of pairs: count, then both sizes of each, then each text with a NUL behind it.
template <typename Pairs>
size_t pairsSize(const Pairs& pairs) {
  size_t size = sizeof(uint32_t);
  for (const auto& pair : pairs) size += 2 * sizeof(uint32_t) + pair.first.size() + pair.second.size() + 2;
  return size;
}

template <typename Pairs>
void marshalPairs(const Pairs& pairs, char* buffer) {
  auto* numbers = reinterpret_cast<uint32_t*>(buffer);
  char* text = buffer + sizeof(uint32_t) * (1 + 2 * pairs.size());
  const auto put = [&text](StringView part) {
    memcpy(text, part.data(), part.size());
    text[part.size()] = '\0';
    text += part.size() + 1;
  };
  *numbers++ = pairs.size();
  for (const auto& pair : pairs) {
    *numbers++ = pair.first.size();
    *numbers++ = pair.second.size();
    put(pair.first);
    put(pair.second);
  }
}

// Gives pairs as one block to be given back with free(); none for no pairs.
void exportPairs(const HeaderStringPairs& pairs, const char** block, size_t* block_size);

#pragma GCC visibility pop

// Compiled once, in the SDK's object.
extern template class std::vector<std::string>;
extern template class std::vector<std::pair<std::string, std::string>>;
extern template class std::vector<std::pair<std::string_view, std::string_view>>;
