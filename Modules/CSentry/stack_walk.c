// Provides walking the stack of the calling thread, and of an interrupted one.
#include <dlfcn.h>
#include <execinfo.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "csentry.h"

enum { frame_limit = 256 };

// ---- What both need ----------------------------------------------------------------------------------------------------

// Reads without the risk of a fault.
static int read_word(uintptr_t address, uintptr_t *word) {
  struct iovec local = {word, sizeof *word}, remote = {(void *)address, sizeof *word};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)sizeof *word;
}

#if defined(__x86_64__)
#define UNWINDER "_ULx86_64_"
enum { unwind_ip = 16 };
static void set_context(ucontext_t *c, uintptr_t pc, uintptr_t sp, uintptr_t fp) {
  c->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
  c->uc_mcontext.gregs[REG_RSP] = (greg_t)sp;
  c->uc_mcontext.gregs[REG_RBP] = (greg_t)fp;
}
static uintptr_t context_pc(const ucontext_t *c) { return (uintptr_t)c->uc_mcontext.gregs[REG_RIP]; }
static uintptr_t context_sp(const ucontext_t *c) { return (uintptr_t)c->uc_mcontext.gregs[REG_RSP]; }
static uintptr_t context_fp(const ucontext_t *c) { return (uintptr_t)c->uc_mcontext.gregs[REG_RBP]; }
#elif defined(__aarch64__)
#define UNWINDER "_ULaarch64_"
enum { unwind_ip = 30 };
static void set_context(ucontext_t *c, uintptr_t pc, uintptr_t sp, uintptr_t fp) {
  c->uc_mcontext.pc = pc;
  c->uc_mcontext.sp = sp;
  c->uc_mcontext.regs[29] = fp;
}
static uintptr_t context_pc(const ucontext_t *c) { return (uintptr_t)c->uc_mcontext.pc; }
static uintptr_t context_sp(const ucontext_t *c) { return (uintptr_t)c->uc_mcontext.sp; }
static uintptr_t context_fp(const ucontext_t *c) { return (uintptr_t)c->uc_mcontext.regs[29]; }
#endif

// libunwind's functions for the process itself, found when first needed. Its cursor takes 127 words on every system.
typedef int (*init_function)(void *cursor, void *context, int flag);
typedef int (*step_function)(void *cursor);
typedef int (*register_function)(void *cursor, int number, uintptr_t *value);
static init_function init_cursor;
static step_function step_cursor;
static register_function get_register;

void csentry_prepare_unwinding(void) {
  static int tried;
  if (__atomic_exchange_n(&tried, 1, __ATOMIC_ACQ_REL)) return;
  void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  step_function step = (step_function)dlsym(library, UNWINDER "step");
  register_function reg = (register_function)dlsym(library, UNWINDER "get_reg");
  init_function init = (init_function)dlsym(library, UNWINDER "init_local2");
  if (!step || !reg || !init) return;
  step_cursor = step;
  get_register = reg;
  __atomic_store_n(&init_cursor, init, __ATOMIC_RELEASE);
}

static size_t walk_with_library(const ucontext_t *context, void **out, size_t max) {
  enum { signal_frame = 1 };
  uint64_t cursor[4096 / 8];
  init_function init = __atomic_load_n(&init_cursor, __ATOMIC_ACQUIRE);
  if (!init || init(cursor, (void *)context, signal_frame) != 0) return 0;
  size_t count = 0;
  uintptr_t previous = 0;
  while (count < max) {
    uintptr_t address;
    if (get_register(cursor, unwind_ip, &address) != 0 || address == 0) break;
    if (count > 1 && address == previous && (uintptr_t)out[count - 2] == previous) break;
    previous = address;
    out[count++] = (void *)address;
    if (step_cursor(cursor) <= 0) break;
  }
  return count;
}

// By the chain of frame pointers, where there is no library.
static size_t walk_frame_pointers(const ucontext_t *context, void **out, size_t max) {
  size_t count = 1;
  uintptr_t frame = context_fp(context), below = context_sp(context);
  while (count < max && frame >= below && frame % sizeof(uintptr_t) == 0) {
    uintptr_t next, address;
    if (!read_word(frame, &next) || !read_word(frame + sizeof(uintptr_t), &address) || address == 0) break;
    out[count++] = (void *)address;
    below = frame + 1;
    frame = next;
  }
  return count;
}

// ---- Of the calling thread ---------------------------------------------------------------------------------------------

// Whether libgcc's unwinder knows the function that an address lies in. It has none of this library's, whose tables are
// not loaded.
static int has_table(const void *address) {
  typedef const void *(*find_function)(const void *, void *);
  static find_function find;
  find_function known = __atomic_load_n(&find, __ATOMIC_ACQUIRE);
  if (!known) {
    // It is loaded: `backtrace` needs it.
    void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
    known = library ? (find_function)dlsym(library, "_Unwind_Find_FDE") : NULL;
    if (!known) return 1;
    __atomic_store_n(&find, known, __ATOMIC_RELEASE);
  }
  void *bases[4];
  return known(address, bases) != NULL;
}

