// Provides what reading another process needs of the kernel and the CPU beyond libc's headers: register sets by
// ptrace, and cpuid.
#ifndef PROCESS_CAPTURE_H
#define PROCESS_CAPTURE_H

#include "gnu_source.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// PTRACE_GETREGSET: the register set `type` (NT_…) of a stopped thread. Bytes written, or -errno.
static inline long linux_ptrace_register_set(
    pid_t thread, unsigned long type, void *_Nonnull buffer, size_t capacity) {
  struct iovec target = {buffer, capacity};
  long result = syscall(SYS_ptrace, (long)PTRACE_GETREGSET, (long)thread, type, &target);
  return result < 0 ? -(long)errno : (long)target.iov_len;
}

// PTRACE_PEEKDATA by the system call, which stores the word instead of returning it. 0, or -errno.
static inline long linux_ptrace_peek(pid_t thread, uint64_t address, unsigned long *_Nonnull word) {
  long result = syscall(SYS_ptrace, (long)PTRACE_PEEKDATA, (long)thread, (unsigned long)address, word);
  return result < 0 ? -(long)errno : 0;
}

// waitpid(2) for one traced thread. `__WALL` is an unsigned literal that does not fit waitpid's int in Swift.
// Takes the end of a traced thread, or nothing. The thread's id, 0 when it lives, or -errno.
static inline pid_t linux_reap_traced(pid_t thread) {
  int status;
  pid_t result = waitpid(thread, &status, (int)(__WALL | WNOHANG));
  return result < 0 ? -errno : result;
}

// Whether a traced thread has stopped: 1 and `code` = signal | event << 8, 0 when nothing happened, or -errno. Without
// WEXITED, so that the end of a child that somebody else waits for is not taken from him.
static inline int linux_wait_trace_stop(pid_t thread, int *_Nonnull code) {
  siginfo_t info = {0};
  if (waitid(P_PID, (id_t)thread, &info, WSTOPPED | WNOHANG | (int)__WALL) < 0) return -errno;
  if (info.si_pid == 0) return 0;
  *code = info.si_status;
  return 1;
}

// The time zone of this process: offsets from UTC in seconds to the east, and names of 32 bytes. A zone whose rules have
// daylight saving time counts as having it when a change lies within a year. 0 without it, 1 standard time now, 2
// daylight saving time now.
static inline int linux_time_zone(
    long *_Nonnull standard, long *_Nonnull daylight, char *_Nonnull standard_name, char *_Nonnull daylight_name) {
  time_t now = time(NULL);
  struct tm fields;
  int result = 0;
  *standard = *daylight = 0;
  standard_name[0] = daylight_name[0] = 0;
  tzset();
  // From far to near, so that the latest rules win; the present is month 0.
  for (int distance = 12; distance >= 0; distance--) {
    for (int direction = -1; direction <= 1; direction += 2) {
      time_t moment = now + (time_t)direction * distance * 30 * 86400;
      if (!localtime_r(&moment, &fields)) continue;
      char *name = fields.tm_isdst > 0 ? daylight_name : standard_name;
      *(fields.tm_isdst > 0 ? daylight : standard) = fields.tm_gmtoff;
      snprintf(name, 32, "%s", fields.tm_zone ? fields.tm_zone : "");
      if (fields.tm_isdst > 0 && !result) result = 1;
      if (distance == 0 && fields.tm_isdst > 0) result = 2;
    }
  }
  return result;
}

// cpuid: `registers` becomes eax, ebx, ecx, edx of the leaf; all 0 on other architectures. By assembly, since
// <cpuid.h> drags a module of the compiler's intrinsics in that disagrees with libc's types under _GNU_SOURCE.
static inline void linux_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[_Nonnull 4]) {
  registers[0] = registers[1] = registers[2] = registers[3] = 0;
#if defined(__x86_64__)
  __asm__ volatile("cpuid"
                   : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
                   : "a"(leaf), "c"(subleaf));
#else
  (void)leaf;
  (void)subleaf;
#endif
}

// How a thread is scheduled.
struct linux_scheduling {
  int policy, static_priority, nice;
};

// The answer of sched_getattr(2), for which older headers have no type.
struct linux_scheduling_attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

// One call where the kernel has it, three in a sandbox that does not. 0, or -1 with errno.
static inline int linux_thread_scheduling(pid_t thread, struct linux_scheduling *_Nonnull result) {
  struct linux_scheduling_attributes attributes = {.size = 0};
  if (syscall(SYS_sched_getattr, thread, &attributes, sizeof attributes, 0) == 0) {
    *result = (struct linux_scheduling){(int)attributes.policy, (int)attributes.priority, attributes.nice};
    return 0;
  }
  if (errno == ESRCH) return -1;
  struct sched_param parameters;
  result->policy = sched_getscheduler(thread);
  if (result->policy < 0 || sched_getparam(thread, &parameters) != 0) return -1;
  // The flag SCHED_RESET_ON_FORK may be set in the policy.
  result->policy &= ~0x40000000;
  result->static_priority = parameters.sched_priority;
  // -1 is a priority as well.
  errno = 0;
  result->nice = getpriority(PRIO_PROCESS, (id_t)thread);
  return errno == 0 ? 0 : -1;
}

#endif
