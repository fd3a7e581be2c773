// Bytes from the host, and pairs.
#include "proxy_wasm_data.h"

#include <stdlib.h>

template class std::vector<std::string>;
template class std::vector<std::pair<std::string, std::string>>;
template class std::vector<std::pair<std::string_view, std::string_view>>;

WasmData::~WasmData() { free(const_cast<char*>(data_)); }

void std::default_delete<WasmData>::operator()(WasmData* data) const noexcept { delete data; }

std::string WasmData::toString() const { return std::string(view()); }

HeaderViewPairs WasmData::pairs() const {
  HeaderViewPairs pairs;
  if (size_ < sizeof(uint32_t)) return pairs;
  const char* numbers = data_;
  const auto number = [&numbers] {
    uint32_t value;
    memcpy(&value, numbers, sizeof(value));
    numbers += sizeof(value);
    return value;
  };
  const size_t count = number();
  if (count > (size_ - sizeof(uint32_t)) / (2 * sizeof(uint32_t))) return pairs;
  const char* text = numbers + count * 2 * sizeof(uint32_t);
  size_t left = static_cast<size_t>(data_ + size_ - text);
  pairs.reserve(count);
  for (size_t index = 0; index < count; ++index) {
    const size_t key_size = number();
    const size_t value_size = number();
    if (key_size >= left || value_size >= left - key_size - 1) break;
    pairs.emplace_back(StringView(text, key_size), StringView(text + key_size + 1, value_size));
    text += key_size + value_size + 2;
    left -= key_size + value_size + 2;
  }
  return pairs;
}

void exportPairs(const HeaderStringPairs& pairs, const char** block, size_t* block_size) {
  *block = nullptr;
  *block_size = 0;
  if (pairs.empty()) return;
  *block_size = pairsSize(pairs);
  auto* buffer = static_cast<char*>(malloc(*block_size));
  if (buffer == nullptr) __builtin_trap();
  marshalPairs(pairs, buffer);
  *block = buffer;
}