static int contains(void **frames, size_t count, const void *address) {
  for (size_t index = 0; index < count; index++)
    if (frames[index] == address) return 1;
  return 0;
}

// Goes on where libc's unwinder has ended in this library: a hook of the application was called from here. Functions of
// this library keep frame pointers, and the hook has left them alone or has its own in the chain; above this library the
// tables are good again.
static size_t walk_on(void **frames, size_t count, size_t max, void *innermost) {
  uintptr_t frame = (uintptr_t)innermost;
  while (count < max && !has_table((char *)frames[count - 1] - 1)) {
    uintptr_t next, address;
    // The first return address of the chain that is not known yet.
    for (;;) {
      if (!read_word(frame, &next) || !read_word(frame + sizeof(uintptr_t), &address)) return count;
      if (!contains(frames, count, (void *)address)) break;
      if (next <= frame || next % sizeof(uintptr_t) != 0) return count;
      frame = next;
    }
    Dl_info information;
    if (!dladdr((void *)address, &information)) return count;
    frames[count++] = (void *)address;
    if (has_table((char *)address - 1)) {
      ucontext_t caller;
      memset(&caller, 0, sizeof caller);
      set_context(&caller, address, frame + 2 * sizeof(uintptr_t), next);
      csentry_prepare_unwinding();
      const size_t more = walk_with_library(&caller, frames + count - 1, max - count + 1);
      if (more > 1) count += more - 1;
    }
    if (next <= frame || next % sizeof(uintptr_t) != 0) return count;
    frame = next;
  }
  return count;
}

// Addresses above the caller of the public function: this function's and that one's own frames are left out.
__attribute__((noinline)) static size_t walk_callers(void **out, size_t max) {
  enum { own = 2 };
  void *frames[frame_limit + own];
  if (max > frame_limit) max = frame_limit;
  // libc's: it unwinds by libgcc, and is there on every system.
  int count = backtrace(frames, (int)(max + own));
  if (count <= own) return 0;
  size_t length = walk_on(frames, (size_t)count, max + own, __builtin_frame_address(0)) - own;
  memcpy(out, frames + own, length * sizeof *out);
  return length;
}

size_t sentry_unwind_stack(void *addr, void **stacktrace_out, size_t max_len) {
  if (addr || !stacktrace_out || max_len == 0) return 0;
  size_t count = walk_callers(stacktrace_out, max_len);
  // Keeps this frame: a jump in place of the call would take it away.
  __asm__ volatile("" ::: "memory");
  return count;
}

sentry_value_t sentry_value_new_stacktrace(void **ips, size_t len) {
  if (ips) return csentry_new_stacktrace(ips, len);
  void *frames[frame_limit];
  len = walk_callers(frames, frame_limit);
  sentry_value_t trace = csentry_new_stacktrace(frames, len);
  __asm__ volatile("" ::: "memory");
  return trace;
}

void sentry_value_set_stacktrace(sentry_value_t value, void **ips, size_t len) {
  void *frames[frame_limit];
  if (!ips) {
    len = walk_callers(frames, frame_limit);
    ips = frames;
  }
  sentry_value_set_by_key(value, "stacktrace", csentry_new_stacktrace(ips, len));
  __asm__ volatile("" ::: "memory");
}

void sentry_event_value_add_stacktrace(sentry_value_t event, void **ips, size_t len) {
  void *frames[frame_limit];
  if (!ips) {
    len = walk_callers(frames, frame_limit);
    ips = frames;
  }
  sentry_value_t thread = sentry_value_new_object();
  sentry_value_set_by_key(thread, "stacktrace", csentry_new_stacktrace(ips, len));
  sentry_event_add_thread(event, thread);
  __asm__ volatile("" ::: "memory");
}

// ---- Of an interrupted thread ------------------------------------------------------------------------------------------

size_t sentry_unwind_stack_from_ucontext(
    const sentry_ucontext_t *uctx, void **stacktrace_out, size_t max_len) {
  if (!uctx || !uctx->user_context || !stacktrace_out || max_len == 0) return 0;
  if (max_len > frame_limit) max_len = frame_limit;
  const ucontext_t *context = uctx->user_context;
  uintptr_t word;
  stacktrace_out[0] = (void *)context_pc(context);
  // After a wild jump, or on a stack that is used up, nothing else is true.
  if (!read_word(context_pc(context) & ~(uintptr_t)7, &word) || !read_word(context_sp(context), &word)) return 1;
  csentry_prepare_unwinding();
  size_t count = walk_with_library(context, stacktrace_out, max_len);
  if (count > 1) return count;
  stacktrace_out[0] = (void *)context_pc(context);
  return walk_frame_pointers(context, stacktrace_out, max_len);
}

unsigned long csentry_walk_interrupted(const void *context, uint64_t *frames, unsigned long limit) {
  sentry_ucontext_t interrupted = {0, NULL, (ucontext_t *)context};
  return sentry_unwind_stack_from_ucontext(&interrupted, (void **)frames, limit);
}
