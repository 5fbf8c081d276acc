/* Start and end, consent, the logger, modules, hangs, what is known of the last run, forks, atexit. */
#include <pthread.h>
#include <stdarg.h>
#include <time.h>

#include "running.h"

static int logged = 0;

static void logger(sentry_level_t level, const char *message, va_list arguments, void *data) {
  char text[1000];
  (void)level;
  CHECK(data == &logged);
  vsnprintf(text, sizeof text, message, arguments);
  logged++;
}

static sentry_value_t on_crash(const sentry_ucontext_t *context, sentry_value_t event, void *data) {
  (void)context;
  (void)data;
  return event;
}

static void on_crashed_last_run(const sentry_envelope_t *envelope, void *data) {
  (void)envelope;
  (void)data;
}

static void start_and_end(void) {
  sentry_options_t *options;
  CHECK(sentry_init(NOTHING) == 1);
  CHECK(sentry_close() == 0);
  CHECK(sentry_flush(10) == 0);
  CHECK(sentry_reinstall_backend() == 0);
  CHECK(sentry_clear_crashed_last_run() == 1);
  options = quiet_options();
  sentry_options_set_database_path(options, "/proc/nowhere");
  CHECK(sentry_init(options) == 1);
  CHECK(sentry_user_consent_get() == SENTRY_USER_CONSENT_UNKNOWN);
  options = quiet_options();
  sentry_options_set_handler_path(options, "/no/such/handler");
  sentry_options_set_on_crash(options, on_crash, NOTHING);
  sentry_options_set_on_crashed_last_run(options, on_crashed_last_run, NOTHING);
  CHECK(sentry_init(options) == 0); /* there is no backend, so none is looked for */
  CHECK(sentry_get_crashed_last_run() == 0);
  CHECK(sentry_clear_crashed_last_run() == 0);
  CHECK(sentry_reinstall_backend() == 0);
  /* A second start ends the first one. */
  transport_freed = 0;
  CHECK(sentry_init(quiet_options()) == 0);
  CHECK(transport_freed == 1);
  CHECK(sentry_close() == 0);
  CHECK(transport_freed == 2);
  CHECK(access("db", F_OK) == 0);
  /* An invalid DSN is no failure. */
  options = quiet_options();
  sentry_options_set_dsn(options, "not a dsn");
  CHECK(sentry_init(options) == 0);
  capture_message("nowhere to go");
  CHECK(sentry_close() == 0);
  forget_kept();
}

static void consent(void) {
  sentry_options_t *options = quiet_options();
  sentry_options_set_require_user_consent(options, 1);
  CHECK(sentry_init(options) == 0);
  CHECK(sentry_user_consent_is_required() == 1);
  CHECK(sentry_user_consent_get() == SENTRY_USER_CONSENT_UNKNOWN);
  capture_message("not allowed");
  CHECK(kept_count == 0);
  sentry_user_consent_give();
  CHECK(sentry_user_consent_get() == SENTRY_USER_CONSENT_GIVEN);
  capture_message("allowed");
  CHECK(kept_count == 1);
  sentry_user_consent_revoke();
  CHECK(sentry_user_consent_get() == SENTRY_USER_CONSENT_REVOKED);
  capture_message("not allowed");
  CHECK(kept_count == 1);
  CHECK(access("db/user-consent", F_OK) == 0);
  sentry_user_consent_reset();
  CHECK(sentry_user_consent_get() == SENTRY_USER_CONSENT_UNKNOWN);
  CHECK(access("db/user-consent", F_OK) != 0);
  sentry_close();
  CHECK(sentry_user_consent_is_required() == 0);
  forget_kept();
}

static void logging(void) {
  sentry_options_t *options = quiet_options();
  sentry_options_set_debug(options, 1);
  sentry_options_set_logger(options, logger, &logged);
  sentry_options_set_logger_level(options, SENTRY_LEVEL_DEBUG);
  sentry_options_set_dsn(options, NOTHING);
  CHECK(sentry_init(options) == 0);
  CHECK(logged > 0);
  sentry_close();
  forget_kept();
}

static void modules(void) {
  sentry_value_t list = sentry_get_modules_list(), again;
  sentry_value_t first = sentry_value_get_by_index(list, 0);
  CHECK(sentry_value_get_length(list) >= 3);
  CHECK(sentry_value_is_frozen(list) == 1);
  CHECK_TEXT(text_of(first, "type"), "elf");
  CHECK(text_of(first, "code_file")[0] == '/');
  CHECK(strncmp(text_of(first, "image_addr"), "0x", 2) == 0);
  CHECK(sentry_value_as_int32(get(first, "image_size")) > 4096);
  CHECK(strlen(text_of(first, "debug_id")) == 36);
  again = sentry_get_modules_list();
  CHECK(again._bits == list._bits);
  sentry_value_decref(again);
  sentry_clear_modulecache();
  again = sentry_get_modules_list();
  CHECK(again._bits != list._bits);
  sentry_value_decref(again);
  sentry_value_decref(list);
  sentry_clear_modulecache();
}

