// Provides what installs the crash path: the signal actions, the registry of alternate stacks, the seam through which
// new threads get one, and a captured context for a dump without a crash. Nothing here runs in a crashing thread.
#ifndef CRASH_INSTALLATION_H
#define CRASH_INSTALLATION_H

#include "gnu_source.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "crash_path.h"

// Installs the crash handler for `signal`; the action that was there goes to `old` in the kernel's form. 0 or -1.
// 0x800 is SA_EXPOSE_TAGBITS (Linux 5.11, ignored before).
static inline int crash_install_action(int signal, int extra_flags, struct crash_signal_action *_Nonnull old) {
  struct sigaction action, previous;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = crash_signal_handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | 0x800 | extra_flags;
  if (sigaction(signal, &action, &previous) != 0) return -1;
  if (previous.sa_sigaction == crash_signal_handler) return 0;
  old->handler = (uint64_t)(uintptr_t)previous.sa_sigaction;
  old->flags = (uint64_t)(unsigned)previous.sa_flags;
  old->restorer = (uint64_t)(uintptr_t)previous.sa_restorer;
  memcpy(&old->mask, &previous.sa_mask, sizeof old->mask);
  return 0;
}

// Whether the action of `signal` is ours now.
static inline _Bool crash_action_is_installed(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_sigaction == crash_signal_handler;
}
// Whether `signal` is ignored now.
static inline _Bool crash_action_is_ignored(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Offers the stack in crash_path_adoption() to `thread`. 0 or -errno.
static inline long crash_send_stack_offer(int32_t process, int32_t thread) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = CRASH_ADOPTION_SIGNAL;
  info.si_code = SI_QUEUE;
  info.si_pid = process;
  info.si_uid = getuid();
  info.si_value.sival_ptr = (void *)(uintptr_t)crash_path_adoption_value();
  return crash_requeue(process, thread, CRASH_ADOPTION_SIGNAL, &info);
}

// One thread whose alternate stack is known. Entries are never freed, only used again.
struct crash_thread_stack {
  uint64_t thread;  // word: its TID, 0 when the entry is free
  uint64_t next;    // the next entry's address, or 0; constant once the entry is in the list
  uint64_t mapping;  // our mapping with its guard pages, or 0 when the thread's own stack is adequate
  uint64_t mapping_size;
  struct crash_stack previous;  // what the thread had
  uint32_t adopted;             // taken by a running thread: nobody tells when it ends
  uint32_t rounds;              // of the thread's destructors seen so far
};

struct crash_thread_stacks {
  uint64_t first;  // word: address of the first entry
  pthread_key_t key;
  uint32_t has_key;
};
extern struct crash_thread_stacks crash_thread_stacks_storage;
__attribute__((weak)) struct crash_thread_stacks crash_thread_stacks_storage = {0};
static inline struct crash_thread_stacks *_Nonnull crash_thread_stacks_shared(void) {
  return &crash_thread_stacks_storage;
}
static inline uint64_t *_Nonnull crash_thread_stacks_first(void) { return &crash_thread_stacks_storage.first; }
static inline uint64_t *_Nonnull crash_thread_stack_thread(struct crash_thread_stack *_Nonnull entry) {
  return &entry->thread;
}

// Called on every new thread before its start routine, by whoever wraps pthread_create (CThreadHook); NULL: nothing.
typedef void (*crash_thread_start)(void);
extern crash_thread_start _Nullable crash_thread_start_storage;
__attribute__((weak)) crash_thread_start _Nullable crash_thread_start_storage = 0;
static inline void crash_set_thread_start(crash_thread_start _Nullable function) {
  __atomic_store_n(&crash_thread_start_storage, function, __ATOMIC_SEQ_CST);
}
static inline crash_thread_start _Nullable crash_get_thread_start(void) {
  return __atomic_load_n(&crash_thread_start_storage, __ATOMIC_SEQ_CST);
}

// Where the Swift runtime keeps the pointer to its last fatal message; NULL in a process without one. The weak reference
// finds a runtime that is linked in, which exports nothing; dlsym finds one that came with the host program.
static inline void *_Nullable crash_swift_message_slot(void) {
  extern void *_Nullable swift_getFatalErrorMessageBuffer(void) __attribute__((weak));
  if (swift_getFatalErrorMessageBuffer) return swift_getFatalErrorMessageBuffer();
  void *symbol = dlsym(RTLD_DEFAULT, "swift_getFatalErrorMessageBuffer");
  return symbol ? ((void *_Nullable(*)(void))symbol)() : NULL;
}

// Calls `body` with the context of this very call, whose frame stays alive meanwhile. getcontext(3) must be called
// from C: it counts as a function that returns twice.
__attribute__((noinline, unused)) static int crash_with_context(
    int (*_Nonnull body)(siginfo_t *_Nonnull, void *_Nonnull)) {
  siginfo_t info;
  ucontext_t context;
  memset(&info, 0, sizeof info);
  memset(&context, 0, sizeof context);
  info.si_signo = -1;  // "simulated", as Crashpad's clients say it
  if (getcontext(&context) != 0) return 1;
  return body(&info, &context);
}

#endif
