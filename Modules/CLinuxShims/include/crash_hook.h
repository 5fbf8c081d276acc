// Provides the call of an application's hook in the crashing thread: on a stack of its own, under a timer, and with a
// way back when it crashes or hangs. How it works: docs/crash-path.md, "Hooks".
#ifndef CRASH_HOOK_H
#define CRASH_HOOK_H

#include "gnu_source.h"

#include <stddef.h>
#include <stdint.h>

#include "crash_path.h"

#if defined(__x86_64__)
#define CRASH_SYS_TIMER_CREATE 222
#define CRASH_SYS_TIMER_SETTIME 223
#define CRASH_SYS_TIMER_DELETE 226
#elif defined(__aarch64__)
#define CRASH_SYS_TIMER_CREATE 107
#define CRASH_SYS_TIMER_SETTIME 110
#define CRASH_SYS_TIMER_DELETE 111
#endif

// What a hook decides. The values are those of the message to the handler, crash_records.h.
typedef uint32_t (*crash_verdict_hook)(int signal, siginfo_t *_Nonnull info, void *_Nonnull context);

// The hook did not come to an end.
#define CRASH_VERDICT_NONE 0xffffffffu

struct crash_hook_state {
  // The place to go on from when the hook is given up. Set by crash_call_hook_protected, whose code knows the offsets.
  uint64_t stack_pointer;  // 0
  uint64_t frame_pointer;  // 8
  uint64_t resume;         // 16
  uint64_t stack_top;      // 24: of the hook's stack; 0: there is none
  uint64_t entry;          // 32: of crash_hook_entry
  // Word: the thread in the hook; 0: none.
  uint32_t thread;
  // 1 when the hook was given up.
  uint32_t was_given_up;
  crash_verdict_hook _Nullable hook;
  int64_t timeout;               // nanoseconds
  struct crash_stack alternate;  // for signals that come during the hook
  struct crash_stack original;   // the thread's own one
  int signal;
  siginfo_t *_Nullable info;
  void *_Nullable context;
};
_Static_assert(offsetof(struct crash_hook_state, entry) == 32, "the offsets in crash_call_hook_protected");

extern struct crash_hook_state crash_hook_storage;
__attribute__((weak)) struct crash_hook_state crash_hook_storage = {.hook = 0};
CRASH_INLINE struct crash_hook_state *_Nonnull crash_hook_shared(void) { return &crash_hook_storage; }
CRASH_INLINE uint32_t *_Nonnull crash_hook_thread(void) { return &crash_hook_storage.thread; }

// Runs on the hook's stack.
static __attribute__((noinline, unused)) uint64_t crash_hook_entry(struct crash_hook_state *_Nonnull state) {
  // On this stack the thread's alternate one counts as free: a signal would overwrite the frames that wait there.
  crash_sigaltstack(&state->alternate, &state->original);
  uint64_t verdict = state->hook ? state->hook(state->signal, state->info, state->context) : 0;
  crash_sigaltstack(&state->original, 0);
  return verdict;
}

