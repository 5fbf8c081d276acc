// What the library's C and its Swift share: the memory of values, atomic counters, and functions that only C can have.
// Not installed.
#ifndef CSENTRY_H
#define CSENTRY_H

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "sentry.h"

// ---- Values ----------------------------------------------------------------------------------------------------------

// The head of every value on the heap. Scalars end after `content`; the bytes of a text follow its head.
struct csentry_value {
  uint32_t references;  // atomic
  uint8_t type;         // sentry_value_type_t
  uint8_t frozen;
  uint16_t reserved;
  uint64_t content;  // the bits of a number, the bytes of a text, the elements or members of a container
  void *_Nullable storage;
  uint64_t capacity;
};

struct csentry_member {
  char *_Nonnull key;
  uint32_t length;
  uint32_t hash;
  sentry_value_t value;
};

static inline void csentry_retain(uint32_t *_Nonnull count) { __atomic_fetch_add(count, 1, __ATOMIC_RELAXED); }
// Whether that was the last one.
static inline int csentry_release(uint32_t *_Nonnull count) {
  return __atomic_fetch_sub(count, 1, __ATOMIC_ACQ_REL) == 1;
}
static inline uint32_t csentry_load(const uint32_t *_Nonnull count) { return __atomic_load_n(count, __ATOMIC_ACQUIRE); }
static inline void csentry_store(uint32_t *_Nonnull place, uint32_t value) {
  __atomic_store_n(place, value, __ATOMIC_RELEASE);
}
static inline uint64_t csentry_bits(sentry_value_t value) { return value._bits; }
static inline sentry_value_t csentry_value(uint64_t bits) {
  sentry_value_t value;
  value._bits = bits;
  return value;
}

static inline const char *_Nonnull csentry_empty_text(void) { return ""; }

// Whether the text is a finite number as the C locale has it; white space may follow.
int csentry_read_double(const char *_Nonnull text, double *_Nonnull value);

// Whether `count` bytes could be filled with random ones.
static inline int csentry_random(void *_Nullable bytes, size_t count) {
  return bytes && getrandom(bytes, count, 0) == (ssize_t)count;
}

// Room for a double in the shortest of 16 digits, whatever the locale; returns the number of bytes.
int csentry_format_double(char *_Nonnull buffer, uint64_t size, double value);

// ---- Memory ----------------------------------------------------------------------------------------------------------

// From now on memory comes from pages of its own, and none is given back. Async-signal-safe.
void csentry_memory_enter_crash(void);

// ---- The program -----------------------------------------------------------------------------------------------------

// Loads what walking the stack of an interrupted thread needs, so that it need not be done in a signal handler.
void csentry_prepare_unwinding(void);

// The frames of an interrupted thread, `ucontext_t *`. After csentry_prepare_unwinding it needs no heap.
unsigned long csentry_walk_interrupted(
    const void *_Nonnull context, uint64_t *_Nonnull frames, unsigned long limit);

// The sum by which debug files of a module without a build ID are known. Whether there is one.
int csentry_hash_text(const char *_Nonnull path, unsigned char *_Nonnull sum);

// From now on threads that any module of the process makes begin with the function that the crash path wants called
// there (crash_set_thread_start), if it wants any. Whether they do.
int csentry_cover_threads(void);

// Sees to modules that were loaded since.
void csentry_cover_new_modules(void);

typedef void (*csentry_module_function)(
    void *_Nullable context, const char *_Nonnull name, uint64_t address, uint64_t size,
    const unsigned char *_Nullable build_id, uint64_t build_id_length);
// Calls back for each module that is loaded.
void csentry_visit_modules(csentry_module_function _Nonnull function, void *_Nullable context);

// What captures crashes unless an option says otherwise.
sentry_backend_t *_Nullable csentry_default_backend(void);
static inline int csentry_is_inproc(sentry_backend_t *_Nullable backend) { return backend == SENTRY_BACKEND_INPROC; }
const char *_Nonnull csentry_sdk_version(void);
const char *_Nonnull csentry_sdk_name(void);
const char *_Nonnull csentry_sdk_user_agent(void);

// ---- The logger ------------------------------------------------------------------------------------------------------

// Calls the application's logger with a message that is whole.
void csentry_call_logger(
    void *_Nonnull function, int level, void *_Nullable user_data, const char *_Nonnull format, ...);
static inline void csentry_call_message_logger(
    void *_Nonnull function, int level, void *_Nullable user_data, const char *_Nonnull message) {
  csentry_call_logger(function, level, user_data, "%s", message);
}

// ---- Implemented in Swift, called from C -----------------------------------------------------------------------------

// What the functions with a variable list of arguments come to. All texts are copied; values are taken over.
int csentry_log_formatted(
    int level, const char *_Nullable text, uint64_t length, const char *_Nullable format, sentry_value_t parameters,
    sentry_value_t attributes);
int csentry_logs_have_attributes(void);
int csentry_logs_are_enabled(void);
sentry_value_t csentry_new_stacktrace(void *_Nullable *_Nonnull addresses, size_t count);
void csentry_set_fingerprint(sentry_scope_t *_Nullable scope, sentry_value_t list);
void csentry_options_set_logger(
    sentry_options_t *_Nullable options, void *_Nullable function, void *_Nullable user_data);

#endif
