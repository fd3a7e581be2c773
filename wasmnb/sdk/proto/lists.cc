// Memory of lists and maps.
#include <stdlib.h>

#include "internal.h"
#include "proxy_wasm_log.h"

namespace google {
namespace protobuf {
namespace internal {

void badIndex() { logAbort("a list, or a map, of a message has no such element"); }

void List::reserve(int count, size_t element) {
  if (count <= capacity) return;
  int wanted = capacity * 2 < 4 ? 4 : capacity * 2;
  if (wanted < count) wanted = count;
  void* grown = realloc(data, static_cast<size_t>(wanted) * element);
  if (grown == nullptr) logAbort("a list of a message does not fit into memory");
  data = grown;
  capacity = wanted;
}

void List::swap(List* other) {
  const List kept = *this;
  *this = *other;
  *other = kept;
}

void freeList(List* list) {
  free(list->data);
  *list = List();
}

void freeStrings(List* list) {
  while (list->size != 0) delete static_cast<std::string**>(list->data)[--list->size];
}

void freeMessages(List* list) {
  while (list->size != 0) delete static_cast<MessageLite**>(list->data)[--list->size];
}

namespace {

int compare(Kind kind, const void* one, const void* other) {
  if (kind == Kind::String) {
    return static_cast<const std::string*>(one)->compare(*static_cast<const std::string*>(other));
  }
  const uint64_t first = load(kind, one);
  const uint64_t second = load(kind, other);
  if (first == second) return 0;
  const bool is_signed = kind != Kind::UInt32 && kind != Kind::UInt64 && kind != Kind::Fixed32 && kind != Kind::Fixed64;
  return (is_signed ? static_cast<int64_t>(first) < static_cast<int64_t>(second) : first < second) ? -1 : 1;
}

}  // namespace

int findKey(const List& entries, Kind kind, const void* key, bool* found) {
  int low = 0;
  int high = entries.size;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    const int order = compare(kind, static_cast<void**>(entries.data)[middle], key);
    if (order == 0) {
      *found = true;
      return middle;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *found = false;
  return low;
}

void insertEntry(List* entries, int place, void* entry) {
  entries->reserve(entries->size + 1, sizeof(void*));
  void** at = static_cast<void**>(entries->data) + place;
  memmove(at + 1, at, static_cast<size_t>(entries->size - place) * sizeof(void*));
  *at = entry;
  ++entries->size;
}

void* takeEntry(List* entries, int place) {
  void** at = static_cast<void**>(entries->data) + place;
  void* entry = *at;
  --entries->size;
  memmove(at, at + 1, static_cast<size_t>(entries->size - place) * sizeof(void*));
  return entry;
}

}  // namespace internal
}  // namespace protobuf
}  // namespace google
