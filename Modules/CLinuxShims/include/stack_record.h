// Provides what the crashing thread says of its own stack where there is no handler to look at it: a record of fixed
// layout, filled and written without the heap. Its file is read by the next run on the same machine.
#ifndef STACK_RECORD_H
#define STACK_RECORD_H

#include "gnu_source.h"

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "crash_fallback.h"
#include "crash_path.h"

#define STACK_RECORD_FRAMES 128
#define STACK_RECORD_REGISTERS 34

struct stack_record {
  uint8_t signature[8];  // "SNstack1"
  uint64_t time;         // nanoseconds since 1970
  uint64_t address;      // si_addr
  int32_t signal;
  int32_t code;
  uint32_t thread;
  uint32_t register_count;
  uint32_t frame_count;
  uint32_t reserved;
  uint64_t registers[STACK_RECORD_REGISTERS];  // named by stack_record_register
  uint64_t frames[STACK_RECORD_FRAMES];        // innermost first
};

// Addresses of an interrupted thread's frames, innermost first; how many. No heap, no locks.
typedef unsigned long (*stack_walker)(const void *_Nonnull context, uint64_t *_Nonnull frames, unsigned long limit);

extern struct stack_record stack_record_storage;
__attribute__((weak)) struct stack_record stack_record_storage = {{0}};
static inline struct stack_record *_Nonnull stack_record_shared(void) { return &stack_record_storage; }

// The name of a register, as events have it; NULL when there is none of that number.
static inline const char *_Nullable stack_record_register(uint32_t number) {
#if defined(__x86_64__)
  static const char *const names[] = {"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rdi",
                                      "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip"};
#elif defined(__aarch64__)
  static const char *const names[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
                                      "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
                                      "x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp",  "lr",  "sp",  "pc"};
#endif
  return number < sizeof names / sizeof *names ? names[number] : 0;
}

// Fills the record and writes it to `path`. `walker` may be NULL: the frame of the fault alone is known then.
static inline void stack_record_write(
    const char *_Nonnull path, int signal, const siginfo_t *_Nonnull info, const void *_Nonnull context,
    int32_t thread, int64_t time, stack_walker _Nullable walker) {
  struct stack_record *record = &stack_record_storage;
  const ucontext_t *interrupted = (const ucontext_t *)context;
  memset(record, 0, sizeof *record);
  record->time = (uint64_t)time;
  record->address = (uint64_t)(uintptr_t)info->si_addr;
  record->signal = signal;
  record->code = info->si_code;
  record->thread = (uint32_t)thread;
#if defined(__x86_64__)
  record->register_count = 17;
  for (int i = 0; i < 17; i++) record->registers[i] = (uint64_t)interrupted->uc_mcontext.gregs[i];
  record->frames[0] = record->registers[16];
#elif defined(__aarch64__)
  record->register_count = 33;
  for (int i = 0; i < 31; i++) record->registers[i] = interrupted->uc_mcontext.regs[i];
  record->registers[31] = interrupted->uc_mcontext.sp;
  record->registers[32] = interrupted->uc_mcontext.pc;
  record->frames[0] = record->registers[32];
#endif
  record->frame_count = 1;
  memcpy(record->signature, "SNstack1", sizeof record->signature);
  long file = crash_create(path);
  if (file < 0) return;
  // Before the walk, which may come to no end, and after it.
  crash_write_at((int)file, (uint64_t)(uintptr_t)record, sizeof *record, 0);
  unsigned long count = walker ? walker(context, record->frames, STACK_RECORD_FRAMES) : 0;
  if (count > 0 && count <= STACK_RECORD_FRAMES) {
    record->frame_count = (uint32_t)count;
    crash_write_at((int)file, (uint64_t)(uintptr_t)record, sizeof *record, 0);
  }
  crash_close((int)file);
}

#endif
