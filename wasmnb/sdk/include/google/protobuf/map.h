// Maps from a number, a bool or a string to any value. Entries lie in the order of their keys; pointers to them stay
// right while others come and go.
#pragma once

#include <initializer_list>

#include "google/protobuf/repeated_field.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {
namespace internal {

template <typename K>
constexpr Kind keyKind() {
  if constexpr (std::is_same_v<K, std::string>) return Kind::String;
  if constexpr (std::is_same_v<K, bool>) return Kind::Bool;
  if constexpr (sizeof(K) == sizeof(int32_t)) return std::is_signed_v<K> ? Kind::Int32 : Kind::UInt32;
  return std::is_signed_v<K> ? Kind::Int64 : Kind::UInt64;
}

// Gives the place of the first entry whose key is not less; the entry there has the key when found says so.
int findKey(const List& entries, Kind kind, const void* key, bool* found);
void insertEntry(List* entries, int place, void* entry);
void* takeEntry(List* entries, int place);

}  // namespace internal

template <typename K, typename V>
class Map {
 public:
  using key_type = K;
  using mapped_type = V;
  using value_type = std::pair<const K, V>;
  using iterator = internal::PointerIterator<value_type>;
  using const_iterator = internal::PointerIterator<const value_type>;

  Map() = default;
  Map(const Map& other) { insert(other.begin(), other.end()); }
  Map(Map&& other) noexcept { swap(other); }
  Map(std::initializer_list<value_type> values) { insert(values.begin(), values.end()); }
  Map& operator=(const Map& other) {
    if (this != &other) {
      clear();
      insert(other.begin(), other.end());
    }
    return *this;
  }
  Map& operator=(Map&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Map() {
    clear();
    internal::freeList(&entries_);
  }

  bool empty() const { return entries_.size == 0; }
  size_t size() const { return static_cast<size_t>(entries_.size); }
  iterator begin() { return iterator(places()); }
  iterator end() { return begin() + entries_.size; }
  const_iterator begin() const { return const_iterator(places()); }
  const_iterator end() const { return begin() + entries_.size; }
  const_iterator cbegin() const { return begin(); }
  const_iterator cend() const { return end(); }

  iterator find(const K& key) {
    bool found;
    const int place = internal::findKey(entries_, internal::keyKind<K>(), &key, &found);
    return found ? begin() + place : end();
  }
  const_iterator find(const K& key) const { return const_cast<Map*>(this)->find(key); }
  bool contains(const K& key) const { return find(key) != end(); }
  size_t count(const K& key) const { return contains(key) ? 1 : 0; }
  V& at(const K& key) {
    const iterator found = find(key);
    if (found == end()) internal::badIndex();
    return found->second;
  }
  const V& at(const K& key) const { return const_cast<Map*>(this)->at(key); }
  V& operator[](const K& key) { return try_emplace(key).first->second; }

  template <typename... Arguments>
  std::pair<iterator, bool> try_emplace(const K& key, Arguments&&... arguments) {
    bool found;
    const int place = internal::findKey(entries_, internal::keyKind<K>(), &key, &found);
    if (!found) {
      internal::insertEntry(&entries_, place, new value_type(key, V(std::forward<Arguments>(arguments)...)));
    }
    return {begin() + place, !found};
  }
  template <typename Value>
  std::pair<iterator, bool> emplace(const K& key, Value&& value) {
    return try_emplace(key, std::forward<Value>(value));
  }
  std::pair<iterator, bool> insert(const value_type& value) { return try_emplace(value.first, value.second); }
  template <typename Iterator>
  void insert(Iterator first, Iterator last) {
    for (; first != last; ++first) insert(*first);
  }
  size_t erase(const K& key) {
    const iterator found = find(key);
    if (found == end()) return 0;
    erase(found);
    return 1;
  }
  iterator erase(iterator at) {
    const int place = static_cast<int>(at - begin());
    delete static_cast<value_type*>(internal::takeEntry(&entries_, place));
    return begin() + place;
  }
  void clear() {
    while (entries_.size != 0) delete static_cast<value_type*>(places()[--entries_.size]);
  }
  void swap(Map& other) { entries_.swap(&other.entries_); }

  // For tables.
  static void* create() { return new value_type(K(), V()); }
  static void destroy(void* entry) { delete static_cast<value_type*>(entry); }
  static constexpr uint32_t kValueOffset = (sizeof(K) + alignof(V) - 1) / alignof(V) * alignof(V);

 private:
  void** places() const { return static_cast<void**>(entries_.data); }
  internal::List entries_;
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
