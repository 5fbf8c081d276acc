// Provides how long a process takes from its crash to its end, and what CPU time its handler takes for the dump.
#define _GNU_SOURCE 1
#include "handler_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// Between the process that crashes and the one that measures.
static struct shared {
  uint64_t began;
  pid_t handler;
} *shared;

static struct handler handler_of_victim;

static void crashed(int number, siginfo_t *siginfo, void *context) {
  (void)number;
  static struct __attribute__((packed)) {
    uint64_t siginfo, ucontext;
    int32_t thread;
  } information;
  information.siginfo = (uint64_t)(uintptr_t)siginfo;
  information.ucontext = (uint64_t)(uintptr_t)context;
  information.thread = (int32_t)syscall(SYS_gettid);
  char mark;
  handler_send(handler_of_victim, 1, (uint64_t)(uintptr_t)&mark, (uint64_t)(uintptr_t)&information);
  sigset_t release;
  sigemptyset(&release);
  sigaddset(&release, SIGCONT);
  const struct timespec limit = {.tv_sec = 30};
  int released;
  while ((released = sigtimedwait(&release, NULL, &limit)) < 0 && errno == EINTR) continue;
  if (released != SIGCONT) _exit(3);
  // The signal's action is the default again (SA_RESETHAND): the same fault ends the process.
}

static void victim(const struct process_shape *shape, const char *path, const char *database, int ready, int go) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  sigset_t release;
  sigemptyset(&release);
  sigaddset(&release, SIGCONT);
  sigprocmask(SIG_BLOCK, &release, NULL);
  take_shape(shape);
  if (strcmp(path, "none") != 0) {
    handler_of_victim = handler_start(path, database);
    shared->handler = handler_of_victim.process;
    handler_send(handler_of_victim, 0, 0, 0);
    handler_await_credentials(handler_of_victim);
    static char stack[64 << 10];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
    sigaction(SIGSEGV, &action, NULL);
  } else {
    // Swift's runtime is in all programs of this package, and would print a backtrace before the end.
    signal(SIGSEGV, SIG_DFL);
  }
  char byte = 0;
  if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1) _exit(2);
  shared->began = now_ns();
  *(volatile int *)(uintptr_t)16 = 1;
  _exit(2);
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static void measure_one(int index, const struct process_shape *shape, const char *path, const char *database, int report) {
  int ready[2], go[2];
  if (pipe2(ready, 02000000) != 0 || pipe2(go, 02000000) != 0) fail("pipe2");
  shared->handler = 0;
  const pid_t process = fork();
  if (process < 0) fail("fork");
  if (process == 0) victim(shape, path, database, ready[1], go[0]);
  close(ready[1]);
  close(go[0]);
  char byte;
  if (read(ready[0], &byte, 1) != 1) fail("the process that shall crash");
  struct timespec before = {0, 0};
  clockid_t clock;
  if (shared->handler != 0 && clock_getcpuclockid(shared->handler, &clock) == 0) clock_gettime(clock, &before);
  if (write(go[1], &byte, 1) != 1) fail("write");
  int status;
  if (waitpid(process, &status, 0) != process) fail("waitpid");
  const uint64_t ended = now_ns();
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV) fail("the process did not die of its crash");
  double cpu = 0;
  if (shared->handler != 0) {
    // Its parent has died: it is a child of this process now.
    const int descriptor = (int)syscall(SYS_pidfd_open, shared->handler, 0);
    struct pollfd request = {.fd = descriptor, .events = POLLIN};
    if (poll(&request, 1, 20000) != 1) kill(shared->handler, SIGKILL);
    close(descriptor);
    struct rusage usage;
    if (wait4(shared->handler, &status, 0, &usage) == shared->handler)
      cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime) - (double)before.tv_sec - (double)before.tv_nsec / 1e9;
  }
  // The next one finds a database without reports, as it mostly is.
  if (shared->handler != 0) handler_take_reports(database);
  // Helpers that the handler started.
  while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  close(ready[0]);
  close(go[1]);
  if (report) {
    printf("%d %.3f %.3f\n", index, (double)(ended - shared->began) / 1e6, cpu * 1e3);
    fflush(stdout);
  }
}

int measure_crash(const struct process_shape *shape, int runs, int count, char **handlers) {
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("prctl");
  for (int run = -1; run < runs; run++)
    for (int i = 0; i < count; i++) {
      const int index = (i + run + 1) % count;
      measure_one(index, shape, handlers[2 * index], handlers[2 * index + 1], run >= 0);
    }
  return 0;
}
