// Provides memory mappings of files: MAP_FAILED is a macro over a cast that Swift cannot import.
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

// A private read-only mapping of the first `size` bytes of a file, or NULL with errno set.
static inline void *_Nullable linux_map_file(int descriptor, size_t size) {
  void *address = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  return address == MAP_FAILED ? NULL : address;
}

// A shared writable mapping of the first `size` bytes of a file, or NULL with errno set.
static inline void *_Nullable linux_map_file_shared(int descriptor, size_t size) {
  void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return address == MAP_FAILED ? NULL : address;
}

// Private zeroed memory of `size` bytes, or NULL with errno set.
static inline void *_Nullable linux_map_anonymous(size_t size) {
  void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return address == MAP_FAILED ? NULL : address;
}

// Addresses for `size` bytes that nothing can be read from yet, or NULL with errno set.
static inline void *_Nullable linux_reserve_addresses(size_t size) {
  void *address = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == MAP_FAILED ? NULL : address;
}

// A private read-only mapping of the first `size` bytes of a file in place of what was mapped at an address. 0, or -1
// with errno set.
static inline int linux_map_file_over(void *_Nonnull address, int descriptor, size_t size) {
  return mmap(address, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) == MAP_FAILED ? -1 : 0;
}

// Gives the first `size` bytes of a file their blocks, so that writing to a mapping of them cannot fail. Returns an
// error number, as posix_fallocate(3) does.
static inline int linux_allocate_file(int descriptor, size_t size) {
  return posix_fallocate(descriptor, 0, (off_t)size);
}

// Gives the first `size` bytes of a file their blocks; its length stays as it is. 0, or -1 with errno set: FALLOC_FL_KEEP_SIZE.
static inline int linux_reserve_file(int descriptor, size_t size) {
  return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, (off_t)size);
}

// Stores after everything before it has been stored: whoever sees the word sees the rest, also after a kill.
static inline void linux_store_release(uint32_t *_Nonnull word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#endif
