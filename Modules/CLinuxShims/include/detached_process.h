// Provides the start of a program that outlives its parent and never becomes its zombie, without fork(2).
#ifndef DETACHED_PROCESS_H
#define DETACHED_PROCESS_H

#include "gnu_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What to start, and how it went. The intermediate process shares this memory.
struct linux_detached_process {
  const char *_Nonnull path;
  char *_Nullable *_Nonnull arguments;
  char *_Nullable *_Nonnull environment;
  int kept;         // the only descriptor above 2 that stays open
  int32_t process;  // result: the program's process id
  int failure;      // result: errno of the step that failed, or 0
  char *_Nullable inner_stack;
};

static inline int linux_detached_inner(void *_Nonnull argument) {
  struct linux_detached_process *request = (struct linux_detached_process *)argument;
  execve(request->path, request->arguments, request->environment);
  request->failure = errno;
  _exit(127);
}

// close_range(2) is of Linux 5.9; before that, what /proc lists, and what a default limit allows where /proc is absent.
static inline void linux_detached_close(int kept) {
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
  long result = kept > 3 ? syscall(SYS_close_range, 3u, (unsigned)kept - 1, 0u) : 0;
  if (result == 0 && syscall(SYS_close_range, (unsigned)kept + 1, ~0u, 0u) == 0) return;
  int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (list < 0) {
    for (int descriptor = 3; descriptor < 65536; descriptor++)
      if (descriptor != kept) close(descriptor);
    return;
  }
  char buffer[2048];
  for (;;) {
    long count = syscall(SYS_getdents64, list, buffer, sizeof buffer);
    if (count <= 0) break;
    // linux_dirent64: the record's length at 16, its name at 19.
    for (long offset = 0; offset + 19 < count;) {
      uint16_t length = *(uint16_t *)(void *)(buffer + offset + 16);
      int descriptor = 0;
      const char *name = buffer + offset + 19;
      for (; *name >= '0' && *name <= '9'; name++) descriptor = descriptor * 10 + (*name - '0');
      if (*name == 0 && descriptor > 2 && descriptor != kept && descriptor != list) close(descriptor);
      if (length == 0) break;
      offset += length;
    }
  }
  close(list);
}

static inline int linux_detached_outer(void *_Nonnull argument) {
  struct linux_detached_process *request = (struct linux_detached_process *)argument;
  // This process has the parent's memory but its own signal actions: a handler must not run here.
  for (int signal = 1; signal <= 64; signal++) {
    struct sigaction action;
    if (sigaction(signal, NULL, &action) != 0) continue;
    if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && signal != SIGPIPE)) continue;
    action.sa_flags = 0;
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, NULL);
  }
  setsid();
  for (int descriptor = 0; descriptor <= 2; descriptor++)
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_RDWR);
  linux_detached_close(request->kept);
  fcntl(request->kept, F_SETFD, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int process = clone(linux_detached_inner, request->inner_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, request);
  if (process < 0) {
    request->failure = errno;
  } else {
    request->process = process;
  }
  _exit(0);
}

// Starts the program in a new session, as a child of nobody: the process in between ends at once, so that init or the
// nearest subreaper adopts the program. That process has no exit signal: the application sees neither SIGCHLD nor a
// child in waitpid(-1). The calling thread is suspended until the program runs or has failed to. 0, or errno.
static inline int linux_spawn_detached(struct linux_detached_process *_Nonnull request) {
  const size_t size = 64 * 1024;
  char *stacks = (char *)mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stacks == MAP_FAILED) return errno;
  request->inner_stack = stacks + size;
  request->process = 0;
  request->failure = 0;
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  int process = clone(linux_detached_outer, stacks + 2 * size, CLONE_VM | CLONE_VFORK, request);
  if (process < 0) request->failure = errno;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (process > 0) {
    int status = 0;
    while (waitpid(process, &status, __WALL) < 0 && errno == EINTR) {
    }
    if (request->process == 0 && request->failure == 0) request->failure = ECHILD;
  }
  munmap(stacks, 2 * size);
  return request->failure;
}

// How a process that is not our child ended: its wait status, or -1 where the kernel does not tell (before 6.15).
static inline int linux_exit_status_of_stranger(int pidfd) {
  struct {
    uint64_t mask, cgroup;
    uint32_t pid, tgid, ppid, ids[8];
    int32_t exit_code;
    uint32_t more[6];
  } information = {.mask = 1u << 3 /* PIDFD_INFO_EXIT */};
  _Static_assert(offsetof(__typeof__(information), exit_code) == 60, "kernel layout");
  // PIDFD_GET_INFO: _IOWR(0xFF, 11, struct pidfd_info), of 64 bytes in its first version.
  if (ioctl(pidfd, _IOC(_IOC_READ | _IOC_WRITE, 0xff, 11, 64), &information) != 0) return -1;
  return information.mask & (1u << 3) ? information.exit_code : -1;
}

// A child in this memory, which suspends the caller until it ends or starts a program: vfork(2), which Swift cannot call.
static inline int linux_clone_sharing_memory(
    void *_Nonnull stack_end, int (*_Nonnull body)(void *_Nullable), void *_Nullable argument) {
  return clone(body, stack_end, CLONE_VM | CLONE_VFORK | SIGCHLD, argument);
}

#endif
