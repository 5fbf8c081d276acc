// Provides what a Crashpad handler looks for in every module of a process: the structure behind the ELF note
// `.note.crashpad.info`, the annotations, streams and memory ranges that hang on it, and the 16-byte word by which a value
// of them changes in one step. Layout: docs/formats/process-snapshot.md.
#ifndef CRASHPAD_INFO_H
#define CRASHPAD_INFO_H

#include "gnu_source.h"

#include <stddef.h>
#include <stdint.h>

#include "crash_records.h"

#define CRASHPAD_INLINE CRASH_SAFE static inline __attribute__((always_inline))

#define CRASHPAD_INFO_SIGNATURE 0x43506164u
#define CRASHPAD_DICTIONARY_ENTRIES 64
#define CRASHPAD_DICTIONARY_FIELD 256
#define CRASHPAD_RANGES 64
// What a reader follows of the list of annotations, and what it reads of name and value.
#define CRASHPAD_MAXIMUM_ANNOTATIONS 400
#define CRASHPAD_MAXIMUM_NAME 255
#define CRASHPAD_MAXIMUM_VALUE 20480
#define CRASHPAD_KIND_STRING 1

// Two words that are read and written as one. A handler stops the process between two instructions, so it finds the one
// value or the other, whole.
struct __attribute__((aligned(16))) crashpad_pair {
  uint64_t first;
  uint64_t second;
};

// One annotation. `value`, `size` and `kind` are one pair where the node is aligned to 16 bytes.
struct crashpad_annotation {
  void *_Nullable link;   // 0: the next node; the tail of the list ends it
  void *_Nullable name;   // 8: C string
  void *_Nullable value;  // 16
  uint32_t size;          // 24: of the value; 0: unset
  uint16_t kind;          // 28: 1 string, from 0x8000 on the client's own
  uint8_t guard_mode;     // 30: 1: upstream's spin guard is used
  uint8_t guard_state;    // 31
};
_Static_assert(sizeof(struct crashpad_annotation) == 32, "Crashpad's layout");

struct crashpad_annotation_list {
  void *_Nullable tail_pointer;  // of `tail`
  struct crashpad_annotation head;
  struct crashpad_annotation tail;
};
_Static_assert(sizeof(struct crashpad_annotation_list) == 72, "Crashpad's layout");

struct crashpad_dictionary_entry {
  char key[CRASHPAD_DICTIONARY_FIELD];  // unused when it is empty
  char value[CRASHPAD_DICTIONARY_FIELD];
};

// One stream. At an address that is 8 more than a multiple of 16, `base` and `size` are one pair.
struct crashpad_user_stream {
  uint64_t next;  // 0
  uint64_t base;  // 8
  uint64_t size;  // 16; 0: unset
  uint32_t type;  // 24
  uint32_t padding;
};
_Static_assert(sizeof(struct crashpad_user_stream) == 32, "Crashpad's layout");

struct crashpad_info {
  uint32_t signature;              // 0
  uint32_t size;                   // 4
  uint32_t version;                // 8: 1
  uint32_t indirect_memory_limit;  // 12: bytes
  uint32_t stack_limit;            // 16: bytes of each thread's stack; 0: the handler's choice. Sentry's; padding elsewhere
  uint8_t handler_behavior;        // 20: 0 unset, 1 enabled, 2 disabled, like the next two
  uint8_t forwarding;              // 21
  uint8_t gather_indirect_memory;  // 22
  uint8_t limit_stack_to_pointer;  // 23: Sentry's, for Windows; padding elsewhere
  void *_Nullable extra_ranges;         // 24
  void *_Nullable simple_annotations;   // 32
  void *_Nullable user_streams;         // 40: the newest
  void *_Nullable annotations;          // 48
};
_Static_assert(sizeof(struct crashpad_info) == 56, "Crashpad's layout");

// The one structure of this executable or library, in crashpad_info.c beside the note that leads to it. Hidden: a library
// of the process has its own, and the note is a distance that no other image's structure may get into.
extern __attribute__((visibility("hidden"))) struct crashpad_info crashpad_info_storage;
extern __attribute__((visibility("hidden"))) struct crashpad_annotation_list crashpad_annotation_list_storage;
extern __attribute__((visibility("hidden"))) struct crashpad_dictionary_entry
    crashpad_dictionary_storage[CRASHPAD_DICTIONARY_ENTRIES];
extern __attribute__((visibility("hidden"))) struct crashpad_pair crashpad_ranges_storage[CRASHPAD_RANGES];
// Word: the writer of the dictionary, (PID << 32 | TID); 0: nobody.
extern __attribute__((visibility("hidden"))) uint64_t crashpad_dictionary_writer_storage;

CRASHPAD_INLINE struct crashpad_info *_Nonnull crashpad_info_shared(void) { return &crashpad_info_storage; }
CRASHPAD_INLINE struct crashpad_dictionary_entry *_Nonnull crashpad_dictionary(void) {
  return crashpad_dictionary_storage;
}
CRASHPAD_INLINE uint64_t *_Nonnull crashpad_dictionary_writer(void) { return &crashpad_dictionary_writer_storage; }
CRASHPAD_INLINE struct crashpad_pair *_Nonnull crashpad_ranges(void) { return crashpad_ranges_storage; }

