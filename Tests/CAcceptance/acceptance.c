/* A program that does with the SDK what its arguments say, in their order: options first, `init`, then deeds. */
#include <dlfcn.h>
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sentry.h"

static sentry_options_t *options;
static sentry_transaction_t *transaction;
static volatile int *volatile nothing = NULL;

static void say(const char *text) {
  if (write(1, text, strlen(text)) < 0) _exit(9);
}

static sentry_value_t change(sentry_value_t event, void *hint, void *data) {
  (void)hint;
  (void)data;
  say("before_send\n");
  sentry_value_set_by_key(event, "transaction", sentry_value_new_string("set by before_send"));
  return event;
}

static sentry_value_t discard(sentry_value_t event, void *hint, void *data) {
  (void)hint;
  (void)data;
  say("discarded\n");
  sentry_value_decref(event);
  return sentry_value_new_null();
}

static sentry_value_t change_crash(const sentry_ucontext_t *context, sentry_value_t event, void *data) {
  (void)data;
  say(context && context->signum ? "on_crash\n" : "on_crash without a signal\n");
  sentry_value_set_by_key(event, "transaction", sentry_value_new_string("set by on_crash"));
  return event;
}

static sentry_value_t discard_crash(const sentry_ucontext_t *context, sentry_value_t event, void *data) {
  (void)context;
  (void)data;
  say("discarded\n");
  sentry_value_decref(event);
  return sentry_value_new_null();
}

static sentry_value_t crash_again(const sentry_ucontext_t *context, sentry_value_t event, void *data) {
  (void)context;
  (void)data;
  say("crashing in on_crash\n");
  *nothing = 1;
  return event;
}

static sentry_value_t hang(const sentry_ucontext_t *context, sentry_value_t event, void *data) {
  (void)context;
  (void)data;
  say("hanging in on_crash\n");
  for (;;) pause();
  return event;
}

static void last_run(const sentry_envelope_t *envelope, void *data) {
  char line[128];
  (void)data;
  snprintf(
    line, sizeof line, "crashed last run: %s\n",
    sentry_value_as_string(sentry_envelope_get_header(envelope, "event_id")));
  say(line);
}

static void log_line(sentry_level_t level, const char *message, va_list arguments, void *data) {
  char text[512];
  (void)level;
  (void)data;
  vsnprintf(text, sizeof text, message, arguments);
  say("log: ");
  say(text);
  say("\n");
}

static void print_envelope(sentry_envelope_t *envelope, void *state) {
  size_t size = 0;
  char *bytes = sentry_envelope_serialize(envelope, &size);
  (void)state;
  fwrite(bytes, 1, size, stdout);
  fputc('\n', stdout);
  fflush(stdout);
  sentry_free(bytes);
  sentry_envelope_free(envelope);
}

__attribute__((noinline)) static int overflow(int depth) {
  volatile char room[4096];
  room[depth % 4096] = (char)depth;
  return overflow(depth + 1) + room[(depth + 1) % 4096];
}

/* Two kinds of work that leave their return addresses behind on the stack, and a crash of which they have no part. */
__attribute__((noinline)) static int odd_work(int depth) { return depth > 0 ? odd_work(depth - 1) + 1 : 0; }
__attribute__((noinline)) static int even_work(int depth) { return depth > 0 ? even_work(depth - 1) + 2 : 0; }

__attribute__((noinline)) static void crash_above_leftovers(void) {
  volatile char room[1024];
  room[0] = 1;
  *nothing = room[0];
}

static void *crash_in_thread(void *data) {
  (void)data;
  *nothing = 1;
  return NULL;
}

static void *overflow_in_thread(void *data) {
  (void)data;
  return (void *)(size_t)overflow(0);
}

static void in_thread(void *(*body)(void *)) {
  pthread_t thread;
  pthread_create(&thread, NULL, body, NULL);
  pthread_join(thread, NULL);
}

/* One thread loads and unloads a library, while others begin. */
static void *load_and_unload(void *library) {
  int i;
  for (i = 0; i < 1000; i++) {
    void *handle = dlopen(library, i % 2 ? RTLD_NOW : RTLD_LAZY);
    if (!handle) return handle;
    dlclose(handle);
  }
  return library;
}

static void *do_nothing(void *data) { return data; }

static void threads_while_loading(const char *library) {
  pthread_t loader, thread;
  void *result = NULL;
  int i;
  pthread_create(&loader, NULL, load_and_unload, (void *)library);
  for (i = 0; i < 4000; i++) {
    pthread_create(&thread, NULL, do_nothing, NULL);
    pthread_join(thread, NULL);
  }
  pthread_join(loader, &result);
  say(result == library ? "loaded\n" : "not loaded\n");
}