static void names(void) {
  CHECK_TEXT(sentry_sdk_version(), SENTRY_SDK_VERSION);
  SENTRY_SUPPRESS_DEPRECATED
  CHECK_TEXT(sentry_sdk_name(), "sentry.native");
  CHECK_TEXT(sentry_sdk_user_agent(), "sentry.native/" SENTRY_SDK_VERSION);
  SENTRY_RESTORE_DEPRECATED
}

static void pause_for(long milliseconds) {
  struct timespec time;
  time.tv_sec = milliseconds / 1000;
  time.tv_nsec = milliseconds % 1000 * 1000000;
  while (nanosleep(&time, &time) != 0) {
  }
}

static void hangs(void) {
  sentry_options_t *options = quiet_options();
  int i;
  sentry_app_hang_heartbeat(); /* nothing runs */
  sentry_options_set_enable_app_hang_tracking(options, 1);
  sentry_options_set_app_hang_timeout(options, 1);
  CHECK(sentry_init(options) == 0);
  sentry_app_hang_heartbeat();
  for (i = 0; i < 600 && kept_count == 0; i++) pause_for(100);
  CHECK(kept_count == 1);
  CHECK(last_has("\"type\":\"AppHang\""));
  CHECK(last_has("\"instruction_addr\""));
  sentry_app_hang_heartbeat();
  sentry_app_hang_pause();
  pause_for(1300);
  CHECK(kept_count == 1);
  sentry_close();
  forget_kept();
}

static void *use_from_thread(void *number) {
  int i;
  char key[32];
  snprintf(key, sizeof key, "thread%ld", (long)(size_t)number);
  for (i = 0; i < 200; i++) {
    sentry_set_tag(key, "value");
    sentry_add_breadcrumb(sentry_value_new_breadcrumb(NOTHING, key));
    sentry_set_extra(key, sentry_value_new_int32(i));
  }
  return NOTHING;
}

static void threads(void) {
  pthread_t all[4];
  size_t i;
  CHECK(sentry_init(quiet_options()) == 0);
  for (i = 0; i < 4; i++) CHECK(pthread_create(&all[i], NOTHING, use_from_thread, (void *)i) == 0);
  for (i = 0; i < 4; i++) pthread_join(all[i], NOTHING);
  capture_message("after threads");
  CHECK(sentry_value_get_length(get(last_event(), "tags")) == 4);
  CHECK(sentry_value_get_length(get(last_event(), "breadcrumbs")) == 100);
  sentry_close();
  forget_kept();
}

static void forks(void) {
  pid_t child;
  int status = 0;
  CHECK(sentry_init(quiet_options()) == 0);
  sentry_set_tag("before", "fork");
  child = fork();
  if (child == 0) {
    failures = 0;
    sentry_set_tag("in", "child");
    capture_message("from the child");
    CHECK(kept_count == 1);
    CHECK_TEXT(text_of(get(last_event(), "tags"), "in"), "child");
    sentry_close();
    forget_kept();
    _exit(failures ? 1 : 0);
  }
  CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  capture_message("from the parent");
  CHECK(sentry_value_is_null(get(get(last_event(), "tags"), "in")));
  sentry_close();
  forget_kept();
}

/* No signal was caught, and no handler stands by: nothing happens. */
static void caught_signals(void) {
  sentry_ucontext_t context;
  memset(&context, 0, sizeof context);
  sentry_handle_exception(&context);
  sentry_handle_exception(NOTHING);
}

static void *start_again(void *data) {
  int i;
  for (i = 0; i < 3; i++) {
    sentry_options_t *options = quiet_options();
    sentry_options_set_sample_rate(options, 0.0); /* the list of what was kept is one thread's */
    if (sentry_init(options) != 0) *(int *)data = 1;
    sentry_set_tag("started", "again");
    sentry_capture_event(sentry_value_new_message_event(SENTRY_LEVEL_INFO, NOTHING, "from one of many starts"));
  }
  return NOTHING;
}

/* Each start ends the run before it; one run is left, and no folder of another. */
static void starts_of_threads(void) {
  pthread_t others[4];
  int i, failed[4] = {0, 0, 0, 0};
  transport_freed = 0;
  for (i = 0; i < 4; i++) CHECK(pthread_create(&others[i], NOTHING, start_again, &failed[i]) == 0);
  for (i = 0; i < 4; i++) {
    pthread_join(others[i], NOTHING);
    CHECK(failed[i] == 0);
  }
  CHECK(transport_freed == 11);
  CHECK(sentry_close() == 0);
  CHECK(transport_freed == 12);
  CHECK(system("ls -d db/*.run >/dev/null 2>&1") != 0);
  forget_kept();
}

static void at_exit(void) {
  sentry_set_tag("at", "exit");
  sentry_close();
}

int main(void) {
  int result;
  enter_folder();
  start_and_end();
  consent();
  logging();
  modules();
  names();
  hangs();
  threads();
  forks();
  caught_signals();
  starts_of_threads();
  CHECK(sentry_init(quiet_options()) == 0);
  atexit(leave_folder);
  atexit(at_exit);
  result = finish("lifecycle");
  forget_kept();
  return result;
}
