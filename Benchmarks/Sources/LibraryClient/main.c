// Provides what libsentry.so costs a C program: its load, its start, its memory, and the calls that are made often.
//
//   library-client LIBRARY HANDLER DATABASE
//
// prints one line: load_ms load_rss_kb load_dirty_kb init_ms init_rss_kb init_dirty_kb, then nanoseconds of one call of
// sentry_set_tag, sentry_add_breadcrumb, sentry_capture_event with 100 breadcrumbs, sentry_log_info, and a span.
// The program knows the library by dlopen alone: what was there before belongs to a C program without an SDK.
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// As in sentry.h. A value travels as the integer of its union, as the calling convention has it.
typedef uint64_t value;
typedef struct {
  char bytes[16];
} uuid;

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

struct memory {
  long rss, dirty;
};

static struct memory memory(void) {
  struct memory result = {0, 0};
  char line[256];
  FILE *file = fopen("/proc/self/smaps_rollup", "r");
  if (!file) exit(3);
  while (fgets(line, sizeof line, file)) {
    sscanf(line, "Rss: %ld", &result.rss);
    sscanf(line, "Private_Dirty: %ld", &result.dirty);
  }
  fclose(file);
  return result;
}

static void *library;

static void *function(const char *name) {
  void *address = dlsym(library, name);
  if (!address) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return address;
}

// Nothing leaves this machine, and nothing waits for a network: envelopes are dropped where they would be sent.
static void (*free_envelope)(void *);
static void drop(void *envelope, void *state) {
  (void)state;
  free_envelope(envelope);
}

// Calls `body` `count` times and prints the nanoseconds of one.
#define MEASURE(count, body)                                        \
  do {                                                              \
    for (int i = 0; i < (count) / 10; i++) body;                    \
    const uint64_t began = now_ns();                                \
    for (int i = 0; i < (count); i++) body;                         \
    printf(" %.1f", (double)(now_ns() - began) / (double)(count));  \
  } while (0)

int main(int count, char **arguments) {
  if (count != 4) return 2;
  memory();
  const struct memory before = memory();
  uint64_t began = now_ns();
  library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const double load = (double)(now_ns() - began) / 1e6;
  const struct memory loaded = memory();

  void *(*options_new)(void) = function("sentry_options_new");
  void (*set_dsn)(void *, const char *) = function("sentry_options_set_dsn");
  void (*set_handler)(void *, const char *) = function("sentry_options_set_handler_path");
  void (*set_database)(void *, const char *) = function("sentry_options_set_database_path");
  void (*set_transport)(void *, void *) = function("sentry_options_set_transport");
  void (*set_rate)(void *, double) = function("sentry_options_set_traces_sample_rate");
  void (*enable_logs)(void *, int) = function("sentry_options_set_enable_logs");
  void *(*transport_new)(void (*)(void *, void *)) = function("sentry_transport_new");
  int (*init)(void *) = function("sentry_init");
  int (*end)(void) = function("sentry_close");
  void (*set_tag)(const char *, const char *) = function("sentry_set_tag");
  value (*new_breadcrumb)(const char *, const char *) = function("sentry_value_new_breadcrumb");
  void (*add_breadcrumb)(value) = function("sentry_add_breadcrumb");
  value (*new_message)(int, const char *, const char *) = function("sentry_value_new_message_event");
  uuid (*capture)(value) = function("sentry_capture_event");
  int (*log_info)(const char *, ...) = function("sentry_log_info");
  void *(*new_context)(const char *, const char *) = function("sentry_transaction_context_new");
  void *(*start)(void *, value) = function("sentry_transaction_start");
  void *(*start_child)(void *, const char *, const char *) = function("sentry_transaction_start_child");
  void (*finish_span)(void *) = function("sentry_span_finish");
  uuid (*finish)(void *) = function("sentry_transaction_finish");
  value (*new_null)(void) = function("sentry_value_new_null");
  free_envelope = function("sentry_envelope_free");

  void *options = options_new();
  set_dsn(options, "http://0123456789abcdef0123456789abcdef@127.0.0.1:9/1");
  set_handler(options, arguments[2]);
  set_database(options, arguments[3]);
  set_transport(options, transport_new(drop));
  set_rate(options, 1);
  enable_logs(options, 1);
  began = now_ns();
  if (init(options) != 0) return 4;
  const double started = (double)(now_ns() - began) / 1e6;
  const struct memory running = memory();
  printf("%.3f %ld %ld %.3f %ld %ld", load, loaded.rss - before.rss, loaded.dirty - before.dirty, started,
         running.rss - loaded.rss, running.dirty - loaded.dirty);

  char texts[16][32];
  for (int i = 0; i < 16; i++) snprintf(texts[i], sizeof texts[i], "value %d", i);
  MEASURE(100000, set_tag("key", texts[i & 15]));
  MEASURE(20000, add_breadcrumb(new_breadcrumb("default", "a button was pressed, and something happened")));
  MEASURE(1000, capture(new_message(2, "bench", "something that is worth a message")));
  MEASURE(20000, log_info("%s number %d", "a log", i));
  void *transaction = start(new_context("bench", "task"), new_null());
  MEASURE(500, finish_span(start_child(transaction, "work", "a piece of it")));
  finish(transaction);
  printf("\n");
  fflush(stdout);
  return end();
}
