// Provides the installation of a filter for system calls, seccomp(2).
#ifndef SYSTEM_CALL_FILTER_H
#define SYSTEM_CALL_FILTER_H

#include "gnu_source.h"

#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Gives up the right to get more rights by starting a program. 0, or errno.
static inline int linux_set_no_new_privileges(void) {
  return prctl(38 /* PR_SET_NO_NEW_PRIVS */, 1L, 0L, 0L, 0L) == 0 ? 0 : errno;
}

// Puts a filter on the calling thread and everything it starts. `program` is `count` instructions as struct sock_filter:
// code, jump if true, jump if false, and operand in the order of their bytes. 0, or errno.
static inline int linux_install_filter(const uint64_t *_Nonnull program, unsigned short count, unsigned flags) {
  struct {
    unsigned short length;
    const uint64_t *instructions;
  } filter = {count, program};
  return syscall(SYS_seccomp, 1L /* SECCOMP_SET_MODE_FILTER */, (long)flags, &filter) == 0 ? 0 : errno;
}

#endif
