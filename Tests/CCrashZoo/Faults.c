// Provides memory faults, aborts and signals.
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crash_zoo.h"

__attribute__((noinline)) void zoo_null_write(void) { *(volatile int *)NULL = 1; }

// No address of this form can be mapped on x86_64; the processor raises a general protection fault without an address.
__attribute__((noinline)) void zoo_non_canonical(void) { *(volatile int *)0x5a5a5a5a5a5a5a5aull = 1; }

__attribute__((noinline)) void zoo_jump_null(void) {
  void (*volatile target)(void) = NULL;
  target();
}

__attribute__((noinline)) void zoo_abort(void) { abort(); }

static volatile char *bus_page;

uint64_t zoo_bus_prepare(void) {
  long page = sysconf(_SC_PAGESIZE);
  int file = (int)syscall(SYS_memfd_create, "zoo", 0);
  if (file < 0 || ftruncate(file, 2 * page) != 0) return 0;
  char *mapping = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapping == MAP_FAILED || ftruncate(file, page) != 0) return 0;
  close(file);
  bus_page = mapping + page;
  return (uint64_t)(uintptr_t)bus_page;
}

__attribute__((noinline)) void zoo_bus_write(void) { *bus_page = 1; }

int zoo_seccomp_prepare(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_rr_get_interval, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return errno;
  return 0;
}

// One frame is smaller than the guard page, and every frame is written to.
__attribute__((noinline)) static int recurse(volatile char *above, int depth) {
  volatile char frame[1024];
  frame[0] = above[0];
  frame[sizeof frame - 1] = (char)depth;
  return recurse(frame, depth + 1) + frame[0] + frame[sizeof frame - 1];
}

__attribute__((noinline)) void zoo_stack_overflow(void) {
  // An unlimited main stack would eat the machine's memory first.
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > (64u << 20))) {
    limit.rlim_cur = 8u << 20;
    setrlimit(RLIMIT_STACK, &limit);
  }
  volatile char start = 0;
  recurse(&start, 0);
}

// glibc finds the second free in its cache and aborts.
__attribute__((noinline)) void zoo_double_free(void) {
  void *volatile block = malloc(40);
  free(block);
  free(block);
}

// Dispatch blocks most signals on its threads, where the signal would wait for ever.
void zoo_raise(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
}
