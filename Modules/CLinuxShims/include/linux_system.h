// Provides what Swift cannot see of the kernel's and libc's interface: variadic calls, function-like macros, errno,
// and declarations that libc hides without _GNU_SOURCE. Nothing here decides anything.
#ifndef LINUX_SYSTEM_H
#define LINUX_SYSTEM_H

#include "gnu_source.h"

#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// errno is a macro over a function call; Swift must read it right after the call, before any ARC traffic.
static inline int linux_errno(void) { return errno; }
static inline void linux_set_errno(int value) { errno = value; }

// Symbolic name and English text of an error number; NULL for an unknown one (glibc 2.32).
static inline const char *_Nullable linux_errno_name(int value) { return strerrorname_np(value); }
static inline const char *_Nullable linux_errno_text(int value) { return strerrordesc_np(value); }

// The C runtime's environment. Swift sees `environ` as shared mutable state and refuses it.
static inline char *_Nullable *_Nullable linux_environ(void) {
  extern char **environ;
  return environ;
}

static inline int linux_open(const char *_Nonnull path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int linux_openat(int directory, const char *_Nonnull path, int flags, mode_t mode) {
  return openat(directory, path, flags, mode);
}
static inline int linux_fcntl(int descriptor, int command, long argument) {
  return fcntl(descriptor, command, argument);
}
static inline int linux_prctl(int option, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5) {
  return prctl(option, a2, a3, a4, a5);
}

// ptrace(2) by its system call: libc's wrapper is variadic and changes the meaning of PTRACE_PEEK*.
static inline long linux_ptrace(long request, pid_t thread, uintptr_t address, uintptr_t data) {
  return syscall(SYS_ptrace, request, (long)thread, address, data);
}
static inline pid_t linux_gettid(void) { return (pid_t)syscall(SYS_gettid); }
static inline int linux_tgkill(pid_t process, pid_t thread, int signal) {
  return (int)syscall(SYS_tgkill, process, thread, signal);
}
// pidfd_open(2), Linux 5.3. -1 and ENOSYS before that.
static inline int linux_pidfd_open(pid_t process, unsigned int flags) {
  return (int)syscall(434 /* SYS_pidfd_open, missing in older headers */, process, flags);
}
static inline int linux_memfd_create(const char *_Nonnull name, unsigned int flags) {
  return (int)syscall(SYS_memfd_create, name, flags);
}
// renameat2(2) with RENAME_NOREPLACE and friends.
static inline int linux_renameat2(
    int old_directory, const char *_Nonnull old_path, int new_directory, const char *_Nonnull new_path,
    unsigned int flags) {
  return (int)syscall(SYS_renameat2, old_directory, old_path, new_directory, new_path, flags);
}

// wait(2) status, which libc only offers as macros.
static inline int linux_wait_exited(int status) { return WIFEXITED(status) ? 1 : 0; }
static inline int linux_wait_exit_status(int status) { return WEXITSTATUS(status); }
static inline int linux_wait_signaled(int status) { return WIFSIGNALED(status) ? 1 : 0; }
static inline int linux_wait_signal(int status) { return WTERMSIG(status); }
static inline int linux_wait_core_dumped(int status) { return WCOREDUMP(status) ? 1 : 0; }
static inline int linux_wait_stopped(int status) { return WIFSTOPPED(status) ? 1 : 0; }
static inline int linux_wait_stop_signal(int status) { return WSTOPSIG(status); }

// stat(2) fields that are macros or nested structures.
static inline int linux_mode_is_regular(mode_t mode) { return S_ISREG(mode) ? 1 : 0; }
static inline int linux_mode_is_directory(mode_t mode) { return S_ISDIR(mode) ? 1 : 0; }
static inline int linux_mode_is_link(mode_t mode) { return S_ISLNK(mode) ? 1 : 0; }

// The name of a directory entry: `d_name` imports into Swift as a tuple of 256 bytes.
static inline const char *_Nonnull linux_dirent_name(const struct dirent *_Nonnull entry) { return entry->d_name; }

#endif
