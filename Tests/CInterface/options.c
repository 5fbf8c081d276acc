/* Every option: what is set is what is got, defaults, environment, NULL. */
#include <float.h>
#include <math.h>

#include "check.h"

typedef void (*set_text)(sentry_options_t *, const char *);
typedef void (*set_text_n)(sentry_options_t *, const char *, size_t);
typedef const char *(*get_text)(const sentry_options_t *);
typedef void (*set_flag)(sentry_options_t *, int);
typedef int (*get_flag)(const sentry_options_t *);

struct text_option {
  const char *name;
  set_text set;
  set_text_n set_n;
  get_text get; /* absent where there is no such function */
  const char *standard;
};

struct flag_option {
  const char *name;
  set_flag set;
  get_flag get;
  int standard;
};

static void texts(void) {
  size_t i;
  const struct text_option all[] = {
    {"dsn", sentry_options_set_dsn, sentry_options_set_dsn_n, sentry_options_get_dsn, NOTHING},
    {"release", sentry_options_set_release, sentry_options_set_release_n, sentry_options_get_release, NOTHING},
    {"environment", sentry_options_set_environment, sentry_options_set_environment_n, sentry_options_get_environment,
     "production"},
    {"dist", sentry_options_set_dist, sentry_options_set_dist_n, sentry_options_get_dist, NOTHING},
    {"proxy", sentry_options_set_proxy, sentry_options_set_proxy_n, sentry_options_get_proxy, NOTHING},
    {"ca_certs", sentry_options_set_ca_certs, sentry_options_set_ca_certs_n, sentry_options_get_ca_certs, NOTHING},
    {"transport_thread_name", sentry_options_set_transport_thread_name, sentry_options_set_transport_thread_name_n,
     sentry_options_get_transport_thread_name, "sentry-http"},
    {"handler_path", sentry_options_set_handler_path, sentry_options_set_handler_path_n, NOTHING, NOTHING},
    {"external_crash_reporter_path", sentry_options_set_external_crash_reporter_path,
     sentry_options_set_external_crash_reporter_path_n, NOTHING, NOTHING},
    {"database_path", sentry_options_set_database_path, sentry_options_set_database_path_n, NOTHING, NOTHING},
    {"org_id", sentry_options_set_org_id, sentry_options_set_org_id_n, NOTHING, NOTHING},
  };
  for (i = 0; i < sizeof all / sizeof *all; i++) {
    sentry_options_t *options = sentry_options_new();
    if (all[i].get) CHECK_TEXT(all[i].get(options), all[i].standard);
    all[i].set(options, "some text");
    if (all[i].get) CHECK_TEXT(all[i].get(options), "some text");
    all[i].set_n(options, "other text", 5);
    if (all[i].get) CHECK_TEXT(all[i].get(options), "other");
    all[i].set(options, NOTHING);
    if (all[i].get) CHECK_TEXT(all[i].get(options), NOTHING);
    all[i].set_n(options, NOTHING, 3);
    if (all[i].get) CHECK_TEXT(all[i].get(options), NOTHING);
    all[i].set(options, "again");
    sentry_options_free(options);
  }
}

static void aliases(void) {
  sentry_options_t *options = sentry_options_new();
  SENTRY_SUPPRESS_DEPRECATED
  sentry_options_set_http_proxy(options, "http://proxy");
  CHECK_TEXT(sentry_options_get_proxy(options), "http://proxy");
  sentry_options_set_http_proxy_n(options, "http://other!", 12);
  SENTRY_RESTORE_DEPRECATED
  CHECK_TEXT(sentry_options_get_http_proxy(options), "http://other");
  CHECK_TEXT(sentry_options_get_sdk_name(options), "sentry.native");
  CHECK_TEXT(sentry_options_get_user_agent(options), "sentry.native/0.16.3");
  CHECK(sentry_options_set_sdk_name(options, "sentry.mine") == 0);
  CHECK_TEXT(sentry_options_get_sdk_name(options), "sentry.mine");
  CHECK_TEXT(sentry_options_get_user_agent(options), "sentry.mine/0.16.3");
  CHECK(sentry_options_set_sdk_name_n(options, "sentry.yours", 10) == 0);
  CHECK_TEXT(sentry_options_get_user_agent(options), "sentry.you/0.16.3");
  CHECK(sentry_options_set_sdk_name(options, NOTHING) == 1);
  CHECK(sentry_options_set_sdk_name_n(options, NOTHING, 1) == 1);
  CHECK_TEXT(sentry_options_get_sdk_name(options), "sentry.you");
  sentry_options_free(options);
}

