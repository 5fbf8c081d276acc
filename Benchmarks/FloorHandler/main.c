// Provides the floor of a capture: a handler that does what none can leave out, and nothing else.
//
// It speaks the protocol of Sentry's Crashpad over a shared connection, stops all threads, and takes their registers and
// stacks, the map of memory, and a page of every module for its build ID. All of it goes into one file, which becomes
// a pending report as a handler's does: a dump, metadata, a rename. The file is no minidump, has no names of threads,
// no streams of others and no annotations, nothing was checked, and nobody would upload it.
#define _GNU_SOURCE 1
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { most_threads = 16384, most_pieces = 1024, page = 4096, xsave_size = 4096, stack_bytes = 64 << 10 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// What goes into the file. Its pages exist from the first use on, as those of any buffer that is kept.
static char *content;
static size_t length;

static char *take(size_t size) {
  char *const place = content + length;
  length += size;
  return place;
}

static char *slurp(const char *path, size_t *size) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path);
  char *const place = content + length;
  *size = 0;
  ssize_t count;
  while ((count = read(file, place + *size, 1 << 20)) > 0) *size += (size_t)count;
  close(file);
  length += *size;
  return place;
}

// Pieces of the process's memory that one call reads.
static struct iovec here[most_pieces], there[most_pieces];
static size_t pieces;

static void read_pieces(pid_t process) {
  if (pieces > 0 && process_vm_readv(process, here, pieces, there, pieces, 0) < 0) fail("process_vm_readv");
  pieces = 0;
}

static void add_piece(pid_t process, uint64_t address, size_t size) {
  there[pieces] = (struct iovec){(void *)(uintptr_t)address, size};
  here[pieces++] = (struct iovec){take(size), size};
  if (pieces == most_pieces) read_pieces(process);
}

static pid_t threads[most_threads];
static uint64_t stack_pointers[most_threads];
static size_t thread_count;

static void stop_threads(pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", process);
  DIR *const stream = opendir(path);
  if (!stream) fail(path);
  thread_count = 0;
  struct dirent *entry;
  while ((entry = readdir(stream)) && thread_count < most_threads) {
    const pid_t thread = (pid_t)atoi(entry->d_name);
    if (thread <= 0) continue;
    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0) continue;
    threads[thread_count++] = thread;
  }
  closedir(stream);
  for (size_t i = 0; i < thread_count; i++) {
    int status;
    if (waitpid(threads[i], &status, __WALL) < 0) fail("waitpid");
    struct user_regs_struct *const registers = (struct user_regs_struct *)take(sizeof *registers);
    struct iovec general = {registers, sizeof *registers};
    if (ptrace(PTRACE_GETREGSET, threads[i], (void *)NT_PRSTATUS, &general) != 0) fail("PTRACE_GETREGSET");
    struct iovec extended = {take(xsave_size), xsave_size};
    if (ptrace(PTRACE_GETREGSET, threads[i], (void *)NT_X86_XSTATE, &extended) != 0) fail("PTRACE_GETREGSET");
    stack_pointers[i] = registers->rsp;
  }
}

static int precedes(const void *left, const void *right) {
  const uint64_t a = stack_pointers[*(const size_t *)left], b = stack_pointers[*(const size_t *)right];
  return a < b ? -1 : a > b;
}

// A page of each file, and of each stack what is in use.
static void read_memory(pid_t process) {
  static size_t order[most_threads];
  for (size_t i = 0; i < thread_count; i++) order[i] = i;
  qsort(order, thread_count, sizeof *order, precedes);
  char path[64];
  size_t size;
  snprintf(path, sizeof path, "/proc/%d/maps", process);
  const char *line = slurp(path, &size);
  const char *const end = line + size;
  size_t next = 0;
  while (line < end) {
    char *rest;
    const uint64_t low = strtoull(line, &rest, 16), high = strtoull(rest + 1, &rest, 16);
    const char *const permissions = rest + 1;
    const uint64_t offset = strtoull(permissions + 5, &rest, 16);
    const char *const line_end = memchr(rest, '\n', (size_t)(end - rest));
    if (permissions[0] == 'r' && offset == 0 && memchr(rest, '/', (size_t)(line_end - rest)))
      add_piece(process, low, page);
    while (next < thread_count && stack_pointers[order[next]] < low) next++;
    for (; next < thread_count && stack_pointers[order[next]] < high; next++) {
      const uint64_t from = (stack_pointers[order[next]] - 128) & ~(uint64_t)15;
      add_piece(process, from, high - from < stack_bytes ? (size_t)(high - from) : stack_bytes);
    }
    line = line_end + 1;
  }
  read_pieces(process);
}

