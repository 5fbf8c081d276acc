// Provides what the crashing thread needs to put the prepared event and breadcrumbs into files: where they lie in
// memory, and system calls for files. How it works: docs/adr/0018-scope-in-memory.md.
#ifndef CRASH_SCOPE_H
#define CRASH_SCOPE_H

#include "gnu_source.h"

#include <stdint.h>

#include "crash_path.h"

#if defined(__x86_64__)
#define CRASH_SYS_FTRUNCATE 77
#define CRASH_SYS_UNLINKAT 263
#define CRASH_SYS_SYMLINKAT 266
#define CRASH_SYS_GETRANDOM 318
#define CRASH_SYS_MEMFD_CREATE 319
#elif defined(__aarch64__)
#define CRASH_SYS_FTRUNCATE 46
#define CRASH_SYS_UNLINKAT 35
#define CRASH_SYS_SYMLINKAT 36
#define CRASH_SYS_GETRANDOM 278
#define CRASH_SYS_MEMFD_CREATE 279
#endif

// Bytes that are complete up to `count`. Words: `count` is stored after the bytes; `address` changes only to a place
// that holds the same bytes.
struct crash_bytes {
  uint64_t address;
  uint64_t count;
};

// 0 the event, 1 and 2 the breadcrumbs.
#define CRASH_SCOPE_FILES 3

// The scope as it would go into a report now.
struct crash_scope_state {
  // Word: counts events; generation `sequence & 1` is the last complete one. 0: there is none.
  uint32_t sequence;
  // Word: 1 while a crash reads: nothing changes then.
  uint32_t frozen;
  // Word: 1 while somebody stores here.
  uint32_t claimed;
  // The process that stored them; in a forked child the event needs another identifier.
  int32_t owner;
  struct crash_bytes event[2];
  struct crash_bytes trail[2];
  // Word: 1 when the paths are set.
  uint32_t has_paths;
  // Files that had to be memory, since there was no room for them.
  uint32_t in_memory;
  char paths[CRASH_SCOPE_FILES][4096];
};

// Where in an event the text of its identifier is, and how long.
#define CRASH_EVENT_ID_OFFSET 14
#define CRASH_EVENT_ID_LENGTH 36

extern struct crash_scope_state crash_scope_storage;
__attribute__((weak)) struct crash_scope_state crash_scope_storage = {.owner = 0};
// The one that the crashing thread looks at.
CRASH_INLINE struct crash_scope_state *_Nonnull crash_scope(void) { return &crash_scope_storage; }
CRASH_INLINE uint32_t *_Nonnull crash_scope_sequence(struct crash_scope_state *_Nonnull scope) {
  return &scope->sequence;
}
CRASH_INLINE uint32_t *_Nonnull crash_scope_claimed(struct crash_scope_state *_Nonnull scope) {
  return &scope->claimed;
}
CRASH_INLINE uint32_t *_Nonnull crash_scope_frozen(struct crash_scope_state *_Nonnull scope) { return &scope->frozen; }
CRASH_INLINE uint32_t *_Nonnull crash_scope_has_paths(struct crash_scope_state *_Nonnull scope) {
  return &scope->has_paths;
}
CRASH_INLINE char *_Nonnull crash_scope_path(struct crash_scope_state *_Nonnull scope, uint32_t file) {
  return scope->paths[file < CRASH_SCOPE_FILES ? file : 0];
}
CRASH_INLINE struct crash_bytes *_Nonnull crash_scope_event(
    struct crash_scope_state *_Nonnull scope, uint32_t generation) {
  return &scope->event[generation & 1];
}
CRASH_INLINE struct crash_bytes *_Nonnull crash_scope_trail(struct crash_scope_state *_Nonnull scope, uint32_t file) {
  return &scope->trail[file & 1];
}
CRASH_INLINE uint64_t *_Nonnull crash_bytes_count(struct crash_bytes *_Nonnull bytes) { return &bytes->count; }
CRASH_INLINE uint64_t *_Nonnull crash_bytes_address(struct crash_bytes *_Nonnull bytes) { return &bytes->address; }