/* Deprecated ones too: they work all the same. */
static void flags(void) {
  size_t i;
  SENTRY_SUPPRESS_DEPRECATED
  const struct flag_option all[] = {
    {"debug", sentry_options_set_debug, sentry_options_get_debug, 0},
    {"auto_session_tracking", sentry_options_set_auto_session_tracking, sentry_options_get_auto_session_tracking, 1},
    {"require_user_consent", sentry_options_set_require_user_consent, sentry_options_get_require_user_consent, 0},
    {"symbolize_stacktraces", sentry_options_set_symbolize_stacktraces, sentry_options_get_symbolize_stacktraces, 0},
    {"propagate_traceparent", sentry_options_set_propagate_traceparent, sentry_options_get_propagate_traceparent, 0},
    {"strict_trace_continuation", sentry_options_set_strict_trace_continuation,
     sentry_options_get_strict_trace_continuation, 0},
    {"enable_logs", sentry_options_set_enable_logs, sentry_options_get_enable_logs, 1},
    {"enable_metrics", sentry_options_set_enable_metrics, sentry_options_get_enable_metrics, 1},
    {"http_retry", sentry_options_set_http_retry, sentry_options_get_http_retry, 0},
    {"enable_large_attachments", sentry_options_set_enable_large_attachments,
     sentry_options_get_enable_large_attachments, 0},
    {"logs_with_attributes", sentry_options_set_logs_with_attributes, sentry_options_get_logs_with_attributes, 0},
    {"send_client_reports", sentry_options_set_send_client_reports, sentry_options_get_send_client_reports, 1},
    {"enable_app_hang_tracking", sentry_options_set_enable_app_hang_tracking,
     sentry_options_get_enable_app_hang_tracking, 0},
    {"logger_enabled_when_crashed", sentry_options_set_logger_enabled_when_crashed, NOTHING, 1},
    {"crashpad_wait_for_upload", sentry_options_set_crashpad_wait_for_upload, NOTHING, 0},
    {"attach_screenshot", sentry_options_set_attach_screenshot, NOTHING, 0},
    {"attach_session_replay", sentry_options_set_attach_session_replay, NOTHING, 0},
    {"system_crash_reporter_enabled", sentry_options_set_system_crash_reporter_enabled, NOTHING, 0},
    {"crashpad_limit_stack_capture_to_sp", sentry_options_set_crashpad_limit_stack_capture_to_sp, NOTHING, 0},
  };
  SENTRY_RESTORE_DEPRECATED
  for (i = 0; i < sizeof all / sizeof *all; i++) {
    sentry_options_t *options = sentry_options_new();
    if (all[i].get) CHECK(all[i].get(options) == all[i].standard);
    all[i].set(options, 42);
    if (all[i].get) CHECK(all[i].get(options) == 1);
    all[i].set(options, 0);
    if (all[i].get) CHECK(all[i].get(options) == 0);
    sentry_options_free(options);
  }
}

static void numbers(void) {
  sentry_options_t *options = sentry_options_new();
  CHECK(sentry_options_get_sample_rate(options) == 1.0);
  sentry_options_set_sample_rate(options, 0.25);
  CHECK(sentry_options_get_sample_rate(options) == 0.25);
  sentry_options_set_sample_rate(options, -1);
  CHECK(sentry_options_get_sample_rate(options) == 0.0);
  sentry_options_set_sample_rate(options, DBL_MAX);
  CHECK(sentry_options_get_sample_rate(options) == 1.0);
  sentry_options_set_sample_rate(options, 0.5);
  sentry_options_set_sample_rate(options, NAN);
  CHECK(sentry_options_get_sample_rate(options) == 1.0);
  CHECK(sentry_options_get_traces_sample_rate(options) == 0.0);
  sentry_options_set_traces_sample_rate(options, 7);
  CHECK(sentry_options_get_traces_sample_rate(options) == 1.0);
  sentry_options_set_traces_sample_rate(options, NAN);
  CHECK(sentry_options_get_traces_sample_rate(options) == 0.0);
  CHECK(sentry_options_get_max_breadcrumbs(options) == 100);
  sentry_options_set_max_breadcrumbs(options, 7);
  CHECK(sentry_options_get_max_breadcrumbs(options) == 7);
  CHECK(sentry_options_get_max_spans(options) == 1000);
  sentry_options_set_max_spans(options, 8);
  CHECK(sentry_options_get_max_spans(options) == 8);
  CHECK(sentry_options_get_shutdown_timeout(options) == 2000);
  sentry_options_set_shutdown_timeout(options, 9);
  CHECK(sentry_options_get_shutdown_timeout(options) == 9);
  CHECK(sentry_options_get_transfer_timeout(options) == 0);
  sentry_options_set_transfer_timeout(options, 10);
  CHECK(sentry_options_get_transfer_timeout(options) == 10);
  CHECK(sentry_options_get_app_hang_timeout(options) == 5000);
  sentry_options_set_app_hang_timeout(options, 11);
  CHECK(sentry_options_get_app_hang_timeout(options) == 11);
  CHECK(sentry_options_get_cache_keep(options) == SENTRY_CACHE_KEEP_NONE);
  sentry_options_set_cache_keep(options, -5);
  CHECK(sentry_options_get_cache_keep(options) == SENTRY_CACHE_KEEP_OFFLINE);
  sentry_options_set_cache_keep(options, 99);
  CHECK(sentry_options_get_cache_keep(options) == SENTRY_CACHE_KEEP_ALWAYS);
  sentry_options_set_cache_max_items(options, 1);
  sentry_options_set_cache_max_size(options, 2);
  sentry_options_set_cache_max_age(options, 3);
  sentry_options_set_session_replay_duration(options, 4);
  sentry_options_set_logger_level(options, SENTRY_LEVEL_ERROR);
  sentry_options_set_minidump_mode(options, SENTRY_MINIDUMP_MODE_FULL);
  CHECK(sentry_options_get_crash_reporting_mode(options) == SENTRY_CRASH_REPORTING_MODE_NATIVE_WITH_MINIDUMP);
  sentry_options_set_crash_reporting_mode(options, SENTRY_CRASH_REPORTING_MODE_MINIDUMP);
  CHECK(sentry_options_get_crash_reporting_mode(options) == SENTRY_CRASH_REPORTING_MODE_MINIDUMP);
  sentry_options_set_crash_reporting_mode(options, (sentry_crash_reporting_mode_t)7);
  CHECK(sentry_options_get_crash_reporting_mode(options) == SENTRY_CRASH_REPORTING_MODE_NATIVE_WITH_MINIDUMP);
  CHECK(sentry_options_get_crash_upload_mode(options) == SENTRY_CRASH_UPLOAD_MODE_SYNC);
  sentry_options_set_crash_upload_mode(options, SENTRY_CRASH_UPLOAD_MODE_ASYNC);
  CHECK(sentry_options_get_crash_upload_mode(options) == SENTRY_CRASH_UPLOAD_MODE_ASYNC);
  CHECK(sentry_options_get_handler_strategy(options) == SENTRY_HANDLER_STRATEGY_DEFAULT);
  sentry_options_set_handler_strategy(options, SENTRY_HANDLER_STRATEGY_CHAIN_AT_START);
  CHECK(sentry_options_get_handler_strategy(options) == SENTRY_HANDLER_STRATEGY_CHAIN_AT_START);
  sentry_options_free(options);
}