static void write_file(int folder, const char *name, const void *bytes, size_t size) {
  const int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 || write(file, bytes, size) != (ssize_t)size) fail(name);
  close(file);
}

static void capture(pid_t process, uint64_t information, int database) {
  struct __attribute__((packed)) {
    uint64_t siginfo, ucontext;
    int32_t thread;
  } request;
  struct iovec to = {&request, sizeof request}, from = {(void *)(uintptr_t)information, sizeof request};
  if (process_vm_readv(process, &to, 1, &from, 1, 0) != sizeof request) fail("process_vm_readv");
  length = 0;
  add_piece(process, request.siginfo, sizeof(siginfo_t));
  add_piece(process, request.ucontext, sizeof(ucontext_t));
  char path[64];
  size_t size;
  snprintf(path, sizeof path, "/proc/%d/auxv", process);
  slurp(path, &size);
  snprintf(path, sizeof path, "/proc/%d/status", process);
  slurp(path, &size);
  stop_threads(process);
  read_memory(process);
  for (size_t i = 0; i < thread_count; i++) ptrace(PTRACE_DETACH, threads[i], NULL, NULL);
  static unsigned count;
  char name[64], final_name[64];
  snprintf(name, sizeof name, "new/%u-%d.dmp", count, getpid());
  snprintf(final_name, sizeof final_name, "pending/%u-%d.dmp", count, getpid());
  write_file(database, name, content, length);
  const char metadata[17] = "CPAD";
  snprintf(path, sizeof path, "pending/%u-%d.meta", count++, getpid());
  write_file(database, path, metadata, sizeof metadata);
  if (renameat(database, name, database, final_name) != 0) fail("renameat");
  syscall(SYS_tgkill, process, request.thread, SIGCONT);
}

int main(int count, char **arguments) {
  const char *database_path = NULL;
  int client = -1;
  for (int i = 1; i < count; i++) {
    if (strncmp(arguments[i], "--database=", 11) == 0) database_path = arguments[i] + 11;
    if (strncmp(arguments[i], "--initial-client-fd=", 20) == 0) client = atoi(arguments[i] + 20);
  }
  if (!database_path || client < 0) {
    fprintf(stderr, "Usage: floor-handler --database=PATH --initial-client-fd=FD\n");
    return 2;
  }
  const int database = open(database_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (database < 0) fail(database_path);
  mkdirat(database, "new", 0700);
  mkdirat(database, "pending", 0700);
  content = malloc((size_t)2 << 30);
  if (!content) fail("malloc");
  for (;;) {
    struct __attribute__((packed)) {
      int32_t version;
      uint32_t type;
      uint64_t stack, exception_information;
      unsigned char rest[4112 - 24];
    } message;
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec data = {&message, sizeof message};
    struct msghdr header = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(client, &header, MSG_CMSG_CLOEXEC) <= 0) return 0;
    const struct cmsghdr *const credentials = CMSG_FIRSTHDR(&header);
    if (!credentials || credentials->cmsg_type != SCM_CREDENTIALS) continue;
    struct ucred sender;
    memcpy(&sender, CMSG_DATA(credentials), sizeof sender);
    if (message.type == 0) {
      const uint64_t answer = 0;
      if (send(client, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) return 1;
    } else {
      capture(sender.pid, message.exception_information, database);
    }
  }
}
