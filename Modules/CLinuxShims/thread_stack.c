// Provides the stack of another thread of this process, which goes on afterwards.
#include "thread_stack.h"

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { thread_frames = 128 };

static struct {
  uint32_t state;  // atomic; 0 free, 1 asked, 2 being written, 3 written
  int count;
  void *frames[thread_frames + 8];
  uintptr_t pc;
} answer;

static uintptr_t interrupted_pc(const ucontext_t *context) {
#if defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return (uintptr_t)context->uc_mcontext.pc;
#else
  return 0;
#endif
}

// In the thread that is asked.
static void answer_with_stack(int signal, siginfo_t *information, void *context) {
  (void)signal;
  (void)information;
  int saved = errno;
  uint32_t asked = 1;
  if (__atomic_compare_exchange_n(&answer.state, &asked, 2, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    answer.pc = interrupted_pc(context);
    answer.count = backtrace(answer.frames, thread_frames + 8);
    __atomic_store_n(&answer.state, 3, __ATOMIC_RELEASE);
  }
  errno = saved;
}

size_t linux_stack_of_thread(int thread, void **out, size_t max) {
  int number = SIGRTMAX - 5;
  void *warm[2];
  // libgcc is loaded by the first call, which must not be the one in the signal handler.
  (void)backtrace(warm, 2);
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = answer_with_stack;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  if (sigaction(number, &action, &before) != 0) return 0;
  size_t count = 0;
  __atomic_store_n(&answer.state, 1, __ATOMIC_RELEASE);
  if (syscall(SYS_tgkill, getpid(), thread, number) == 0) {
    struct timespec pause = {0, 1000000};
    for (int i = 0; i < 2000 && __atomic_load_n(&answer.state, __ATOMIC_ACQUIRE) != 3; i++) nanosleep(&pause, NULL);
  }
  uint32_t asked = 1;
  // A thread that blocks the signal answers later, to nobody.
  if (__atomic_compare_exchange_n(&answer.state, &asked, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return 0;
  for (int i = 0; i < 1000 && __atomic_load_n(&answer.state, __ATOMIC_ACQUIRE) == 2; i++) {
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
  }
  if (__atomic_load_n(&answer.state, __ATOMIC_ACQUIRE) == 3) {
    int first = 0;
    // The handler's own frames come first.
    while (first < answer.count && (uintptr_t)answer.frames[first] != answer.pc) first++;
    if (first == answer.count) first = 0;
    for (int i = first; i < answer.count && count < max; i++) out[count++] = answer.frames[i];
    __atomic_store_n(&answer.state, 0, __ATOMIC_RELEASE);
  }
  sigaction(number, &before, NULL);
  return count;
}
