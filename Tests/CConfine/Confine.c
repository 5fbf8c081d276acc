// Provides a sandbox by seccomp. Source: seccomp(2).
#define _GNU_SOURCE 1
#include "confine.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
  const char *name;
  int number;
} calls[] = {
    {"ptrace", SYS_ptrace},         {"process_vm_readv", SYS_process_vm_readv},
    {"prctl", SYS_prctl},           {"socketpair", SYS_socketpair},
    {"clone", SYS_clone},           {"openat", SYS_openat},
    {"seccomp", SYS_seccomp},
};

int confine_calls(const char *names, int deadly) {
  struct sock_filter program[64];
  unsigned short count = 0;
  char text[256];
  if (strlen(names) >= sizeof text) return -1;
  strcpy(text, names);
  program[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  char *rest = NULL;
  for (char *name = strtok_r(text, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
    int number = -1;
    for (size_t index = 0; index < sizeof calls / sizeof *calls; index++)
      if (!strcmp(calls[index].name, name)) number = calls[index].number;
    if (number < 0 || count > 60) {
      errno = EINVAL;
      return -1;
    }
    unsigned action = deadly ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM;
    program[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
    program[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
  }
  program[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog all = {count, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &all);
}

int confine_hide_proc(void) {
  if (unshare(CLONE_NEWNS)) return -1;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) return -1;
  return mount("none", "/proc", "tmpfs", 0, NULL);
}

int confine_to_writing(void) {
  // Not seccomp's strict mode, which takes the time stamp counter away, and the clock with it.
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog all = {sizeof program / sizeof program[0], program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &all);
}

void confine_exit_thread(void) { syscall(SYS_exit, 0); }