static int screenshot(sentry_value_t event, void *data) {
  (void)event;
  (void)data;
  return 0;
}

static void attachments_and_backend(void) {
  sentry_options_t *options = sentry_options_new();
  sentry_options_add_attachment(options, "a.txt");
  sentry_options_add_attachment(options, "a.txt");
  sentry_options_add_attachment(options, NOTHING);
  sentry_options_add_attachment_n(options, "b.txt and more", 5);
  SENTRY_SUPPRESS_DEPRECATED
  sentry_options_add_view_hierarchy(options, "view.json");
  sentry_options_add_view_hierarchy_n(options, "view.json.old", 9);
  SENTRY_RESTORE_DEPRECATED
  sentry_options_set_before_screenshot(options, screenshot, NOTHING);
  sentry_options_set_backend(options, NOTHING);
  sentry_options_free(options);
  sentry_options_free(NOTHING);
}

static void environment(void) {
  sentry_options_t *options;
  setenv("SENTRY_DSN", "http://k@localhost/1", 1);
  setenv("SENTRY_RELEASE", "", 1);
  setenv("SENTRY_ENVIRONMENT", "test", 1);
  setenv("SENTRY_DEBUG", "1", 1);
  setenv("SENTRY_SAMPLE_RATE", "0.5 \n", 1);
  setenv("SENTRY_TRACES_SAMPLE_RATE", "17", 1);
  options = sentry_options_new();
  CHECK_TEXT(sentry_options_get_dsn(options), "http://k@localhost/1");
  CHECK_TEXT(sentry_options_get_release(options), "");
  CHECK_TEXT(sentry_options_get_environment(options), "test");
  CHECK(sentry_options_get_debug(options) == 1);
  CHECK(sentry_options_get_sample_rate(options) == 0.5);
  CHECK(sentry_options_get_traces_sample_rate(options) == 1.0);
  sentry_options_free(options);
  setenv("SENTRY_DEBUG", "yes", 1);
  setenv("SENTRY_SAMPLE_RATE", "0.5x", 1);
  setenv("SENTRY_TRACES_SAMPLE_RATE", "nan", 1);
  options = sentry_options_new();
  CHECK(sentry_options_get_debug(options) == 0);
  CHECK(sentry_options_get_sample_rate(options) == 1.0);
  CHECK(sentry_options_get_traces_sample_rate(options) == 0.0);
  sentry_options_free(options);
  unsetenv("SENTRY_DSN");
  unsetenv("SENTRY_RELEASE");
  unsetenv("SENTRY_ENVIRONMENT");
  unsetenv("SENTRY_DEBUG");
  unsetenv("SENTRY_SAMPLE_RATE");
  unsetenv("SENTRY_TRACES_SAMPLE_RATE");
}

int main(void) {
  texts();
  aliases();
  flags();
  numbers();
  attachments_and_backend();
  environment();
  return finish("options");
}
