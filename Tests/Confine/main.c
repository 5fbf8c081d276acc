// Provides a program that starts another one with fewer rights than it has itself.
//
// Usage: Confine [--deny CALL,… | --kill CALL,…] [--user UID] [--traced] PROGRAM [ARGUMENT …]
//   --deny    system calls that fail with EPERM from now on, by seccomp
//   --kill    system calls that end the process
//   --user    runs as this user, without capabilities; groups likewise
//   --traced  traces the program from its start on, as a debugger does
#define _GNU_SOURCE 1
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"

static void fail(const char *what) {
  fprintf(stderr, "Confine: %s: %s\n", what, strerror(errno));
  _exit(126);
}

static void filter(const char *names, int deadly) {
  if (confine_calls(names, deadly)) fail(names);
}

// Traces a child and gives every signal on; ends as it ends.
static void trace(char **arguments) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0)) fail("PTRACE_TRACEME");
    execvp(arguments[0], arguments);
    fail(arguments[0]);
  }
  int status = 0, first = 1;
  while (waitpid(child, &status, __WALL) >= 0) {
    if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
    if (WIFSIGNALED(status)) {
      signal(WTERMSIG(status), SIG_DFL);
      kill(getpid(), WTERMSIG(status));
      pause();
    }
    int signal = WSTOPSIG(status);
    // The stop at exec looks like a SIGTRAP.
    if (first && signal == SIGTRAP) {
      ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL);
      signal = 0;
    }
    first = 0;
    ptrace(PTRACE_CONT, child, 0, signal);
  }
  _exit(127);
}

int main(int count, char **arguments) {
  char *denied = NULL, *deadly = NULL;
  int index = 1, traced = 0;
  uid_t user = 0;
  for (; index < count && !strncmp(arguments[index], "--", 2); index++) {
    if (!strcmp(arguments[index], "--traced")) {
      traced = 1;
    } else if (index + 1 < count && !strcmp(arguments[index], "--deny")) {
      denied = arguments[++index];
    } else if (index + 1 < count && !strcmp(arguments[index], "--kill")) {
      deadly = arguments[++index];
    } else if (index + 1 < count && !strcmp(arguments[index], "--user")) {
      user = (uid_t)atoi(arguments[++index]);
    } else {
      break;
    }
  }
  if (index >= count) {
    errno = EINVAL;
    fail("arguments");
  }
  if (user && (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))) fail("user");
  // The change of the user makes a process undumpable; exec makes it dumpable again.
  if (deadly) filter(deadly, 1);
  if (denied) filter(denied, 0);
  if (traced) trace(arguments + index);
  execvp(arguments[index], arguments + index);
  fail(arguments[index]);
}
