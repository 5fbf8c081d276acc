// Provides what the crashing thread needs to converse with the handler on a channel, and to look at its own process on the
// handler's behalf: raw system calls for sockets, files, ptrace and a child process, marked for the crash path.
#ifndef CRASH_CHANNEL_H
#define CRASH_CHANNEL_H

#include "gnu_source.h"

#include <stddef.h>
#include <stdint.h>

#include "broker_records.h"
#include "crash_path.h"

#if defined(__x86_64__)
#define CRASH_SYS_READ 0
#define CRASH_SYS_PREAD64 17
#define CRASH_SYS_SENDTO 44
#define CRASH_SYS_RECVFROM 45
#define CRASH_SYS_SOCKETPAIR 53
#define CRASH_SYS_CLONE 56
#define CRASH_SYS_WAIT4 61
#define CRASH_SYS_KILL 62
#define CRASH_SYS_PTRACE 101
#define CRASH_SYS_GETDENTS64 217
#define CRASH_SYS_PROCESS_VM_READV 310
#elif defined(__aarch64__)
#define CRASH_SYS_READ 63
#define CRASH_SYS_PREAD64 67
#define CRASH_SYS_SENDTO 206
#define CRASH_SYS_RECVFROM 207
#define CRASH_SYS_SOCKETPAIR 199
#define CRASH_SYS_CLONE 220
#define CRASH_SYS_WAIT4 260
#define CRASH_SYS_KILL 129
#define CRASH_SYS_PTRACE 117
#define CRASH_SYS_GETDENTS64 61
#define CRASH_SYS_PROCESS_VM_READV 270
#endif

// A SOCK_SEQPACKET | SOCK_CLOEXEC pair. 0 or -errno.
CRASH_INLINE long crash_socketpair(int32_t *_Nonnull first, int32_t *_Nonnull second) {
  int ends[2] = {-1, -1};
  long result = crash_syscall(CRASH_SYS_SOCKETPAIR, 1, 5 | 02000000, 0, (long)ends, 0, 0);
  *first = ends[0];
  *second = ends[1];
  return result;
}

// One packet without waiting: bytes, or -errno. MSG_DONTWAIT; a longer packet is cut.
CRASH_INLINE long crash_receive(int socket, void *_Nonnull buffer, long size) {
  return crash_syscall(CRASH_SYS_RECVFROM, socket, (long)buffer, size, 0x40, 0, 0);
}
// One packet without waiting, from any address at all: -EFAULT where it cannot be read. MSG_NOSIGNAL | MSG_DONTWAIT.
CRASH_INLINE long crash_transmit(int socket, uint64_t address, long size) {
  return crash_syscall(CRASH_SYS_SENDTO, socket, (long)address, size, 0x4000 | 0x40, 0, 0);
}
CRASH_INLINE uint64_t crash_address(const void *_Nonnull pointer) { return (uint64_t)(uintptr_t)pointer; }

// Events of `first` within `nanoseconds`, and of `second`, of which only its end is of interest. -errno, 0, or
// revents of the first | revents of the second << 16.
CRASH_INLINE long crash_poll_both(int first, short events, int second, int64_t nanoseconds) {
  struct {
    int descriptor;
    short events, revents;
  } requests[2] = {{first, events, 0}, {second, 0, 0}};
  int64_t time[2] = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  long result = crash_syscall(CRASH_SYS_PPOLL, (long)requests, 2, (long)time, 0, 8, 0);
  return result > 0 ? (long)(uint16_t)requests[0].revents | (long)(uint16_t)requests[1].revents << 16 : result;
}
CRASH_INLINE void crash_pause(int64_t nanoseconds) {
  int64_t time[2] = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  crash_syscall(CRASH_SYS_PPOLL, 0, 0, (long)time, 0, 8, 0);
}

// AT_FDCWD; O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, and O_DIRECTORY: a pipe is not waited for.
// A descriptor or -errno.
CRASH_INLINE long crash_open(const void *_Nonnull path, _Bool directory) {
  long flags = 02000000 | 0400 | 04000 | CRASH_O_NOFOLLOW | (directory ? CRASH_O_DIRECTORY : 0);
  return crash_syscall(CRASH_SYS_OPENAT, -100, (long)path, flags, 0, 0, 0);
}
CRASH_INLINE long crash_read(int file, void *_Nonnull buffer, long size) {
  return crash_syscall(CRASH_SYS_READ, file, (long)buffer, size, 0, 0, 0);
}
CRASH_INLINE long crash_read_at(int file, void *_Nonnull buffer, long size, uint64_t offset) {
  return crash_syscall(CRASH_SYS_PREAD64, file, (long)buffer, size, (long)offset, 0, 0);
}
CRASH_INLINE long crash_directory_entries(int file, void *_Nonnull buffer, long size) {
  return crash_syscall(CRASH_SYS_GETDENTS64, file, (long)buffer, size, 0, 0, 0);
}
CRASH_INLINE long crash_read_process(int32_t process, uint64_t address, void *_Nonnull buffer, long size) {
  uint64_t local[2] = {(uint64_t)(uintptr_t)buffer, (uint64_t)size}, remote[2] = {address, (uint64_t)size};
  return crash_syscall(CRASH_SYS_PROCESS_VM_READV, process, (long)local, 1, (long)remote, 1, 0);
}

