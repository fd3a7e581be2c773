// Lists of numbers (RepeatedField), and of strings or messages (RepeatedPtrField).
#pragma once

#include <iterator>
#include <type_traits>
#include <utility>

#include "google/protobuf/message_lite.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {
namespace internal {

struct List {
  void* data = nullptr;
  int size = 0;
  int capacity = 0;

  // Room for so many elements of a size; what is new is undefined.
  void reserve(int count, size_t element);
  void swap(List* other);
};

void freeList(List* list);
void freeStrings(List* list);
void freeMessages(List* list);
[[noreturn]] void badIndex();

// Goes through pointers, and gives what they point to.
template <typename T>
class PointerIterator {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = std::remove_const_t<T>;
  using difference_type = ptrdiff_t;
  using pointer = T*;
  using reference = T&;

  PointerIterator() = default;
  explicit PointerIterator(void* const* at) : at_(at) {}
  template <typename U, typename = std::enable_if_t<std::is_same_v<const U, T>>>
  PointerIterator(const PointerIterator<U>& other) : at_(other.place()) {}

  void* const* place() const { return at_; }
  T& operator*() const { return *static_cast<T*>(*at_); }
  T* operator->() const { return static_cast<T*>(*at_); }
  T& operator[](ptrdiff_t index) const { return *static_cast<T*>(at_[index]); }
  PointerIterator& operator++() { return *this += 1; }
  PointerIterator& operator--() { return *this -= 1; }
  PointerIterator operator++(int) { return PointerIterator(at_++); }
  PointerIterator operator--(int) { return PointerIterator(at_--); }
  PointerIterator& operator+=(ptrdiff_t count) {
    at_ += count;
    return *this;
  }
  PointerIterator& operator-=(ptrdiff_t count) { return *this += -count; }
  PointerIterator operator+(ptrdiff_t count) const { return PointerIterator(at_ + count); }
  PointerIterator operator-(ptrdiff_t count) const { return PointerIterator(at_ - count); }
  ptrdiff_t operator-(const PointerIterator& other) const { return at_ - other.at_; }
  bool operator==(const PointerIterator& other) const { return at_ == other.at_; }
  bool operator!=(const PointerIterator& other) const { return at_ != other.at_; }
  bool operator<(const PointerIterator& other) const { return at_ < other.at_; }

 private:
  void* const* at_ = nullptr;
};

}  // namespace internal

template <typename T>
class RepeatedField {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  RepeatedField() = default;
  RepeatedField(const RepeatedField& other) { MergeFrom(other); }
  RepeatedField(RepeatedField&& other) noexcept { Swap(&other); }
  template <typename Iterator>
  RepeatedField(Iterator first, Iterator last) {
    Add(first, last);
  }
  RepeatedField& operator=(const RepeatedField& other) {
    if (this != &other) CopyFrom(other);
    return *this;
  }
  RepeatedField& operator=(RepeatedField&& other) noexcept {
    Swap(&other);
    return *this;
  }
  ~RepeatedField() { internal::freeList(&list_); }

  bool empty() const { return list_.size == 0; }
  int size() const { return list_.size; }
  const T& Get(int index) const { return data()[index]; }
  T* Mutable(int index) { return &data()[index]; }
  const T& operator[](int index) const { return data()[index]; }
  T& operator[](int index) { return data()[index]; }
  const T& at(int index) const {
    if (index < 0 || index >= size()) internal::badIndex();
    return data()[index];
  }
  void Set(int index, T value) { data()[index] = value; }
  void Add(T value) {
    list_.reserve(list_.size + 1, sizeof(T));
    data()[list_.size++] = value;
  }
  template <typename Iterator>
  void Add(Iterator first, Iterator last) {
    for (; first != last; ++first) Add(*first);
  }
  void Resize(int size, T value) {
    while (list_.size < size) Add(value);
    list_.size = size;
  }
  void Reserve(int count) { list_.reserve(count, sizeof(T)); }
  void Truncate(int size) { list_.size = size; }
  void RemoveLast() { --list_.size; }
  void Clear() { list_.size = 0; }
  void MergeFrom(const RepeatedField& other) { Add(other.begin(), other.end()); }
  void CopyFrom(const RepeatedField& other) {
    Clear();
    MergeFrom(other);
  }
  void Swap(RepeatedField* other) { list_.swap(&other->list_); }
  iterator erase(const_iterator at) {
    iterator hole = begin() + (at - cbegin());
    for (iterator next = hole; next + 1 != end(); ++next) next[0] = next[1];
    --list_.size;
    return hole;
  }
  T* data() { return static_cast<T*>(list_.data); }
  const T* data() const { return static_cast<const T*>(list_.data); }
  T* mutable_data() { return data(); }
  iterator begin() { return data(); }
  iterator end() { return data() + list_.size; }
  const_iterator begin() const { return data(); }
  const_iterator end() const { return data() + list_.size; }
  const_iterator cbegin() const { return begin(); }
  const_iterator cend() const { return end(); }