CRASHPAD_INLINE void crashpad_set_handler_behavior(uint8_t choice) {
  __atomic_store_n(&crashpad_info_storage.handler_behavior, choice, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_set_forwarding(uint8_t choice) {
  __atomic_store_n(&crashpad_info_storage.forwarding, choice, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_set_gather_indirect_memory(uint8_t choice, uint32_t limit) {
  __atomic_store_n(&crashpad_info_storage.indirect_memory_limit, limit, __ATOMIC_SEQ_CST);
  __atomic_store_n(&crashpad_info_storage.gather_indirect_memory, choice, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_set_stack_limit(uint32_t limit) {
  __atomic_store_n(&crashpad_info_storage.stack_limit, limit, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_use_dictionary(void) {
  __atomic_store_n(&crashpad_info_storage.simple_annotations, (void *)crashpad_dictionary_storage, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_use_ranges(void) {
  __atomic_store_n(&crashpad_info_storage.extra_ranges, (void *)crashpad_ranges_storage, __ATOMIC_SEQ_CST);
}

// Puts a node in front of the list. It stays for ever.
CRASHPAD_INLINE void crashpad_push_annotation(struct crashpad_annotation *_Nonnull node) {
  void *first = __atomic_load_n(&crashpad_annotation_list_storage.head.link, __ATOMIC_SEQ_CST);
  do {
    node->link = first;
  } while (!__atomic_compare_exchange_n(
      &crashpad_annotation_list_storage.head.link, &first, (void *)node, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}
CRASHPAD_INLINE void crashpad_push_user_stream(struct crashpad_user_stream *_Nonnull node) {
  void *first = __atomic_load_n(&crashpad_info_storage.user_streams, __ATOMIC_SEQ_CST);
  do {
    node->next = (uint64_t)(uintptr_t)first;
  } while (!__atomic_compare_exchange_n(
      &crashpad_info_storage.user_streams, &first, (void *)node, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

// The value of a ring buffer: this, and behind it records that run around, each a length in base 128 and its bytes.
#define CRASHPAD_RING_MAGIC 0xcab00d1eu
#define CRASHPAD_RING_CAPACITY 8192
struct __attribute__((aligned(8))) crashpad_ring {
  uint32_t magic;
  uint32_t version;  // 1
  // Where the oldest record is and how many bytes of records there are: one word, so that a handler finds them together.
  uint64_t range;  // 8: u32 offset, u32 length
};
_Static_assert(sizeof(struct crashpad_ring) == 16, "Crashpad's layout");
CRASHPAD_INLINE uint64_t crashpad_ring_range(uint32_t offset, uint32_t length) {
  return (uint64_t)offset | (uint64_t)length << 32;
}

// An annotation that is changed in place, by one thread at a time: a handler sees by the guard that it is at it.
CRASHPAD_INLINE _Bool crashpad_take_guard(struct crashpad_annotation *_Nonnull node) {
  uint8_t free = 0;
  return __atomic_compare_exchange_n(&node->guard_state, &free, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_release_guard(struct crashpad_annotation *_Nonnull node) {
  __atomic_store_n(&node->guard_state, 0, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_set_size(struct crashpad_annotation *_Nonnull node, uint32_t size) {
  __atomic_store_n(&node->size, size, __ATOMIC_SEQ_CST);
}
CRASHPAD_INLINE void crashpad_set_ring(struct crashpad_ring *_Nonnull ring, uint64_t range) {
  __atomic_store_n(&ring->range, range, __ATOMIC_SEQ_CST);
}

CRASHPAD_INLINE void crashpad_copy(void *_Nonnull target, const void *_Nonnull source, size_t count) {
  __builtin_memcpy(target, source, count);
}

// The first byte of a field, whose value decides whether the entry counts.
CRASHPAD_INLINE void crashpad_store_byte(void *_Nonnull byte, uint8_t value) {
  __atomic_store_n((uint8_t *)byte, value, __ATOMIC_SEQ_CST);
}

// Whether `target` was `expected` and is `desired` now; otherwise `expected` gets what it is. The compiler's own function
// for this would be a call into libatomic, which may take a lock.
CRASHPAD_INLINE _Bool crashpad_exchange_pair(
    struct crashpad_pair *_Nonnull target, struct crashpad_pair *_Nonnull expected, struct crashpad_pair desired) {
#if defined(__x86_64__)
  _Bool done;
  __asm__ volatile("lock cmpxchg16b %1"
                   : "=@ccz"(done), "+m"(*target), "+a"(expected->first), "+d"(expected->second)
                   : "b"(desired.first), "c"(desired.second)
                   : "memory");
  return done;
#elif defined(__aarch64__)
  uint64_t first, second;
  uint32_t failed;
  do {
    __asm__ volatile("ldaxp %0, %1, [%2]" : "=&r"(first), "=&r"(second) : "r"(target) : "memory");
    _Bool same = first == expected->first && second == expected->second;
    uint64_t new_first = same ? desired.first : first, new_second = same ? desired.second : second;
    // Storing what is there makes sure that both words were read as one.
    __asm__ volatile("stlxp %w0, %1, %2, [%3]"
                     : "=&r"(failed)
                     : "r"(new_first), "r"(new_second), "r"(target)
                     : "memory");
    if (!failed) {
      expected->first = first;
      expected->second = second;
      return same;
    }
  } while (1);
#else
#error "no 16-byte exchange for this machine"
#endif
}

#endif
