// Provides what the crashing thread needs where there is no handler that would help it: the start of another one, and a
// small minidump of its own. What is known before the crash lies ready in a plan; raw system calls do the rest.
#ifndef CRASH_FALLBACK_H
#define CRASH_FALLBACK_H

#include "gnu_source.h"

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "crash_channel.h"
#include "crash_hook.h"
#include "crash_path.h"
#include "crash_scope.h"

#if defined(__x86_64__)
#define CRASH_SYS_PWRITE64 18
#define CRASH_SYS_MKDIRAT 258
#define CRASH_SYS_RENAMEAT2 316
#elif defined(__aarch64__)
#define CRASH_SYS_PWRITE64 68
#define CRASH_SYS_MKDIRAT 34
#define CRASH_SYS_RENAMEAT2 276
#endif

// A file that goes with the dump: where it is, and where its copy goes.
struct crash_fallback_copy {
  const char *_Nonnull source;
  const char *_Nonnull target;
};

// Everything that is known before the crash. Never changed once it is published; all strings end with NUL.
struct crash_fallback_plan {
  // A handler for one dump: `--trace-parent-with-exception`. No path: none is started.
  const char *_Nullable path;
  char *_Nullable const *_Nullable arguments;
  char *_Nullable const *_Nullable environment;
  // The handler's dump while it is written; the dump made here while it is written, and where it goes.
  const char *_Nullable unfinished;
  const char *_Nullable temporary;
  const char *_Nullable pending;
  const char *_Nullable completed;
  const char *_Nullable attachments;
  const struct crash_fallback_copy *_Nullable copies;
  uint64_t copy_count;
  // Streams that do not change: their bytes start at CRASH_FALLBACK_PREPARED in the file.
  const void *_Nullable prepared;
  uint64_t prepared_size;
  uint32_t system_info, system_info_size;
  uint32_t module_list, module_list_size;
  uint32_t crashpad_info, crashpad_info_size;
  // What a sanitized report must not hold, CRASH_FALLBACK_*: who has a part in the crash cannot be told here.
  uint32_t left_out;
  // Where the environment lies that the process was started with, at the end of its first stack: nothing from here on is
  // copied from below. 0: unknown.
  uint64_t environment_start;
  // Where the report's identifier is: 36 characters in each of the paths above, and 16 bytes as a GUID in `prepared`.
  char *_Nonnull const *_Nullable identifiers;
  uint64_t identifier_count;
  uint8_t *_Nullable guid;
};
#define CRASH_FALLBACK_NO_MAP 1u
#define CRASH_FALLBACK_STACK_DATA 2u  // of the stack all that is neither small nor an address
#define CRASH_FALLBACK_NOTHING 4u  // no dump at all

// Word: the address of the plan, 0 without one.
extern uint64_t crash_fallback_plan_word;
__attribute__((weak)) uint64_t crash_fallback_plan_word = 0;
CRASH_INLINE uint64_t *_Nonnull crash_fallback_word(void) { return &crash_fallback_plan_word; }
CRASH_INLINE const struct crash_fallback_plan *_Nullable crash_fallback(void) {
  return (const struct crash_fallback_plan *)(uintptr_t)__atomic_load_n(&crash_fallback_plan_word, __ATOMIC_SEQ_CST);
}

// Gives the report the identifier of the crash, where that is another one than the plan's: the plan is a parent's whose
// forked child crashes, and lies in the child's own memory.
CRASH_INLINE void crash_fallback_identify(
    const struct crash_fallback_plan *_Nonnull plan, const struct crash_record *_Nonnull record) {
  static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  if (!plan->identifiers || !plan->guid) return;
  int is_known = 0, is_other = 0;
  for (unsigned index = 0; index < 16; index++) {
    is_known |= record->report_id[index] != 0;
    is_other |= plan->guid[index] != record->report_id[order[index]];
  }
  if (!is_known || !is_other) return;
  for (unsigned index = 0; index < 16; index++) plan->guid[index] = record->report_id[order[index]];
  for (uint64_t place = 0; place < plan->identifier_count; place++)
    crash_identifier_text(record->report_id, plan->identifiers[place]);
}

// The dump --------------------------------------------------------------------------------------------------------

// AT_FDCWD; O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW. A descriptor or -errno.
CRASH_INLINE long crash_create(const void *_Nonnull path) {
  long flags = 02 | 0100 | 01000 | 02000000 | CRASH_O_NOFOLLOW;
  return crash_syscall(CRASH_SYS_OPENAT, -100, (long)path, flags, 0600, 0, 0);
}
// Bytes, or -errno: -EFAULT for memory that cannot be read.
CRASH_INLINE long crash_write_at(int file, uint64_t address, long size, uint64_t offset) {
  return crash_syscall(CRASH_SYS_PWRITE64, file, (long)address, size, (long)offset, 0, 0);
}
CRASH_INLINE long crash_make_directory(const void *_Nonnull path) {
  return crash_syscall(CRASH_SYS_MKDIRAT, -100, (long)path, 0700, 0, 0, 0);
}
// RENAME_NOREPLACE. 0 or -errno.
CRASH_INLINE long crash_rename(const void *_Nonnull from, const void *_Nonnull to) {
  return crash_syscall(CRASH_SYS_RENAMEAT2, -100, (long)from, -100, (long)to, 1, 0);
}