 private:
  internal::List list_;
};

template <typename T>
class RepeatedPtrField {
 public:
  using value_type = T;
  using iterator = internal::PointerIterator<T>;
  using const_iterator = internal::PointerIterator<const T>;

  RepeatedPtrField() = default;
  RepeatedPtrField(const RepeatedPtrField& other) { MergeFrom(other); }
  RepeatedPtrField(RepeatedPtrField&& other) noexcept { Swap(&other); }
  template <typename Iterator>
  RepeatedPtrField(Iterator first, Iterator last) {
    Add(first, last);
  }
  RepeatedPtrField& operator=(const RepeatedPtrField& other) {
    if (this != &other) CopyFrom(other);
    return *this;
  }
  RepeatedPtrField& operator=(RepeatedPtrField&& other) noexcept {
    Swap(&other);
    return *this;
  }
  ~RepeatedPtrField() {
    Clear();
    internal::freeList(&list_);
  }

  bool empty() const { return list_.size == 0; }
  int size() const { return list_.size; }
  const T& Get(int index) const { return begin()[index]; }
  T* Mutable(int index) { return &begin()[index]; }
  const T& operator[](int index) const { return Get(index); }
  T& operator[](int index) { return *Mutable(index); }
  const T& at(int index) const {
    if (index < 0 || index >= size()) internal::badIndex();
    return Get(index);
  }
  T* Add() {
    T* element = new T;
    AddAllocated(element);
    return element;
  }
  void Add(T&& value) { *Add() = std::move(value); }
  template <typename Iterator>
  void Add(Iterator first, Iterator last) {
    for (; first != last; ++first) *Add() = *first;
  }
  void AddAllocated(T* element) {
    list_.reserve(list_.size + 1, sizeof(void*));
    places()[list_.size++] = element;
  }
  T* ReleaseLast() { return static_cast<T*>(places()[--list_.size]); }
  void Reserve(int count) { list_.reserve(count, sizeof(void*)); }
  void RemoveLast() { delete ReleaseLast(); }
  void DeleteSubrange(int start, int count) { erase(begin() + start, begin() + start + count); }
  void SwapElements(int one, int other) { std::swap(places()[one], places()[other]); }
  void Clear() {
    if constexpr (std::is_same_v<T, std::string>) {
      internal::freeStrings(&list_);
    } else {
      internal::freeMessages(&list_);
    }
  }
  void MergeFrom(const RepeatedPtrField& other) { Add(other.begin(), other.end()); }
  void CopyFrom(const RepeatedPtrField& other) {
    Clear();
    MergeFrom(other);
  }
  void Swap(RepeatedPtrField* other) { list_.swap(&other->list_); }
  iterator erase(const_iterator at) { return erase(at, at + 1); }
  iterator erase(const_iterator first, const_iterator last) {
    const int start = static_cast<int>(first - cbegin());
    const int count = static_cast<int>(last - first);
    for (int index = start; index < start + count; ++index) delete static_cast<T*>(places()[index]);
    list_.size -= count;
    for (int index = start; index < list_.size; ++index) places()[index] = places()[index + count];
    return begin() + start;
  }
  iterator begin() { return iterator(places()); }
  iterator end() { return begin() + list_.size; }
  const_iterator begin() const { return const_iterator(places()); }
  const_iterator end() const { return begin() + list_.size; }
  const_iterator cbegin() const { return begin(); }
  const_iterator cend() const { return end(); }

 private:
  void** places() const { return static_cast<void**>(list_.data); }
  internal::List list_;
};

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