// Stores after everything before: whoever sees the word sees the rest.
CRASH_INLINE void crash_publish64(uint64_t *_Nonnull word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
CRASH_INLINE void crash_publish32(uint32_t *_Nonnull word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW. A descriptor or -errno.
CRASH_INLINE long crash_open_for_writing(const char *_Nonnull path) {
  return crash_syscall(CRASH_SYS_OPENAT, -100, (long)path, 01 | 0100 | 02000000 | 04000 | CRASH_O_NOFOLLOW, 0600, 0, 0);
}
CRASH_INLINE long crash_write(long descriptor, uint64_t address, uint64_t count) {
  return crash_syscall(CRASH_SYS_WRITE, descriptor, (long)address, (long)count, 0, 0, 0);
}
CRASH_INLINE long crash_truncate(long descriptor, uint64_t size) {
  return crash_syscall(CRASH_SYS_FTRUNCATE, descriptor, (long)size, 0, 0, 0, 0);
}
// A file in memory, which is gone with its last descriptor. A descriptor or -errno.
CRASH_INLINE long crash_memory_file(void) {
  return crash_syscall(CRASH_SYS_MEMFD_CREATE, (long)"sentry-scope", 0, 0, 0, 0, 0);
}
// Makes `path` a link to a descriptor of this process, as long as that lives. 0 or -errno.
CRASH_INLINE long crash_link_descriptor(const char *_Nonnull path, int32_t process, long descriptor) {
  char target[48] = "/proc/";
  unsigned length = 6;
  uint32_t numbers[2] = {(uint32_t)process, (uint32_t)descriptor};
  for (int part = 0; part < 2; part++) {
    char digits[10];
    unsigned count = 0;
    uint32_t number = numbers[part];
    do {
      digits[count++] = (char)('0' + number % 10);
      number /= 10;
    } while (number);
    while (count) target[length++] = digits[--count];
    if (part == 0) {
      target[length++] = '/';
      target[length++] = 'f';
      target[length++] = 'd';
      target[length++] = '/';
    }
  }
  target[length] = 0;
  crash_syscall(CRASH_SYS_UNLINKAT, -100, (long)path, 0, 0, 0, 0);
  return crash_syscall(CRASH_SYS_SYMLINKAT, (long)target, -100, (long)path, 0, 0, 0);
}

// The digits of an identifier, between dashes that are there: CRASH_EVENT_ID_LENGTH characters.
CRASH_INLINE void crash_identifier_text(const uint8_t *_Nonnull bytes, char *_Nonnull text) {
  for (unsigned index = 0, digit = 0; index < CRASH_EVENT_ID_LENGTH; index++) {
    if (index == 8 || index == 13 || index == 18 || index == 23) continue;
    unsigned value = digit & 1 ? bytes[digit >> 1] & 15 : bytes[digit >> 1] >> 4;
    text[index] = (char)(value < 10 ? '0' + value : 'a' + value - 10);
    digit++;
  }
}

// Puts a new random identifier into an event, 36 characters, and into the record.
CRASH_INLINE void crash_renew_identifier(uint64_t event, struct crash_record *_Nonnull record) {
  uint8_t random[16] = {0};
  crash_syscall(CRASH_SYS_GETRANDOM, (long)random, 16, 1 /* GRND_NONBLOCK */, 0, 0, 0);
  random[6] = (uint8_t)((random[6] & 15) | 0x40);
  random[8] = (uint8_t)((random[8] & 63) | 0x80);
  for (unsigned index = 0; index < 16; index++) record->report_id[index] = random[index];
  crash_identifier_text(random, (char *)(uintptr_t)event + CRASH_EVENT_ID_OFFSET);
}

#endif
