// Provides what the crashing thread needs below Swift: raw system calls, static storage, atomic words, and calls through
// C function pointers, all marked so that the Swift compiler lets code under @_noLocks @_noAllocation use them.
// How the crash path works: docs/crash-path.md.
#ifndef CRASH_PATH_H
#define CRASH_PATH_H

#include "gnu_source.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/ucontext.h>

#include "crash_records.h"

#define CRASH_INLINE CRASH_SAFE static inline __attribute__((always_inline))

// Raw system calls ------------------------------------------------------------------------------------------------
// libc's wrappers set errno, may be cancellation points and may be interposed. These return -errno.

#if defined(__x86_64__)
CRASH_INLINE long crash_syscall(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
// fcntl(2): two flags have other values on each kind of machine.
#define CRASH_O_DIRECTORY 0200000
#define CRASH_O_NOFOLLOW 0400000
#define CRASH_SYS_RT_SIGACTION 13
#define CRASH_SYS_RT_SIGPROCMASK 14
#define CRASH_SYS_CLOSE 3
#define CRASH_SYS_WRITE 1
#define CRASH_SYS_GETPID 39
#define CRASH_SYS_SENDMSG 46
#define CRASH_SYS_RT_SIGTIMEDWAIT 128
#define CRASH_SYS_SIGALTSTACK 131
#define CRASH_SYS_PRCTL 157
#define CRASH_SYS_GETTID 186
#define CRASH_SYS_FUTEX 202
#define CRASH_SYS_CLOCK_GETTIME 228
#define CRASH_SYS_EXECVE 59
#define CRASH_SYS_EXIT_GROUP 231
#define CRASH_SYS_OPENAT 257
#define CRASH_SYS_PPOLL 271
#define CRASH_SYS_RT_TGSIGQUEUEINFO 297
#elif defined(__aarch64__)
CRASH_INLINE long crash_syscall(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory", "cc");
  return x0;
}
#define CRASH_O_DIRECTORY 040000
#define CRASH_O_NOFOLLOW 0100000
#define CRASH_SYS_RT_SIGACTION 134
#define CRASH_SYS_RT_SIGPROCMASK 135
#define CRASH_SYS_CLOSE 57
#define CRASH_SYS_WRITE 64
#define CRASH_SYS_GETPID 172
#define CRASH_SYS_SENDMSG 211
#define CRASH_SYS_RT_SIGTIMEDWAIT 137
#define CRASH_SYS_SIGALTSTACK 132
#define CRASH_SYS_PRCTL 167
#define CRASH_SYS_GETTID 178
#define CRASH_SYS_FUTEX 98
#define CRASH_SYS_CLOCK_GETTIME 113
#define CRASH_SYS_EXECVE 221
#define CRASH_SYS_EXIT_GROUP 94
#define CRASH_SYS_OPENAT 56
#define CRASH_SYS_PPOLL 73
#define CRASH_SYS_RT_TGSIGQUEUEINFO 240
#else
#error "the crash path has no system calls for this machine"
#endif

CRASH_INLINE int32_t crash_getpid(void) { return (int32_t)crash_syscall(CRASH_SYS_GETPID, 0, 0, 0, 0, 0, 0); }
CRASH_INLINE int32_t crash_gettid(void) { return (int32_t)crash_syscall(CRASH_SYS_GETTID, 0, 0, 0, 0, 0, 0); }
CRASH_INLINE long crash_prctl(long option, long argument) {
  return crash_syscall(CRASH_SYS_PRCTL, option, argument, 0, 0, 0, 0);
}
CRASH_INLINE _Noreturn void crash_exit(int status) {
  for (;;) crash_syscall(CRASH_SYS_EXIT_GROUP, status, 0, 0, 0, 0, 0);
}

CRASH_INLINE void crash_close(int descriptor) { crash_syscall(CRASH_SYS_CLOSE, descriptor, 0, 0, 0, 0, 0); }

// Nanoseconds of CLOCK_REALTIME (0) or CLOCK_MONOTONIC (1).
CRASH_INLINE int64_t crash_clock(int clock) {
  int64_t time[2] = {0, 0};
  crash_syscall(CRASH_SYS_CLOCK_GETTIME, clock, (long)time, 0, 0, 0, 0);
  return time[0] * 1000000000 + time[1];
}

// Writes a whole small file in one go; what fails is skipped, since nothing could be done about it here.
CRASH_INLINE void crash_write_file(const void *_Nonnull path, const void *_Nonnull bytes, long count) {
  // AT_FDCWD; O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW: a pipe of this name has no reader.
  long flags = 01 | 0100 | 01000 | 02000000 | 04000 | CRASH_O_NOFOLLOW;
  long descriptor = crash_syscall(CRASH_SYS_OPENAT, -100, (long)path, flags, 0600, 0, 0);
  if (descriptor < 0) return;
  crash_syscall(CRASH_SYS_WRITE, descriptor, (long)bytes, count, 0, 0, 0);
  crash_syscall(CRASH_SYS_CLOSE, descriptor, 0, 0, 0, 0, 0);
}

// Waits until `word` is no longer `expected`, at most `nanoseconds`. FUTEX_WAIT_PRIVATE.
CRASH_INLINE long crash_futex_wait(const uint32_t *_Nonnull word, uint32_t expected, int64_t nanoseconds) {
  int64_t time[2] = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return crash_syscall(CRASH_SYS_FUTEX, (long)word, 128, expected, (long)time, 0, 0);
}
// FUTEX_WAKE_PRIVATE, everybody.
CRASH_INLINE void crash_futex_wake(const uint32_t *_Nonnull word) {
  crash_syscall(CRASH_SYS_FUTEX, (long)word, 129, 0x7fffffff, 0, 0, 0);
}

// Events of one descriptor within `nanoseconds`: `revents`, 0 when nothing happened, -errno.
CRASH_INLINE long crash_poll(int descriptor, short events, int64_t nanoseconds) {
  struct {
    int descriptor;
    short events, revents;
  } request = {descriptor, events, 0};
  int64_t time[2] = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  long result = crash_syscall(CRASH_SYS_PPOLL, (long)&request, 1, (long)time, 0, 8, 0);
  return result > 0 ? request.revents : result;
}

// Signals ---------------------------------------------------------------------------------------------------------

// The kernel's form of an action, which rt_sigaction(2) takes and gives.
struct crash_signal_action {
  uint64_t handler;
  uint64_t flags;
  uint64_t restorer;
  uint64_t mask;
};

CRASH_INLINE long crash_rt_sigaction(
    int signal, const struct crash_signal_action *_Nullable action, struct crash_signal_action *_Nullable old) {
  return crash_syscall(CRASH_SYS_RT_SIGACTION, signal, (long)action, (long)old, 8, 0, 0);
}
// `how`: 0 block, 1 unblock, 2 set. Returns the mask that was.
CRASH_INLINE uint64_t crash_rt_sigprocmask(int how, uint64_t mask) {
  uint64_t old = 0;
  crash_syscall(CRASH_SYS_RT_SIGPROCMASK, how, (long)&mask, (long)&old, 8, 0, 0);
  return old;
}
CRASH_INLINE uint64_t crash_signal_bit(int signal) { return UINT64_C(1) << ((signal - 1) & 63); }

CRASH_INLINE int crash_siginfo_code(const siginfo_t *_Nonnull info) { return info->si_code; }
CRASH_INLINE int crash_siginfo_pid(const siginfo_t *_Nonnull info) { return info->si_pid; }
CRASH_INLINE uint64_t crash_siginfo_value(const siginfo_t *_Nonnull info) {
  return (uint64_t)(uintptr_t)info->si_value.sival_ptr;
}

// Waits for one signal of `mask`, at most `nanoseconds`. Its number, or -errno; `sender` gets the sender's process id.
CRASH_INLINE long crash_wait_signal(uint64_t mask, int64_t nanoseconds, int32_t *_Nonnull sender) {
  siginfo_t info;
  int64_t time[2] = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  info.si_pid = 0;
  long result = crash_syscall(CRASH_SYS_RT_SIGTIMEDWAIT, (long)&mask, (long)&info, (long)time, 8, 0, 0);
  *sender = info.si_pid;
  return result;
}

// Queues `signal` for a thread of this process with every byte of `info` as it was.
CRASH_INLINE long crash_requeue(int32_t process, int32_t thread, int signal, const siginfo_t *_Nonnull info) {
  return crash_syscall(CRASH_SYS_RT_TGSIGQUEUEINFO, process, thread, signal, (long)info, 0, 0);
}

struct crash_stack {
  uint64_t base;
  int32_t flags;
  uint64_t size;
};
CRASH_INLINE long crash_sigaltstack(const struct crash_stack *_Nullable stack, struct crash_stack *_Nullable old) {
  return crash_syscall(CRASH_SYS_SIGALTSTACK, (long)stack, (long)old, 0, 0, 0, 0);
}

// The alternate stack that the thread has after it has returned from the signal of `context`.
CRASH_INLINE void crash_set_context_stack(void *_Nonnull context, const struct crash_stack *_Nonnull stack) {
  ucontext_t *machine = (ucontext_t *)context;
  machine->uc_stack.ss_sp = (void *)(uintptr_t)stack->base;
  machine->uc_stack.ss_flags = stack->flags;
  machine->uc_stack.ss_size = stack->size;
}

// Atomic words ----------------------------------------------------------------------------------------------------

CRASH_INLINE uint32_t crash_load32(const uint32_t *_Nonnull word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
CRASH_INLINE void crash_store32(uint32_t *_Nonnull word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}
CRASH_INLINE uint64_t crash_load64(const uint64_t *_Nonnull word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }
CRASH_INLINE void crash_store64(uint64_t *_Nonnull word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}
// Whether `word` was `expected` and is `desired` now.
CRASH_INLINE _Bool crash_exchange64(uint64_t *_Nonnull word, uint64_t expected, uint64_t desired) {
  return __atomic_compare_exchange_n(word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
CRASH_INLINE _Bool crash_exchange32(uint32_t *_Nonnull word, uint32_t expected, uint32_t desired) {
  return __atomic_compare_exchange_n(word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

// State -----------------------------------------------------------------------------------------------------------

// A function of the application's side that the crashing thread calls; it must be async-signal-safe itself.
typedef void (*crash_hook)(int signal, siginfo_t *_Nonnull info, void *_Nonnull context);

// One that decides: whether the signal is dealt with, so that the thread goes on.
typedef _Bool (*crash_decision)(int signal, siginfo_t *_Nonnull info, void *_Nonnull context);

// Signals 1 ... 31; the real-time signals are never crash signals.
#define CRASH_SIGNAL_SLOTS 32

// Everything the crash path knows. Written before the handlers are installed, only read afterwards, except the words
// named so.
struct crash_path_state {
  // Word: PID and TID of the thread that makes the dump, (PID << 32 | TID); 0 before.
  uint64_t owner;
  // Word: 0 until the dump of `owner` is over; others wait here (futex).
  uint32_t done;
  // Word: 0 when crashes pass straight to the previous handlers.
  uint32_t enabled;
  // How often `owner` came back after its dump. Only that thread counts.
  uint32_t returns;
  // When `done` was set, CLOCK_MONOTONIC in nanoseconds; a process that lives `survival` longer may report again.
  int64_t done_time;
  int64_t survival;

  // Word: 1 while a client exists. Taken by its start, given back by its end.
  uint32_t client;
  uint32_t at_exit;  // 1: exit(3) waits for a crash under way

  int32_t socket;         // the client's end; -1: none
  // A socket pair for one conversation with the handler at the crash: this end and the handler's, made by
  // `channel_process`; -1: none, or used. Another is made when it is needed.
  int32_t channel, channel_offer, channel_process;
  uint32_t takes_channel;  // 1: the handler understands one
  // 1: this process is the only client on `socket`. A handler without a channel speaks there, and its last word on a dump
  // is a message.
  uint32_t is_private;
  // Word: the thread that speaks on a private socket, like `owner`; 0: nobody. Only that thread changes the count of dumps
  // whose end the handler has still to tell.
  uint64_t speaker;
  uint32_t unanswered;
  // Word: the address of the rules for sanitized reports; 0: nothing is left out.
  uint64_t sanitization;
  // A handler that is started by the crashing thread: its path, its arguments for a crash and for a dump without one, and
  // its environment, each ended by a null pointer. Null: there is none.
  const void *_Nullable launch_path;
  const void *_Nullable launch_arguments[2];
  const void *_Nullable launch_environment;
  int32_t handler_pid;    // > 0: allowed to trace this process
  uint32_t is_ours;       // 1: the handler holds a report until its client has decided
  uint32_t waits;         // 1: the handler answers again when the upload has been tried
  uint32_t dialect;       // 0 upstream's, 1 Sentry's
  uint32_t marker;        // 1: write `marker_path`
  int64_t timeout;        // nanoseconds for the whole request
  crash_hook _Nullable before_request;
  crash_hook _Nullable after_request;
  crash_decision _Nullable first_chance;
  crash_decision _Nullable last_chance;
  // What was installed before us, by signal number.
  struct crash_signal_action previous[CRASH_SIGNAL_SLOTS];
  uint64_t installed;  // bits of the signals whose handler we replaced
  char marker_path[4096];

  // Words: an alternate stack for a thread that existed before the installation. `adopter` names the thread, 0 when
  // there is no offer; the thread takes it by exchanging its number for CRASH_ADOPTING, then sets `adoption_result`.
  uint64_t adopter;
  uint32_t adoption_result;
  struct crash_stack adoption;
};

// Handlers that call each other in a circle are left to the default action after so many rounds.
#define CRASH_MAXIMUM_RETURNS 16u

#define CRASH_ADOPTING UINT64_C(0xffffffff00000000)
#define CRASH_ADOPTED 1u    // the thread uses the offered stack
#define CRASH_ADEQUATE 2u   // it has a large enough one of its own
// The signal that carries an offer: thread libraries that block everything leave it unblocked.
#define CRASH_ADOPTION_SIGNAL 31  // SIGSYS

extern struct crash_path_state crash_path_storage;
__attribute__((weak)) struct crash_path_state crash_path_storage = {
    .socket = -1, .channel = -1, .channel_offer = -1, .survival = INT64_C(10000000000)};
CRASH_INLINE struct crash_path_state *_Nonnull crash_path(void) { return &crash_path_storage; }

// The record of dumps without a crash, so that a real crash meanwhile finds its own.
extern struct crash_record crash_simulated_record_storage;
__attribute__((weak)) struct crash_record crash_simulated_record_storage = {
    .size = sizeof(struct crash_record),
    .magic = CRASH_RECORD_MAGIC,
    .version = CRASH_RECORD_VERSION,
    .flags = CRASH_RECORD_SIMULATED};
CRASH_INLINE struct crash_record *_Nonnull crash_simulated_record(void) { return &crash_simulated_record_storage; }
CRASH_INLINE uint8_t *_Nonnull crash_simulated_identifier(void) { return crash_simulated_record_storage.report_id; }

CRASH_INLINE void *_Nonnull crash_path_marker(void) { return crash_path_storage.marker_path; }
CRASH_INLINE uint64_t *_Nonnull crash_path_owner(void) { return &crash_path_storage.owner; }
CRASH_INLINE uint64_t *_Nonnull crash_path_speaker(void) { return &crash_path_storage.speaker; }
CRASH_INLINE uint64_t *_Nonnull crash_path_sanitization(void) { return &crash_path_storage.sanitization; }
CRASH_INLINE uint32_t *_Nonnull crash_path_done(void) { return &crash_path_storage.done; }
CRASH_INLINE uint32_t *_Nonnull crash_path_enabled(void) { return &crash_path_storage.enabled; }
CRASH_INLINE uint32_t *_Nonnull crash_path_client(void) { return &crash_path_storage.client; }
CRASH_INLINE uint64_t *_Nonnull crash_path_adopter(void) { return &crash_path_storage.adopter; }
CRASH_INLINE uint32_t *_Nonnull crash_path_adoption_result(void) { return &crash_path_storage.adoption_result; }
CRASH_INLINE struct crash_stack *_Nonnull crash_path_adoption(void) { return &crash_path_storage.adoption; }
// What a signal carries that offers a stack.
CRASH_INLINE uint64_t crash_path_adoption_value(void) { return (uint64_t)(uintptr_t)&crash_path_storage; }
CRASH_INLINE struct crash_signal_action *_Nonnull crash_path_previous(int signal) {
  return &crash_path_storage.previous[signal & (CRASH_SIGNAL_SLOTS - 1)];
}

CRASH_INLINE void crash_call_hook(
    crash_hook _Nullable hook, int signal, siginfo_t *_Nonnull info, void *_Nonnull context) {
  if (hook) hook(signal, info, context);
}

CRASH_INLINE _Bool crash_call_decision(
    crash_decision _Nullable decision, int signal, siginfo_t *_Nonnull info, void *_Nonnull context) {
  return decision && decision(signal, info, context);
}

// Zeros behind the start of a message in Sentry's dialect.
extern const char crash_message_padding[4072];
__attribute__((weak)) const char crash_message_padding[4072] = {0};

// Sends a dump request for `record`, without waiting for room in the socket. 0 or -errno.
// `channel`: a descriptor that goes along for the handler to speak on, or -1.
CRASH_INLINE long crash_send_request(
    int socket, _Bool padded, uint64_t stack_address, const struct crash_record *_Nonnull record, int channel) {
  struct crash_client_message message = {
      .version = 1,
      .type = CRASH_CLIENT_DUMP_REQUEST,
      .stack_address = stack_address,
      .information = {
          .exception_information_address = (uint64_t)(uintptr_t)record,
          .sanitization_information_address = crash_load64(crash_path_sanitization()),
          .crash_loop_before_time = channel >= 0 ? CRASH_CHANNEL_MARK : 0}};
  struct {
    uint64_t base, length;
  } parts[2] = {
      {(uint64_t)(uintptr_t)&message, sizeof message},
      {(uint64_t)(uintptr_t)crash_message_padding, sizeof crash_message_padding}};
  struct {
    uint64_t name;
    uint32_t name_length;
    uint64_t parts, part_count, control, control_length;
    uint32_t flags;
  } header = {.parts = (uint64_t)(uintptr_t)parts, .part_count = padded ? 2 : 1};
  // struct cmsghdr with SOL_SOCKET, SCM_RIGHTS and one descriptor.
  struct {
    uint64_t length;
    int32_t level, type, descriptor, padding;
  } rights = {20, 1, 1, channel, 0};
  if (channel >= 0) {
    header.control = (uint64_t)(uintptr_t)&rights;
    header.control_length = sizeof rights;
  }
  // MSG_NOSIGNAL | MSG_DONTWAIT
  long result = crash_syscall(CRASH_SYS_SENDMSG, socket, (long)&header, 0x4000 | 0x40, 0, 0, 0);
  return result < 0 ? result : 0;
}

// The signal handler, written in Swift: module CrashCapture.
void crash_signal_handler(int signal, siginfo_t *_Nullable info, void *_Nullable context);

// Asks for a dump of this thread at `context`, without a crash; module CrashCapture. A DumpRequestResult's value.
int crash_request_simulated_dump(siginfo_t *_Nonnull info, void *_Nonnull context);

// An address on the caller's stack.
CRASH_INLINE uint64_t crash_stack_address(void) { return (uint64_t)(uintptr_t)__builtin_frame_address(0); }

#endif
