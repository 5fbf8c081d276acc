// Provides transfers that are shorter than was asked for, in a handler: a library for LD_PRELOAD.
//
//   SHORT_CALL=NAME SHORT_WHEN=N   the Nth call of this name in a process transfers half of the bytes; of one byte, one
//   SHORT_LOG=FILE                 appends `PID NAME(` for each call, as strace(1) does
//
// Calls of one's own are seen, and those of libcurl and OpenSSL; not those that libc makes itself.
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *wanted;
static long when;
static const char *log_file;
static int active;

__attribute__((constructor)) static void start(void) {
  active = !strcmp(program_invocation_short_name, "crashpad_handler");
  wanted = getenv("SHORT_CALL");
  log_file = getenv("SHORT_LOG");
  const char *number = getenv("SHORT_WHEN");
  when = number ? atol(number) : 0;
}

// The number of bytes to ask for. A forked child counts on, as strace counts for each process: from its own log.
static size_t shortened(const char *name, long *count, pid_t *process, size_t size) {
  if (!active) return size;
  if (*process != getpid()) {
    *process = getpid();
    *count = 0;
  }
  ++*count;
  if (log_file) {
    char line[64];
    int length = snprintf(line, sizeof line, "%d %s(\n", (int)getpid(), name);
    int file = (int)syscall(SYS_openat, AT_FDCWD, log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0) {
      syscall(SYS_write, file, line, (size_t)length);
      syscall(SYS_close, file);
    }
  }
  if (wanted && !strcmp(wanted, name) && *count == when && size > 1) return size / 2;
  return size;
}

#define SHORTENED(name, size)                 \
  ({                                          \
    static long count;                        \
    static pid_t process;                     \
    shortened(name, &count, &process, size);  \
  })

ssize_t read(int file, void *bytes, size_t size) {
  int saved = errno;
  size = SHORTENED("read", size);
  errno = saved;
  long result = syscall(SYS_read, file, bytes, size);
  return result;
}
ssize_t write(int file, const void *bytes, size_t size) {
  return syscall(SYS_write, file, bytes, SHORTENED("write", size));
}
ssize_t pread(int file, void *bytes, size_t size, off_t offset) {
  return syscall(SYS_pread64, file, bytes, SHORTENED("pread", size), offset);
}
ssize_t pread64(int file, void *bytes, size_t size, off64_t offset) { return pread(file, bytes, size, offset); }
ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
  return syscall(SYS_pwrite64, file, bytes, SHORTENED("pwrite", size), offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) { return pwrite(file, bytes, size, offset); }
ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size, unsigned flags) {
  return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, SHORTENED("copy_file_range", size), flags);
}
ssize_t getrandom(void *bytes, size_t size, unsigned flags) {
  return syscall(SYS_getrandom, bytes, SHORTENED("getrandom", size), flags);
}

// Memory of another process: whole pieces or none, then half of the first.
ssize_t process_vm_readv(
    pid_t process, const struct iovec *local, unsigned long local_count, const struct iovec *remote,
    unsigned long remote_count, unsigned long flags) {
  struct iovec cut;
  if (remote_count == 1 && local_count >= 1) {
    cut = remote[0];
    cut.iov_len = SHORTENED("process_vm_readv", cut.iov_len);
    remote = &cut;
  }
  return syscall(SYS_process_vm_readv, process, local, local_count, remote, remote_count, flags);
}

// A stream may give and take less than was asked; a packet is whole.
static int is_stream(int socket) {
  int kind = 0;
  socklen_t size = sizeof kind;
  return syscall(SYS_getsockopt, socket, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM;
}
ssize_t send(int socket, const void *bytes, size_t size, int flags) {
  if (is_stream(socket)) size = SHORTENED("send", size);
  return syscall(SYS_sendto, socket, bytes, size, flags, NULL, 0);
}
ssize_t recv(int socket, void *bytes, size_t size, int flags) {
  if (is_stream(socket)) size = SHORTENED("recv", size);
  return syscall(SYS_recvfrom, socket, bytes, size, flags, NULL, NULL);
}
