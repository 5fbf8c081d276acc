// Provides memory mappings of files: MAP_FAILED is a macro over a cast that Swift cannot import.
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <stddef.h>
#include <sys/mman.h>

// A private read-only mapping of the first `size` bytes of a file, or NULL with errno set.
static inline void *_Nullable linux_map_file(int descriptor, size_t size) {
  void *address = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  return address == MAP_FAILED ? NULL : address;
}

#endif