static void *set_tags(void *stop) {
  while (!*(volatile int *)stop) sentry_set_tag("word", "of the thread");
  return stop;
}

/* Each child finds the library free, wherever the thread that sets tags was. */
static void fork_while_tagging(void) {
  pthread_t thread;
  volatile int stop = 0;
  int i, status, ended = 0;
  pthread_create(&thread, NULL, set_tags, (void *)&stop);
  for (i = 0; i < 200; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(30);
      sentry_set_tag("word", "of the child");
      _exit(0);
    }
    ended += waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (ended != i + 1) break;
  }
  stop = 1;
  pthread_join(thread, NULL);
  say(ended == 200 ? "forked\n" : "a child hangs\n");
}

/* No such file is there any more. */
static void until_gone(const char *pattern) {
  struct timespec pause = {0, 20000000};
  glob_t found;
  int i, count = 1;
  for (i = 0; i < 1500 && count > 0; i++) {
    count = glob(pattern, 0, NULL, &found) == 0 ? (int)found.gl_pathc : 0;
    globfree(&found);
    nanosleep(&pause, NULL);
  }
}

static int is(const char *word, const char *other) { return strcmp(word, other) == 0; }

static const char *value_of(const char *word, const char *name) {
  size_t length = strlen(name);
  return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static int do_option(const char *word) {
  const char *value;
  if ((value = value_of(word, "handler"))) sentry_options_set_handler_path(options, value);
  else if ((value = value_of(word, "database"))) sentry_options_set_database_path(options, value);
  else if ((value = value_of(word, "release"))) sentry_options_set_release(options, value);
  else if ((value = value_of(word, "reporter"))) sentry_options_set_external_crash_reporter_path(options, value);
  else if ((value = value_of(word, "attach"))) sentry_options_add_attachment(options, value);
  else if ((value = value_of(word, "view-hierarchy"))) {
    SENTRY_SUPPRESS_DEPRECATED
    sentry_options_add_view_hierarchy(options, value);
    SENTRY_RESTORE_DEPRECATED
  } else if (is(word, "symbols")) sentry_options_set_symbolize_stacktraces(options, 1);
  else if ((value = value_of(word, "proxy"))) sentry_options_set_proxy(options, value);
  else if ((value = value_of(word, "shutdown"))) sentry_options_set_shutdown_timeout(options, (uint64_t)atoi(value));
  else if (is(word, "debug")) sentry_options_set_debug(options, 1);
  else if (is(word, "logger")) sentry_options_set_logger(options, log_line, NULL);
  else if (is(word, "no-log-when-crashed")) sentry_options_set_logger_enabled_when_crashed(options, 0);
  else if (is(word, "no-sessions")) sentry_options_set_auto_session_tracking(options, 0);
  else if (is(word, "no-backend")) sentry_options_set_backend(options, NULL);
  else if (is(word, "inproc")) sentry_options_set_backend(options, SENTRY_BACKEND_INPROC);
  else if (is(word, "wait")) sentry_options_set_crashpad_wait_for_upload(options, 1);
  else if (is(word, "consent")) sentry_options_set_require_user_consent(options, 1);
  else if (is(word, "cache")) sentry_options_set_cache_keep(options, SENTRY_CACHE_KEEP_OFFLINE);
  else if (is(word, "retry")) sentry_options_set_http_retry(options, 1);
  else if (is(word, "traces")) sentry_options_set_traces_sample_rate(options, 1.0);
  else if (is(word, "before-send")) sentry_options_set_before_send(options, change, NULL);
  else if (is(word, "discard")) sentry_options_set_before_send(options, discard, NULL);
  else if (is(word, "on-crash")) sentry_options_set_on_crash(options, change_crash, NULL);
  else if (is(word, "discard-crash")) sentry_options_set_on_crash(options, discard_crash, NULL);
  else if (is(word, "crash-again")) sentry_options_set_on_crash(options, crash_again, NULL);
  else if (is(word, "hang")) sentry_options_set_on_crash(options, hang, NULL);
  else if (is(word, "last-run")) sentry_options_set_on_crashed_last_run(options, last_run, NULL);
  else if (is(word, "stdout")) sentry_options_set_transport(options, sentry_transport_new(print_envelope));
  else return 0;
  return 1;
}

static int do_deed(const char *word) {
  const char *value;
  char line[128];
  if ((value = value_of(word, "tag"))) sentry_set_tag("word", value);
  else if ((value = value_of(word, "attach-late"))) sentry_attach_file(value);
  else if (is(word, "attach-bytes"))
    sentry_attachment_set_content_type(sentry_attach_bytes("some bytes", 10, "bytes.bin"), "application/x-bytes");
  else if (is(word, "clear-attachments")) sentry_clear_attachments();
  else if (is(word, "user")) sentry_set_user(sentry_value_new_user("42", "joe", NULL, NULL));
  else if (is(word, "remove-user")) sentry_remove_user();
  else if (is(word, "mark")) say("mark\n");
  else if ((value = value_of(word, "load"))) return dlopen(value, RTLD_NOW) != NULL;
  else if (is(word, "breadcrumb")) sentry_add_breadcrumb(sentry_value_new_breadcrumb("default", "a breadcrumb"));
  else if (is(word, "capture")) sentry_capture_event(sentry_value_new_message_event(SENTRY_LEVEL_ERROR, "my", "Hello!"));
  else if (is(word, "feedback")) sentry_capture_feedback(sentry_value_new_feedback("well done", NULL, "Joe", NULL));
  else if (is(word, "session")) sentry_start_session();
  else if (is(word, "log")) sentry_log_info("a log of %s", "the run");
  else if (is(word, "metric")) sentry_metrics_count("a.metric", 1, sentry_value_new_null());
  else if (is(word, "transaction")) {
    transaction = sentry_transaction_start(
      sentry_transaction_context_new("the work", "task"), sentry_value_new_null());
    sentry_set_transaction_object(transaction);
  } else if (is(word, "finish")) sentry_transaction_finish(transaction);
  else if (is(word, "give")) sentry_user_consent_give();
  else if (is(word, "revoke")) sentry_user_consent_revoke();
  else if (is(word, "reinstall")) {
    if (sentry_reinstall_backend() != 0) say("not reinstalled\n");
  } else if (is(word, "flush")) {
    if (sentry_flush(10000) != 0) say("not flushed\n");
  } else if (is(word, "crashed?")) {
    snprintf(line, sizeof line, "crashed last run: %d\n", sentry_get_crashed_last_run());
    say(line);
  } else if (is(word, "clear-crashed")) sentry_clear_crashed_last_run();
  else if (is(word, "until-sent")) until_gone("db/cache/*.envelope");
  else if (is(word, "until-uploaded")) until_gone("db/pending/*.dmp");
  else if (is(word, "close")) {
    snprintf(line, sizeof line, "closed with %d\n", sentry_close());
    say(line);
  } else if (is(word, "crash")) *nothing = 1;
  else if ((value = value_of(word, "work"))) (void)(atoi(value) % 2 ? odd_work(64) : even_work(64));
  else if (is(word, "crash-above-leftovers")) crash_above_leftovers();
  else if (is(word, "abort")) abort();
  else if (is(word, "raise")) raise(SIGSEGV);
  else if (is(word, "overflow")) return overflow(0);
  else if ((value = value_of(word, "threads-while-loading"))) threads_while_loading(value);
  else if ((value = value_of(word, "plugin"))) {
    void *plugin = dlopen(value, RTLD_NOW);
    void *symbol = plugin ? dlsym(plugin, "plugin_run") : NULL;
    int (*run)(void);
    if (!symbol) return say(dlerror()), 0;
    memcpy(&run, &symbol, sizeof run);
    run();
  }
  else if (is(word, "crash-in-thread")) in_thread(crash_in_thread);
  else if (is(word, "overflow-in-thread")) in_thread(overflow_in_thread);
  else if (is(word, "fork-while-tagging")) fork_while_tagging();
  else if (is(word, "fork")) {
    pid_t child = fork();
    if (child == 0) *nothing = 1;
    waitpid(child, NULL, 0);
  } else return 0;
  return 1;
}

/* Before the program's own initialisers of C++ objects and before main. */
__attribute__((constructor(101))) static void early(void) {
  if (getenv("ACCEPTANCE_EARLY")) {
    sentry_options_t *early_options = sentry_options_new();
    sentry_options_set_handler_path(early_options, getenv("ACCEPTANCE_EARLY"));
    sentry_options_set_database_path(early_options, "db");
    sentry_options_set_release(early_options, "acceptance@1.0");
    if (sentry_init(early_options) == 0) say("early\n");
  }
}

int main(int argc, char **argv) {
  int i, started = getenv("ACCEPTANCE_EARLY") != NULL;
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (!started) {
    options = sentry_options_new();
    sentry_options_set_database_path(options, "db");
    sentry_options_set_release(options, "acceptance@1.0");
    /* Whatever is to be sent is sent before the end, on slow machines too. */
    sentry_options_set_shutdown_timeout(options, 20000);
  }
  for (i = 1; i < argc; i++) {
    if (!started && is(argv[i], "init")) {
      if (sentry_init(options) != 0) {
        say("init failed\n");
        return 3;
      }
      started = 1;
    } else if (started ? !do_deed(argv[i]) : !do_option(argv[i])) {
      fprintf(stderr, "unknown word %s\n", argv[i]);
      return 2;
    }
  }
  return 0;
}