#define CRASH_FALLBACK_STREAMS 8
#define CRASH_FALLBACK_CONTEXT 1232

// What the crashing thread fills: all streams whose size is fixed. It follows the header in the file, so that every
// offset is known before. Layouts: docs/formats/minidump.md.
struct __attribute__((packed)) crash_fallback_records {
  struct __attribute__((packed)) {
    uint32_t type, size, offset;
  } directory[CRASH_FALLBACK_STREAMS];
  struct __attribute__((packed)) {
    uint32_t count;
    uint32_t id, suspend_count, priority_class, priority;
    uint64_t teb, stack_start;
    uint32_t stack_size, stack_offset, context_size, context_offset;
  } threads;
  struct __attribute__((packed)) {
    uint32_t count;
    uint64_t start;
    uint32_t size, offset;
  } memory;
  struct __attribute__((packed)) {
    uint32_t size, flags, process, create_time, user_time, kernel_time;
  } misc;
  struct __attribute__((packed)) {
    uint32_t thread, padding, code, flags;
    uint64_t record, address;
    uint32_t parameters, padding2;
    uint64_t information[15];
    uint32_t context_size, context_offset;
  } exception;
  uint8_t context[CRASH_FALLBACK_CONTEXT];
};
struct __attribute__((packed)) crash_fallback_header {
  uint32_t signature, version, streams, directory, checksum, time;
  uint64_t flags;
};
_Static_assert(sizeof(struct crash_fallback_header) == 32, "format");
_Static_assert(sizeof(((struct crash_fallback_records *)0)->threads) == 52, "format");
_Static_assert(sizeof(((struct crash_fallback_records *)0)->exception) == 168, "format");

// Where the prepared streams start.
#define CRASH_FALLBACK_PREPARED ((32u + (uint32_t)sizeof(struct crash_fallback_records) + 7u) & ~7u)
CRASH_INLINE uint32_t crash_fallback_prepared_offset(void) { return CRASH_FALLBACK_PREPARED; }

struct crash_fallback_state {
  struct crash_fallback_header header;
  struct crash_fallback_records records;
  uint8_t buffer[4096];
};
extern struct crash_fallback_state crash_fallback_storage;
__attribute__((weak)) struct crash_fallback_state crash_fallback_storage = {0};
CRASH_INLINE struct crash_fallback_state *_Nonnull crash_fallback_state(void) { return &crash_fallback_storage; }
CRASH_INLINE uint8_t *_Nonnull crash_fallback_buffer(void) { return crash_fallback_storage.buffer; }

CRASH_INLINE void crash_put64(uint8_t *_Nonnull bytes, long offset, uint64_t value) {
  __builtin_memcpy(bytes + offset, &value, 8);
}
CRASH_INLINE void crash_put32(uint8_t *_Nonnull bytes, long offset, uint32_t value) {
  __builtin_memcpy(bytes + offset, &value, 4);
}
CRASH_INLINE void crash_put16(uint8_t *_Nonnull bytes, long offset, uint16_t value) {
  __builtin_memcpy(bytes + offset, &value, 2);
}

