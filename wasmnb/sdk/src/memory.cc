// The module's heap: malloc and its family. Free blocks stand in lists by powers of two, and neighbours merge at once
// (boundary tags: D. Knuth, "The Art of Computer Programming", volume 1, 2.5). Half a kilobyte of code, where the C
// library's is 6 kB; a proxy runs a filter for months, so one that never merges would not do.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy_wasm_log.h"

extern "C" char __heap_base;  // the linker's: the first byte behind stack and static data

namespace {

constexpr size_t kAlignment = 16;
constexpr size_t kPage = 65536;
constexpr size_t kGrowPages = 4;
constexpr size_t kLargest = 0x7fff0000;
// So many blocks of the size's own list are looked at; any block of a list behind it will do.
constexpr int kTries = 32;

// In front of each block's bytes, which are aligned to 16: the header is at 8 modulo 16, and sizes count it.
struct Block {
  Block* before;  // the neighbour at the lower address; null for a region's first
  size_t size_and_free;
  // In the bytes, while nobody uses them.
  Block* next_free;
  Block** link;  // what points to this one

  size_t size() const { return size_and_free & ~size_t{1}; }
  bool isFree() const { return (size_and_free & 1) != 0; }
  Block* after() { return reinterpret_cast<Block*>(reinterpret_cast<char*>(this) + size()); }
  void* bytes() { return reinterpret_cast<char*>(this) + kHeader; }
  static Block* of(void* bytes) { return reinterpret_cast<Block*>(static_cast<char*>(bytes) - kHeader); }

  static constexpr size_t kHeader = 8;
};

Block* lists[32];
Block* end_block;  // of size 0 and in use, at the end of the newest region

int powerOf(size_t size) { return 31 - __builtin_clz(size); }

void unlink(Block* block) {
  *block->link = block->next_free;
  if (block->next_free != nullptr) block->next_free->link = block->link;
}

// Puts a block that is in use among the free ones, as one with its free neighbours.
void release(Block* block) {
  size_t size = block->size();
  Block* after = block->after();
  if (after->isFree()) {
    unlink(after);
    size += after->size();
  }
  Block* before = block->before;
  if (before != nullptr && before->isFree()) {
    unlink(before);
    size += before->size();
    block = before;
  }
  Block** list = &lists[powerOf(size)];
  block->size_and_free = size | 1;
  block->after()->before = block;
  block->next_free = *list;
  block->link = list;
  if (*list != nullptr) (*list)->link = &block->next_free;
  *list = block;
}

// Gives the end of a block that is in use back, when it is of any use.
void trim(Block* block, size_t size) {
  const size_t rest = block->size() - size;
  if (rest < kAlignment) return;
  block->size_and_free = size;
  Block* tail = block->after();
  tail->before = block;
  tail->size_and_free = rest;
  release(tail);
}

bool addMemory(size_t size) {
  const bool first = end_block == nullptr;
  uintptr_t start = __builtin_wasm_memory_size(0) * kPage;
  const uintptr_t start_of_heap = reinterpret_cast<uintptr_t>(&__heap_base);
  const size_t pages = (size + 2 * kAlignment + kPage - 1) / kPage;
  if (__builtin_wasm_memory_grow(0, pages < kGrowPages ? kGrowPages : pages) == SIZE_MAX) {
    if (pages >= kGrowPages || __builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return false;
  }
  const uintptr_t end = __builtin_wasm_memory_size(0) * kPage;
  Block* block = end_block;
  Block* new_end = reinterpret_cast<Block*>(end - Block::kHeader);
  if (first || reinterpret_cast<uintptr_t>(end_block) + Block::kHeader != start) {
    // What the linker left between the static data and the first page's end is the heap's too.
    if (first) start = (start_of_heap + kAlignment - 1) & ~(kAlignment - 1);
    block = reinterpret_cast<Block*>(start + kAlignment - Block::kHeader);
    block->before = nullptr;
  }
  block->size_and_free = reinterpret_cast<uintptr_t>(new_end) - reinterpret_cast<uintptr_t>(block);
  new_end->before = block;
  new_end->size_and_free = 0;
  end_block = new_end;
  release(block);
  return true;
}

size_t blockSize(size_t size) {
  const size_t rounded = (size + Block::kHeader + kAlignment - 1) & ~(kAlignment - 1);
  return rounded < kAlignment ? kAlignment : rounded;
}

// A free block of at least that size, taken out of its list.
Block* take(size_t size) {
  for (int power = powerOf(size); power < 32; ++power) {
    int tries = kTries;
    for (Block* block = lists[power]; block != nullptr && tries != 0; block = block->next_free, --tries) {
      if (block->size() < size) continue;
      unlink(block);
      block->size_and_free = block->size();
      return block;
    }
  }
  return nullptr;
}

void* allocate(size_t size) {
  if (size <= kLargest) {
    size = blockSize(size);
    // New memory becomes the first block of its list, and is large enough.
    do {
      Block* block = take(size);
      if (block == nullptr) continue;
      trim(block, size);
      return block->bytes();
    } while (addMemory(size));
  }
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

#pragma GCC visibility push(hidden)
extern "C" {

// The host writes what it gives to a filter into memory from here (ABI 0.2.1: malloc or proxy_on_memory_allocate).
__attribute__((export_name("malloc"), visibility("default"))) void* malloc(size_t size) { return allocate(size); }

void free(void* memory) {
  if (memory == nullptr) return;
  Block* block = Block::of(memory);
  if (block->isFree()) logAbort("free() of memory that is free already");
  release(block);
}

// These call allocate: the compiler knows malloc, and would make a call of calloc of the next three lines.
void* calloc(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) total = SIZE_MAX;
  void* memory = allocate(total);
  return memory == nullptr ? nullptr : memset(memory, 0, total);
}

void* realloc(void* memory, size_t size) {
  if (memory == nullptr) return allocate(size);
  Block* block = Block::of(memory);
  const size_t wanted = blockSize(size);
  if (size <= kLargest && block->size() < wanted && block->after()->isFree() &&
      block->size() + block->after()->size() >= wanted) {
    Block* after = block->after();
    unlink(after);
    block->size_and_free += after->size();
    block->after()->before = block;
  }
  if (size <= kLargest && block->size() >= wanted) {
    trim(block, wanted);
    return memory;
  }
  void* moved = allocate(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, memory, block->size() - Block::kHeader);
  free(memory);
  return moved;
}

void* aligned_alloc(size_t alignment, size_t size) {
  if (alignment <= kAlignment) return allocate(size);
  if (size > kLargest || alignment > kLargest - size) return nullptr;
  char* memory = static_cast<char*>(allocate(size + alignment));
  if (memory == nullptr) return nullptr;
  Block* block = Block::of(memory);
  const size_t gap = -reinterpret_cast<uintptr_t>(memory) & (alignment - 1);
  if (gap != 0) {
    Block* aligned = Block::of(memory + gap);
    aligned->before = block;
    aligned->size_and_free = block->size() - gap;
    aligned->after()->before = aligned;
    block->size_and_free = gap;
    release(block);
    block = aligned;
  }
  trim(block, blockSize(size));
  return block->bytes();
}

int posix_memalign(void** memory, size_t alignment, size_t size) {
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* aligned = aligned_alloc(alignment, size);
  if (aligned == nullptr) return ENOMEM;
  *memory = aligned;
  return 0;
}

size_t malloc_usable_size(void* memory) { return memory == nullptr ? 0 : Block::of(memory)->size() - Block::kHeader; }

}  // extern "C"
#pragma GCC visibility pop
