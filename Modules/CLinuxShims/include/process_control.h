// Provides fork(2) without the overlay's ban, and the end of a process without exit handlers.
#ifndef PROCESS_CONTROL_H
#define PROCESS_CONTROL_H

#include "gnu_source.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

// Swift marks fork(2) as unavailable because threads do not survive it. The handler has one thread.
static inline pid_t linux_fork(void) { return fork(); }
static inline void linux_exit_now(int status) __attribute__((noreturn));
static inline void linux_exit_now(int status) { _exit(status); }

// pipe2(2), which libc hides without _GNU_SOURCE.
static inline int linux_pipe(int *_Nullable ends) { return pipe2(ends, O_CLOEXEC); }

// SIG_IGN is a macro that casts a number to a function pointer.
static inline void linux_ignore_signal(int number) { signal(number, SIG_IGN); }

// Lowers a limit of this process, setrlimit(2). The type of the first parameter of libc's function depends on the
// features that are asked for. A limit that cannot be lowered stays.
static inline void linux_lower_limit(enum __rlimit_resource resource, rlim_t value) {
  struct rlimit limits;
  if (getrlimit(resource, &limits) != 0) return;
  if (limits.rlim_cur > value) limits.rlim_cur = value;
  if (limits.rlim_max > value) limits.rlim_max = value;
  setrlimit(resource, &limits);
}

#endif
