// Provides the handlers that were there before ours, called first: for runtimes that provoke faults and mend them.
#pragma once

#include "gnu_source.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

#include "crash_path.h"

struct crash_chain_state {
  crash_decision _Nullable application;  // asked before anybody
};

extern struct crash_chain_state crash_chain_storage;
__attribute__((weak)) struct crash_chain_state crash_chain_storage = {0};

static inline void crash_chain_set_application(crash_decision _Nullable decision) {
  crash_chain_storage.application = decision;
}

// The general registers with instruction and stack pointer, as words.
#if defined(__x86_64__)
#define CRASH_CHAIN_REGISTERS 17u
static inline uint64_t crash_chain_register(const void *_Nonnull context, unsigned index) {
  return (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[index];
}
_Static_assert(REG_R8 == 0 && REG_RSP == 15 && REG_RIP == 16, "the first 17 words are the general registers");
#elif defined(__aarch64__)
#define CRASH_CHAIN_REGISTERS 33u
static inline uint64_t crash_chain_register(const void *_Nonnull context, unsigned index) {
  const mcontext_t *machine = &((const ucontext_t *)context)->uc_mcontext;
  return index < 31 ? machine->regs[index] : index == 31 ? machine->sp : machine->pc;
}
#endif

// Whether memory can be accessed as the fault wanted to. The kernel tries it and says EFAULT where a thread would fault: with
// futex(2), which reads a word to compare it, or writes one by adding no bit to it.
static inline _Bool crash_chain_accessible(int signal, const siginfo_t *_Nonnull info, const void *_Nonnull context) {
  // SEGV_MAPERR, SEGV_ACCERR and BUS_ADRERR have an address. An instruction that cannot be fetched counts as unchanged.
  if (!(signal == SIGSEGV && (info->si_code == 1 || info->si_code == 2)) && !(signal == SIGBUS && info->si_code == 2)) return 0;
  uint32_t *word = (uint32_t *)((uintptr_t)info->si_addr & ~(uintptr_t)3);
#if defined(__x86_64__)
  uint64_t error = (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_ERR];
  if (error & 16) return 0;
  if (!(error & 2)) return crash_futex_wait(word, 0, 0) != -EFAULT;
#else
  (void)context;
#endif
  uint32_t own = 0;
  // FUTEX_WAKE_OP of this process's own futexes, which wakes nobody: FUTEX_OP_OR with 0.
  return crash_syscall(CRASH_SYS_FUTEX, (long)&own, 5 | 128, 0, 0, (long)word, 2L << 28) != -EFAULT;
}

// As the kernel would call it, but on the stack that ours is on.
static inline void crash_chain_call(
    const struct crash_signal_action *_Nonnull action, int signal, siginfo_t *_Nonnull info, void *_Nonnull context) {
  uint64_t mask = crash_rt_sigprocmask(0, action->mask);
  if (action->flags & SA_NODEFER) crash_rt_sigprocmask(1, crash_signal_bit(signal));
  if (action->flags & SA_SIGINFO) {
    ((void (*)(int, siginfo_t *, void *))(uintptr_t)action->handler)(signal, info, context);
  } else {
    ((void (*)(int))(uintptr_t)action->handler)(signal);
  }
  crash_rt_sigprocmask(2, mask);
}

// A decision of the first chance: has the handler that was there before ours mended this fault? It has when it changed a
// register, which is how a runtime lets the thread go on elsewhere, when the memory is accessible now, or when it leaves by
// siglongjmp(3). Else the fault would come again when its instruction is retried: it is a crash, and reported before that
// handler, which may have taken itself out meanwhile, sees it once more. Async-signal-safe as far as that handler is.
__attribute__((weak)) _Bool crash_chain_at_start(int signal, siginfo_t *_Nonnull info, void *_Nonnull context) {
  crash_decision application = crash_chain_storage.application;
  if (application && application(signal, info, context)) return 1;
  const struct crash_signal_action *previous = crash_path_previous(signal);
  // SIG_DFL and SIG_IGN mend nothing, and in a signal that somebody sent nothing can be mended.
  if (previous->handler <= 1 || info->si_code <= 0) return 0;
  uint64_t before[CRASH_CHAIN_REGISTERS];
  for (unsigned index = 0; index < CRASH_CHAIN_REGISTERS; index++) before[index] = crash_chain_register(context, index);
  crash_chain_call(previous, signal, info, context);
  for (unsigned index = 0; index < CRASH_CHAIN_REGISTERS; index++) {
    if (crash_chain_register(context, index) != before[index]) return 1;
  }
  return crash_chain_accessible(signal, info, context);
}