#if defined(__x86_64__)
// The stack pointer of a machine context.
CRASH_INLINE uint64_t crash_context_stack_pointer(const void *_Nonnull context) {
  return (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
}
CRASH_INLINE _Bool crash_fallback_is_possible(void) { return 1; }

// Registers as a minidump has them: CONTEXT of AMD64.
CRASH_INLINE void crash_fill_context(uint8_t *_Nonnull bytes, const void *_Nonnull context) {
  const ucontext_t *machine = (const ucontext_t *)context;
  const greg_t *registers = machine->uc_mcontext.gregs;
  uint32_t flags = 0x00100007;
  // CS, GS, FS and SS in one word.
  uint64_t segments = (uint64_t)registers[REG_CSGSFS];
  crash_put16(bytes, 56, (uint16_t)segments);
  crash_put16(bytes, 64, (uint16_t)(segments >> 16));
  crash_put16(bytes, 62, (uint16_t)(segments >> 32));
  crash_put16(bytes, 66, (uint16_t)(segments >> 48));
  crash_put32(bytes, 68, (uint32_t)registers[REG_EFL]);
  static const signed char order[17] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8,
                                        REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (int index = 0; index < 17; index++) crash_put64(bytes, 120 + index * 8, (uint64_t)registers[order[index]]);
  // The kernel writes the registers of the floating point unit beside the context.
  uint64_t floats = (uint64_t)(uintptr_t)machine->uc_mcontext.fpregs;
  if (floats != 0 && crash_can_read(floats) && crash_can_read(floats + 511)) {
    const uint8_t *source = (const uint8_t *)(uintptr_t)floats;
    for (int index = 0; index < 512; index++) bytes[256 + index] = source[index];
    __builtin_memcpy(bytes + 52, source + 24, 4);  // MXCSR
    flags |= 8;
  }
  crash_put32(bytes, 48, flags);
}
#else
CRASH_INLINE uint64_t crash_context_stack_pointer(const void *_Nonnull context) { return 0; }
CRASH_INLINE _Bool crash_fallback_is_possible(void) { return 0; }
CRASH_INLINE void crash_fill_context(uint8_t *_Nonnull bytes, const void *_Nonnull context) {}
#endif

CRASH_INLINE void crash_fallback_entry(int index, uint32_t type, uint32_t size, uint32_t offset) {
  crash_fallback_storage.records.directory[index].type = type;
  crash_fallback_storage.records.directory[index].size = size;
  crash_fallback_storage.records.directory[index].offset = offset;
}

// Offset in the file of a member of the records.
#define CRASH_FALLBACK_OFFSET(member) (32u + (uint32_t)offsetof(struct crash_fallback_records, member))

// Fills header and records. `stack_offset` and `maps_offset` are where these have been written.
CRASH_INLINE void crash_fallback_fill(
    const struct crash_fallback_plan *_Nonnull plan, const siginfo_t *_Nonnull info, const void *_Nonnull context,
    int32_t process, int32_t thread, int64_t time, uint64_t stack, uint32_t stack_size, uint32_t stack_offset,
    uint32_t maps_size, uint32_t maps_offset) {
  struct crash_fallback_records *records = &crash_fallback_storage.records;
  const uint32_t context_offset = CRASH_FALLBACK_OFFSET(context);
  crash_fill_context(records->context, context);

  records->threads.count = 1;
  records->threads.id = (uint32_t)thread;
  records->threads.stack_start = stack;
  records->threads.stack_size = stack_size;
  records->threads.stack_offset = stack_offset;
  records->threads.context_size = CRASH_FALLBACK_CONTEXT;
  records->threads.context_offset = context_offset;
  records->memory.count = 1;
  records->memory.start = stack;
  records->memory.size = stack_size;
  records->memory.offset = stack_offset;
  records->misc.size = 24;
  records->misc.flags = 1;  // the process id is valid
  records->misc.process = (uint32_t)process;
  records->exception.thread = (uint32_t)thread;
  records->exception.code = (uint32_t)info->si_signo;
  records->exception.flags = (uint32_t)info->si_code;
  records->exception.address = (uint64_t)(uintptr_t)info->si_addr;
  records->exception.context_size = CRASH_FALLBACK_CONTEXT;
  records->exception.context_offset = context_offset;

  crash_fallback_entry(0, 7, plan->system_info_size, plan->system_info);
  crash_fallback_entry(1, 15, 24, CRASH_FALLBACK_OFFSET(misc));
  crash_fallback_entry(2, 3, sizeof records->threads, CRASH_FALLBACK_OFFSET(threads));
  crash_fallback_entry(3, 6, sizeof records->exception, CRASH_FALLBACK_OFFSET(exception));
  crash_fallback_entry(4, 4, plan->module_list_size, plan->module_list);
  crash_fallback_entry(5, 5, sizeof records->memory, CRASH_FALLBACK_OFFSET(memory));
  crash_fallback_entry(6, 0x47670009, maps_size, maps_offset);
  crash_fallback_entry(7, 0x43500001, plan->crashpad_info_size, plan->crashpad_info);

  struct crash_fallback_header *header = &crash_fallback_storage.header;
  header->version = 0xa793;
  header->streams = CRASH_FALLBACK_STREAMS;
  header->directory = 32;
  header->time = (uint32_t)(time / 1000000000);
  header->signature = 0x504d444d;  // "MDMP"
}
CRASH_INLINE uint64_t crash_fallback_header_address(void) { return (uint64_t)(uintptr_t)&crash_fallback_storage.header; }
CRASH_INLINE uint64_t crash_fallback_records_address(void) {
  return (uint64_t)(uintptr_t)&crash_fallback_storage.records;
}
CRASH_INLINE long crash_fallback_records_size(void) { return (long)sizeof(struct crash_fallback_records); }
CRASH_INLINE const void *_Nonnull crash_fallback_maps_path(void) { return "/proc/self/maps"; }

#endif