// Calls crash_hook_entry on the hook's stack. CRASH_VERDICT_NONE when the hook was given up.
CRASH_SAFE static __attribute__((noinline, unused)) uint32_t crash_call_hook_protected(
    struct crash_hook_state *_Nonnull state) {
  state->entry = (uint64_t)(uintptr_t)crash_hook_entry;
#if defined(__x86_64__)
  uint64_t result;
  __asm__ volatile(
      "movq %%rsp, 0(%%rbx)\n\t"
      "movq %%rbp, 8(%%rbx)\n\t"
      "leaq 1f(%%rip), %%rax\n\t"
      "movq %%rax, 16(%%rbx)\n\t"
      "movq %%rbx, %%rdi\n\t"
      "movq 24(%%rbx), %%rsp\n\t"
      "callq *32(%%rbx)\n"
      "1:\n\t"
      // The hook's way and the way of crash_give_up_hook: rbx is the state in both.
      "movq 0(%%rbx), %%rsp\n\t"
      "movq 8(%%rbx), %%rbp\n\t"
      : "=&a"(result)
      : "b"(state)
      : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc", "xmm0",
        "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
        "xmm14", "xmm15");
#elif defined(__aarch64__)
  register struct crash_hook_state *x19 __asm__("x19") = state;
  register uint64_t result __asm__("x0");
  __asm__ volatile(
      "mov x9, sp\n\t"
      "str x9, [x19, #0]\n\t"
      "str x29, [x19, #8]\n\t"
      "adr x9, 1f\n\t"
      "str x9, [x19, #16]\n\t"
      "ldr x10, [x19, #32]\n\t"
      "ldr x9, [x19, #24]\n\t"
      "mov x0, x19\n\t"
      "mov sp, x9\n\t"
      "blr x10\n"
      "1:\n\t"
      "ldr x9, [x19, #0]\n\t"
      "mov sp, x9\n\t"
      "ldr x29, [x19, #8]\n\t"
      : "=&r"(result)
      : "r"(x19)
      : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
        "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "memory", "cc", "v0", "v1", "v2", "v3",
        "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19",
        "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
#endif
  if (state->was_given_up) {
    crash_sigaltstack(&state->original, 0);
    return CRASH_VERDICT_NONE;
  }
  return (uint32_t)result;
}

// Makes the thread go on behind crash_call_hook_protected when it returns from the signal of `context`.
CRASH_INLINE void crash_give_up_hook(void *_Nonnull context) {
  struct crash_hook_state *state = &crash_hook_storage;
  ucontext_t *machine = (ucontext_t *)context;
  state->was_given_up = 1;
#if defined(__x86_64__)
  machine->uc_mcontext.gregs[REG_RIP] = (greg_t)state->resume;
  machine->uc_mcontext.gregs[REG_RBX] = (greg_t)(uintptr_t)state;
  // Somewhere on the hook's stack; the code there takes the right one from the state. The direction flag is clear.
  machine->uc_mcontext.gregs[REG_RSP] = (greg_t)state->stack_pointer;
  machine->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)0x400;
#elif defined(__aarch64__)
  machine->uc_mcontext.pc = state->resume;
  machine->uc_mcontext.sp = state->stack_pointer;
  machine->uc_mcontext.regs[19] = (uint64_t)(uintptr_t)state;
#endif
}

// What the timer's signal carries.
CRASH_INLINE uint64_t crash_hook_timer_value(void) { return (uint64_t)(uintptr_t)&crash_hook_storage; }

// Arms a timer that sends `signal` to this thread once, after `nanoseconds`. Its number, or -errno.
CRASH_INLINE long crash_arm_timer(int32_t thread, int signal, int64_t nanoseconds) {
  struct {
    uint64_t value;
    int32_t signal;
    int32_t notify;
    int32_t thread;
    int32_t padding[11];
  } event = {.value = crash_hook_timer_value(), .signal = signal, .notify = 4 /* SIGEV_THREAD_ID */, .thread = thread};
  int32_t timer = 0;
  long result = crash_syscall(CRASH_SYS_TIMER_CREATE, 1 /* CLOCK_MONOTONIC */, (long)&event, (long)&timer, 0, 0, 0);
  if (result < 0) return result;
  int64_t time[4] = {0, 0, nanoseconds / 1000000000, nanoseconds % 1000000000};
  if (time[2] == 0 && time[3] == 0) time[3] = 1;
  crash_syscall(CRASH_SYS_TIMER_SETTIME, timer, 0, (long)time, 0, 0, 0);
  return timer;
}
CRASH_INLINE void crash_disarm_timer(long timer) {
  if (timer >= 0) crash_syscall(CRASH_SYS_TIMER_DELETE, timer, 0, 0, 0, 0, 0);
}

// Tells our handler what was decided about the last dump. 0 or -errno.
CRASH_INLINE long crash_send_verdict(int socket, _Bool padded, uint32_t verdict) {
  struct crash_client_message message = {.version = 1, .type = CRASH_CLIENT_VERDICT, .stack_address = verdict};
  struct {
    uint64_t base, length;
  } parts[2] = {
      {(uint64_t)(uintptr_t)&message, sizeof message},
      {(uint64_t)(uintptr_t)crash_message_padding, sizeof crash_message_padding}};
  struct {
    uint64_t name;
    uint32_t name_length;
    uint64_t parts, part_count, control, control_length;
    uint32_t flags;
  } header = {.parts = (uint64_t)(uintptr_t)parts, .part_count = padded ? 2 : 1};
  long result = crash_syscall(CRASH_SYS_SENDMSG, socket, (long)&header, 0x4000 | 0x40, 0, 0, 0);
  return result < 0 ? result : 0;
}

// The marker of the crash is no longer true.
CRASH_INLINE void crash_remove_file(const void *_Nonnull path) {
#if defined(__x86_64__)
  crash_syscall(263, -100, (long)path, 0, 0, 0, 0);
#else
  crash_syscall(35, -100, (long)path, 0, 0, 0, 0);
#endif
}

#endif
