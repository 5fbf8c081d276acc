// Provides memory for the API, also while the program is crashing and its heap may be in any state.
#include <stdlib.h>
#include <sys/mman.h>

#include "csentry.h"

static uint32_t crashing;

enum { page_chunk = 256 * 1024 };

void csentry_memory_enter_crash(void) { __atomic_store_n(&crashing, 1, __ATOMIC_SEQ_CST); }

// A chunk of pages, its head inside it.
struct chunk {
  uint64_t used;  // atomic; beyond `page_chunk` when it is full
};
static struct chunk *current;

// Takes from the current chunk; threads other than the crashing one may do so at the same time.
static void *take_from_pages(size_t size) {
  if (size > (size_t)1 << 40) return NULL;
  uint64_t needed = ((uint64_t)size + 15) & ~(uint64_t)15;
  uint64_t length = needed + 16 > page_chunk ? needed + 16 : page_chunk;
  for (;;) {
    struct chunk *chunk = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
    if (chunk && length == page_chunk) {
      uint64_t start = __atomic_fetch_add(&chunk->used, needed, __ATOMIC_RELAXED);
      if (start + needed <= page_chunk) return (char *)chunk + start;
    }
    struct chunk *fresh = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) return NULL;
    if (length > page_chunk) return (char *)fresh + 16;
    fresh->used = 16 + needed;
    // Whoever is first wins; the loser's chunk is used by itself.
    __atomic_compare_exchange_n(&current, &chunk, fresh, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    return (char *)fresh + 16;
  }
}

void *sentry_malloc(size_t size) {
  if (__atomic_load_n(&crashing, __ATOMIC_RELAXED)) return take_from_pages(size);
  return malloc(size);
}

void sentry_free(void *ptr) {
  if (__atomic_load_n(&crashing, __ATOMIC_RELAXED)) return;
  free(ptr);
}
