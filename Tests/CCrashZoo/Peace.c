// Provides what other parts of a program do with signals that are crashes to us.
#define _GNU_SOURCE 1
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <ucontext.h>
#include <unistd.h>

#include "crash_zoo.h"

#if defined(__x86_64__)

// A load that a runtime expects to fault, and where it goes on then: a null check of compiled code.
// clang-format off
__asm__(
    ".text\n"
    ".globl zoo_checked_load\n.type zoo_checked_load,@function\n"
    "zoo_checked_load:\n.cfi_startproc\n xorl %eax, %eax\n"
    "zoo_checked_load_fault: movl (%rdi), %ecx\n ret\n"
    "zoo_checked_load_mended: movl $1, %eax\n ret\n"
    ".cfi_endproc\n.size zoo_checked_load,.-zoo_checked_load\n");
// clang-format on

extern int zoo_checked_load(uint64_t address);
extern const char zoo_checked_load_fault[], zoo_checked_load_mended[];

static struct sigaction before;

static void mend(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  if (registers[REG_RIP] == (greg_t)(uintptr_t)zoo_checked_load_fault) {
    registers[REG_RIP] = (greg_t)(uintptr_t)zoo_checked_load_mended;
    return;
  }
  // Not its own: whoever was there before.
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    sigaction(signal, &before, NULL);
  } else {
    before.sa_handler(signal);
  }
}

void zoo_install_mending_handler(void) {
  struct sigaction action = {0};
  action.sa_sigaction = mend;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, &before);
}

int zoo_mend(void) { return zoo_checked_load(0x10); }

#else

void zoo_install_mending_handler(void) {}
int zoo_mend(void) { return 0; }

#endif

static char *locked_page;

static void unlock(int signal, siginfo_t *info, void *context) {
  (void)context;
  uintptr_t page = (uintptr_t)locked_page;
  if (page && (uintptr_t)info->si_addr - page < 4096) {
    mprotect(locked_page, 4096, PROT_READ | PROT_WRITE);
  } else {
    struct sigaction standard = {0};
    sigaction(signal, &standard, NULL);
  }
}

void zoo_install_unlocking_handler(void) {
  locked_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {0};
  action.sa_sigaction = unlock;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, NULL);
}

int zoo_unlock(void) {
  mprotect(locked_page, 4096, PROT_NONE);
  volatile char *page = locked_page;
  *page = 1;
  return *page;
}

void zoo_block(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

int zoo_take_by_signalfd(int signal) {
  zoo_block(signal);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  int file = signalfd(-1, &set, SFD_CLOEXEC);
  if (file < 0 || kill(getpid(), signal) != 0) return -1;
  struct signalfd_siginfo information;
  if (read(file, &information, sizeof information) != sizeof information) return -1;
  close(file);
  return (int)information.ssi_signo;
}
