// Provides fork(2) without the overlay's ban, and the end of a process without exit handlers.
#ifndef PROCESS_CONTROL_H
#define PROCESS_CONTROL_H

#include "gnu_source.h"

#include <sys/types.h>
#include <unistd.h>

// Swift marks fork(2) as unavailable because threads do not survive it. The handler has one thread.
static inline pid_t linux_fork(void) { return fork(); }
static inline void linux_exit_now(int status) __attribute__((noreturn));
static inline void linux_exit_now(int status) { _exit(status); }

#endif