// Whether the page of `address` can be read, without a fault. rt_sigprocmask(2) copies the new mask before it looks at the
// first argument, which no value of `how` is.
CRASH_INLINE _Bool crash_can_read(uint64_t address) {
  return crash_syscall(CRASH_SYS_RT_SIGPROCMASK, -1, (long)(address & ~UINT64_C(7)), 0, 8, 0, 0) == -22;
}

// A child that shares nothing and whose end raises no signal in the application: 0 in the child, -errno.
CRASH_INLINE long crash_fork(void) { return crash_syscall(CRASH_SYS_CLONE, 0, 0, 0, 0, 0, 0); }
// Starts a program in a child like that, with no signal blocked: the child's id, or -errno. A program that cannot be
// started is a child that ends with 127.
#define CRASH_SYS_CLOSE_RANGE 436
CRASH_INLINE long crash_launch(
    const void *_Nonnull path, const void *_Nonnull arguments, const void *_Nullable environment) {
  long child = crash_fork();
  if (child != 0) return child;
  // Only standard streams stay open: what the program left to be inherited must not outlive it in a handler.
  crash_syscall(CRASH_SYS_CLOSE_RANGE, 3, 0x7fffffff, 0, 0, 0, 0);
  crash_rt_sigprocmask(2, 0);
  crash_syscall(CRASH_SYS_EXECVE, (long)path, (long)arguments, (long)environment, 0, 0, 0);
  crash_exit(127);
}
// wait4(2) for a child or a traced thread of any kind, without waiting: the id, 0, or -errno. __WALL | WNOHANG.
CRASH_INLINE long crash_wait(int32_t process, int32_t *_Nonnull status) {
  int value = 0;
  long result = crash_syscall(CRASH_SYS_WAIT4, process, (long)&value, 0x40000001, 0, 0, 0);
  *status = value;
  return result;
}
CRASH_INLINE void crash_kill(int32_t process, int signal) {
  crash_syscall(CRASH_SYS_KILL, process, signal, 0, 0, 0, 0);
}
CRASH_INLINE long crash_ptrace(long request, int32_t thread, uint64_t address, uint64_t data) {
  return crash_syscall(CRASH_SYS_PTRACE, request, thread, (long)address, (long)data, 0, 0);
}
// PTRACE_GETREGSET: bytes, or -errno.
CRASH_INLINE long crash_register_set(int32_t thread, long type, void *_Nonnull buffer, uint64_t size) {
  uint64_t part[2] = {(uint64_t)(uintptr_t)buffer, size};
  long result = crash_syscall(CRASH_SYS_PTRACE, 0x4204, thread, type, (long)part, 0, 0);
  return result < 0 ? result : (long)part[1];
}

// Registers of a thread that the caller has stopped, in `size` bytes, one of the two sizes. 0 or -errno.
CRASH_INLINE long crash_thread_info(int32_t thread, uint8_t *_Nonnull info, long size) {
  for (long index = 0; index < size; index++) ((volatile uint8_t *)info)[index] = 0;
  long count = crash_register_set(thread, 1, info, BROKER_REGISTERS_SIZE);  // NT_PRSTATUS
  if (count != BROKER_REGISTERS_SIZE) return count < 0 ? count : -5;
  count = crash_register_set(thread, 2, info + BROKER_REGISTERS_SIZE, BROKER_FLOATS_SIZE);  // NT_PRFPREG
  if (count != BROKER_FLOATS_SIZE) return count < 0 ? count : -5;
  uint8_t *pointer = info + size - 9;
#if defined(__x86_64__)
  for (int index = 0; index < 8; index++) pointer[index] = info[21 * 8 + index];  // fs_base
#else
  crash_register_set(thread, 0x401, pointer, 8);  // NT_ARM_TLS
#endif
  info[size - 1] = 1;
  return 0;
}

// What one conversation at a time works with. `busy` is a word: who has exchanged 0 for 1 has it.
struct crash_channel_state {
  uint32_t busy;
  struct broker_request request;
  uint8_t info[BROKER_PADDED_THREAD_INFO_SIZE];
  uint8_t path[BROKER_PATH + 8];
  uint8_t chunk[BROKER_CHUNK];
};
extern struct crash_channel_state crash_channel_storage;
__attribute__((weak)) struct crash_channel_state crash_channel_storage = {0};
CRASH_INLINE struct crash_channel_state *_Nonnull crash_channel(void) { return &crash_channel_storage; }
CRASH_INLINE uint32_t *_Nonnull crash_channel_busy(void) { return &crash_channel_storage.busy; }
CRASH_INLINE uint8_t *_Nonnull crash_channel_path(void) { return crash_channel_storage.path; }
CRASH_INLINE uint8_t *_Nonnull crash_channel_chunk(void) { return crash_channel_storage.chunk; }
CRASH_INLINE struct broker_request *_Nonnull crash_channel_request(void) { return &crash_channel_storage.request; }
CRASH_INLINE uint8_t *_Nonnull crash_channel_info(void) { return crash_channel_storage.info; }

// Does what the handler says on `channel` until it says that the dump is over; `socket` ends with the handler. Module
// CrashCapture; a DumpRequestResult's value. `deadline`: CLOCK_MONOTONIC in nanoseconds.
int crash_converse(int channel, int socket, int64_t deadline);

#endif
