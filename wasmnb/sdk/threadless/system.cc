// What libraries take for granted of a system, and a proxy's VM does not have: pages of memory, and signals.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern "C" {
void* mmap(void*, size_t size, int, int flags, int, off_t) {
  constexpr size_t kPage = 65536;
  void* pages = (flags & MAP_ANON) ? aligned_alloc(kPage, (size + kPage - 1) / kPage * kPage) : nullptr;
  if (pages == nullptr) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return memset(pages, 0, size);
}

int munmap(void* pages, size_t) {
  free(pages);
  return 0;
}

int mprotect(void*, size_t, int) { return 0; }

// Nothing sends a signal.
void (*signal(int, void (*)(int)))(int) { return SIG_DFL; }
int raise(int) { abort(); }
}
