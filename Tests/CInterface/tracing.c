/* Transactions, spans, logs, metrics. */
#include "running.h"

static int mark = 5, sampled = 0;

static double sampler(
  const sentry_transaction_context_t *context, sentry_value_t custom, const int *parent, void *data) {
  CHECK_TEXT(sentry_transaction_context_get_name(context), "sampled by hand");
  CHECK_TEXT(sentry_transaction_context_get_operation(context), "op");
  CHECK_TEXT(text_of(custom, "key"), "value");
  CHECK(parent && *parent == 0);
  CHECK(data == &mark);
  sampled++;
  return 1.0;
}

static sentry_value_t change_transaction(sentry_value_t transaction, void *data) {
  CHECK(data == &mark);
  sentry_value_set_by_key(transaction, "hooked", sentry_value_new_bool(1));
  return transaction;
}

static void see_header(const char *key, const char *value, void *data) {
  int *seen = (int *)data;
  if (strcmp(key, "sentry-trace") == 0 && strlen(value) == 32 + 1 + 16 + 2) *seen |= 1;
  if (strcmp(key, "baggage") == 0 && strstr(value, "sentry-trace_id=") != NOTHING) *seen |= 2;
  if (strcmp(key, "traceparent") == 0 && strncmp(value, "00-", 3) == 0) *seen |= 4;
}

static sentry_value_t one(const char *key, const char *text) {
  sentry_value_t object = sentry_value_new_object();
  sentry_value_set_by_key(object, key, sentry_value_new_string(text));
  return object;
}

static void transactions(void) {
  sentry_options_t *options = quiet_options();
  sentry_transaction_context_t *context;
  sentry_transaction_t *transaction;
  sentry_span_t *span, *child;
  sentry_value_t payload, spans;
  sentry_uuid_t id;
  int seen = 0;
  sentry_options_set_traces_sample_rate(options, 1.0);
  sentry_options_set_before_transaction(options, change_transaction, &mark);
  sentry_options_set_propagate_traceparent(options, 1);
  CHECK(sentry_init(options) == 0);
  context = sentry_transaction_context_new("name", "op");
  CHECK_TEXT(sentry_transaction_context_get_name(context), "name");
  CHECK_TEXT(sentry_transaction_context_get_operation(context), "op");
  sentry_transaction_context_set_name(context, "other");
  sentry_transaction_context_set_name_n(context, "other name", 5);
  sentry_transaction_context_set_operation(context, "op2");
  sentry_transaction_context_set_operation_n(context, "op3...", 3);
  sentry_transaction_context_set_sampled(context, 0);
  sentry_transaction_context_remove_sampled(context);
  sentry_transaction_context_update_from_header(
    context, "Sentry-Trace", "0123456789abcdef0123456789abcdef-0123456789abcdef-1");
  sentry_transaction_context_update_from_header_n(context, "unknown...", 7, "value...", 5);
  transaction = sentry_transaction_start(context, sentry_value_new_null());
  CHECK(transaction != NOTHING);
  sentry_set_transaction_object(transaction);
  capture_message("in the transaction");
  CHECK_TEXT(
    text_of(get(get(last_event(), "contexts"), "trace"), "trace_id"), "0123456789abcdef0123456789abcdef");
  sentry_transaction_set_tag(transaction, "tag", "value");
  sentry_transaction_set_tag_n(transaction, "tag_n...", 5, "value...", 5);
  sentry_transaction_set_tag(transaction, "gone", "value");
  sentry_transaction_set_tag(transaction, "gone_n", "value");
  sentry_transaction_remove_tag(transaction, "gone");
  sentry_transaction_remove_tag_n(transaction, "gone_n...", 6);
  sentry_transaction_set_data(transaction, "data", sentry_value_new_int32(1));
  sentry_transaction_set_data_n(transaction, "data_n...", 6, sentry_value_new_int32(2));
  sentry_transaction_set_data(transaction, "gone", sentry_value_new_string("x"));
  sentry_transaction_set_data(transaction, "gone_n", sentry_value_new_string("x"));
  sentry_transaction_remove_data(transaction, "gone");
  sentry_transaction_remove_data_n(transaction, "gone_n...", 6);
  sentry_transaction_set_name(transaction, "renamed");
  sentry_transaction_set_name_n(transaction, "renamed again", 13);
  sentry_transaction_set_status(transaction, SENTRY_SPAN_STATUS_INTERNAL_ERROR);
  sentry_transaction_iter_headers(transaction, see_header, &seen);
  CHECK(seen == 7);

  span = sentry_transaction_start_child(transaction, "child", "does something");
  CHECK(span != NOTHING);
  sentry_set_span(span);
  sentry_span_set_tag(span, "tag", "value");
  sentry_span_set_tag_n(span, "tag_n...", 5, "value...", 5);
  sentry_span_set_tag(span, "gone", "value");
  sentry_span_set_tag(span, "gone_n", "value");
  sentry_span_remove_tag(span, "gone");
  sentry_span_remove_tag_n(span, "gone_n...", 6);
  sentry_span_set_data(span, "data", sentry_value_new_int32(1));
  sentry_span_set_data_n(span, "data_n...", 6, sentry_value_new_int32(2));
  sentry_span_set_data(span, "gone", sentry_value_new_string("x"));
  sentry_span_set_data(span, "gone_n", sentry_value_new_string("x"));
  sentry_span_remove_data(span, "gone");
  sentry_span_remove_data_n(span, "gone_n...", 6);
  sentry_span_set_status(span, SENTRY_SPAN_STATUS_NOT_FOUND);
  seen = 0;
  sentry_span_iter_headers(span, see_header, &seen);
  CHECK(seen == 7);
  child = sentry_span_start_child(span, "grandchild", NOTHING);
  sentry_span_finish(child);
  child = sentry_span_start_child_n(span, "grand...", 5, "n...", 1);
  sentry_span_discard(child);
  child = sentry_span_start_child_ts(span, "timed", "at", 1700000000000000ULL);
  sentry_span_finish_ts(child, 1700000001000000ULL);
  child = sentry_span_start_child_ts_n(span, "timed_n...", 7, "at...", 2, 1700000000000000ULL);
  sentry_span_finish(child);
  sentry_span_finish(span);
  span = sentry_transaction_start_child_n(transaction, "child_n...", 7, "d...", 1);
  sentry_span_finish(span);
  span = sentry_transaction_start_child_ts(transaction, "child_ts", NOTHING, 1700000000000000ULL);
  sentry_span_finish(span);
  span = sentry_transaction_start_child_ts_n(transaction, "child_ts_n...", 10, "d...", 1, 1700000000000000ULL);
  sentry_span_finish(span);
  id = sentry_transaction_finish(transaction);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  payload = sentry_envelope_get_transaction(kept[kept_count - 1]);
  CHECK_TEXT(text_of(payload, "type"), "transaction");
  CHECK_TEXT(text_of(payload, "transaction"), "renamed again");
  CHECK(sentry_value_is_true(get(payload, "hooked")) == 1);
  CHECK_TEXT(text_of(get(get(payload, "contexts"), "trace"), "parent_span_id"), "0123456789abcdef");
  CHECK_TEXT(text_of(get(get(payload, "contexts"), "trace"), "op"), "op3");
  CHECK_TEXT(text_of(get(get(payload, "contexts"), "trace"), "status"), "internal_error");
  CHECK_JSON(get(get(get(payload, "contexts"), "trace"), "data"), "{\"data\":1,\"data_n\":2}");
  CHECK_JSON(get(payload, "tags"), "{\"tag\":\"value\",\"tag_n\":\"value\"}");
  spans = get(payload, "spans");
  CHECK(sentry_value_get_length(spans) == 7);
  CHECK_TEXT(text_of(sentry_value_get_by_index(spans, 3), "status"), "not_found");
  CHECK_JSON(get(sentry_value_get_by_index(spans, 3), "data"), "{\"data\":1,\"data_n\":2}");
  CHECK_TEXT(text_of(sentry_value_get_by_index(spans, 1), "start_timestamp"), "2023-11-14T22:13:20.000000Z");

  /* Timed, discarded, not sampled, NULL. */
  transaction = sentry_transaction_start_ts(
    sentry_transaction_context_new_n("timed...", 5, "op...", 2), sentry_value_new_null(), 1700000000000000ULL);
  id = sentry_transaction_finish_ts(transaction, 1700000002000000ULL);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  payload = sentry_envelope_get_transaction(kept[kept_count - 1]);
  CHECK_TEXT(text_of(payload, "timestamp"), "2023-11-14T22:13:22.000000Z");
  transaction = sentry_transaction_start(sentry_transaction_context_new("d", "op"), one("lost", "value"));
  sentry_transaction_discard(transaction);
  context = sentry_transaction_context_new("n", "op");
  sentry_transaction_context_set_sampled(context, 0);
  transaction = sentry_transaction_start(context, sentry_value_new_null());
  span = sentry_transaction_start_child(transaction, "c", NOTHING);
  CHECK(span != NOTHING);
  id = sentry_transaction_finish(transaction);
  CHECK(sentry_uuid_is_nil(&id) == 1);
  CHECK(sentry_span_start_child(span, "too late", NOTHING) == NOTHING);
  sentry_span_finish(span);
  CHECK(sentry_transaction_start(NOTHING, one("lost", "value")) == NOTHING);
  CHECK(sentry_transaction_start_child(NOTHING, "c", NOTHING) == NOTHING);
  sentry_span_finish(NOTHING);
  id = sentry_transaction_finish(NOTHING);
  CHECK(sentry_uuid_is_nil(&id) == 1);
  sentry_transaction_set_tag(NOTHING, "a", "b");
  sentry_set_span(NOTHING);
  sentry_set_transaction_object(NOTHING);

  {
    sentry_scope_t *scope = sentry_scope_new();
    transaction = sentry_transaction_start(sentry_transaction_context_new("s", "op"), sentry_value_new_null());
    span = sentry_transaction_start_child(transaction, "c", NOTHING);
    sentry_scope_set_transaction_object(scope, transaction);
    sentry_scope_set_span(scope, span);
    sentry_scope_capture_event(scope, sentry_value_new_event());
    CHECK_TEXT(text_of(get(get(last_event(), "contexts"), "trace"), "op"), "c");
    sentry_scope_free(scope);
    sentry_span_finish(span);
    sentry_transaction_finish(transaction);
  }
  sentry_close();
  forget_kept();

  transaction = sentry_transaction_start(sentry_transaction_context_new("early", "op"), sentry_value_new_null());
  CHECK(transaction != NOTHING);
  id = sentry_transaction_finish(transaction);
  CHECK(sentry_uuid_is_nil(&id) == 1);
}

static void sampling(void) {
  sentry_options_t *options = quiet_options();
  sentry_transaction_context_t *context = sentry_transaction_context_new("sampled by hand", "op");
  sentry_transaction_t *transaction;
  sentry_uuid_t id;
  sentry_options_set_traces_sampler(options, sampler, &mark);
  CHECK(sentry_init(options) == 0);
  sentry_transaction_context_set_sampled(context, 0);
  transaction = sentry_transaction_start(context, one("key", "value"));
  id = sentry_transaction_finish(transaction);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  CHECK(sampled == 1);
  sentry_close();
  forget_kept();
}

static sentry_value_t change_log(sentry_value_t log, void *data) {
  CHECK(data == &mark);
  if (strcmp(text_of(log, "body"), "drop me") == 0) {
    sentry_value_decref(log);
    return sentry_value_new_null();
  }
  return log;
}

static sentry_value_t change_metric(sentry_value_t metric, void *data) {
  CHECK(data == &mark);
  if (strcmp(text_of(metric, "name"), "drop.me") == 0) {
    sentry_value_decref(metric);
    return sentry_value_new_null();
  }
  return metric;
}

/* Everything that was sent, as one text. */
static int sent_has(const char *text) {
  size_t i;
  for (i = 0; i < kept_count; i++) {
    size_t size = 0;
    char *bytes = sentry_envelope_serialize(kept[i], &size);
    int found = bytes && memmem(bytes, size, text, strlen(text)) != NOTHING;
    sentry_free(bytes);
    if (found) return 1;
  }
  fprintf(stderr, "nothing has %s\n", text);
  return 0;
}

static void logs(void) {
  sentry_options_t *options = quiet_options();
  sentry_scope_t *scope;
  sentry_value_t attributes;
  CHECK(sentry_log_info("too early") == SENTRY_LOG_RETURN_DISABLED);
  sentry_options_set_before_send_log(options, change_log, &mark);
  CHECK(sentry_init(options) == 0);
  CHECK(sentry_log_trace("plain text") == SENTRY_LOG_RETURN_SUCCESS);
  CHECK(
    sentry_log_debug("%d %i %u %x %s %c %f %p %% %ld %zu %*d", -1, 2, 3u, 255u, "text", 'c', 1.5, (void *)0, 4L,
                     (size_t)5, 3, 6) == SENTRY_LOG_RETURN_SUCCESS);
  CHECK(sentry_log_info("%s", (const char *)"one") == SENTRY_LOG_RETURN_SUCCESS);
  CHECK(sentry_log_warn("careful") == SENTRY_LOG_RETURN_SUCCESS);
  CHECK(sentry_log_error("%s", "drop me") == SENTRY_LOG_RETURN_DISCARD);
  CHECK(sentry_log_fatal("the end") == SENTRY_LOG_RETURN_SUCCESS);
  CHECK(sentry_log_fatal(NOTHING) != SENTRY_LOG_RETURN_SUCCESS);
  attributes = sentry_value_new_object();
  sentry_value_set_by_key(attributes, "my", sentry_value_new_attribute(sentry_value_new_int32(7), "byte"));
  CHECK(sentry_log(SENTRY_LEVEL_INFO, "100 %s as it is", attributes) == SENTRY_LOG_RETURN_SUCCESS);
  scope = sentry_local_scope_new();
  sentry_scope_set_attribute(scope, "of.scope", sentry_value_new_attribute(sentry_value_new_bool(1), NOTHING));
  CHECK(sentry_scope_capture_log(scope, SENTRY_LEVEL_INFO, "scoped", sentry_value_new_null()) == SENTRY_LOG_RETURN_SUCCESS);
  CHECK(sentry_flush(2000) == 0);
  CHECK(sent_has("application/vnd.sentry.items.log+json"));
  CHECK(sent_has("\"body\":\"plain text\",\"level\":\"trace\""));
  CHECK(sent_has("\"body\":\"-1 2 3 ff text c 1.500000 (nil) % 4 5   6\""));
  CHECK(sent_has("\"sentry.message.parameter.0\":{\"type\":\"integer\",\"value\":-1}")
        || sent_has("\"sentry.message.parameter.0\":{\"value\":-1,\"type\":\"integer\"}"));
  CHECK(sent_has("\"sentry.message.template\""));
  CHECK(sent_has("\"level\":\"warn\""));
  CHECK(sent_has("100 %s as it is"));
  CHECK(sent_has("\"of.scope\""));
  sentry_close();
  forget_kept();

  options = quiet_options();
  sentry_options_set_logs_with_attributes(options, 1);
  CHECK(sentry_init(options) == 0);
  attributes = sentry_value_new_object();
  sentry_value_set_by_key(attributes, "first", sentry_value_new_attribute(sentry_value_new_string("argument"), NOTHING));
  CHECK(sentry_log_info("with %s", attributes, "attributes") == SENTRY_LOG_RETURN_SUCCESS);
  sentry_flush(2000);
  CHECK(sent_has("with attributes"));
  CHECK(sent_has("\"first\""));
  sentry_close();
  forget_kept();

  options = quiet_options();
  SENTRY_SUPPRESS_DEPRECATED
  sentry_options_set_enable_logs(options, 0);
  sentry_options_set_enable_metrics(options, 0);
  SENTRY_RESTORE_DEPRECATED
  CHECK(sentry_init(options) == 0);
  CHECK(sentry_log_info("off") == SENTRY_LOG_RETURN_DISABLED);
  CHECK(sentry_metrics_count("off", 1, one("a", "lost")) == SENTRY_METRICS_RESULT_DISABLED);
  sentry_close();
}

static void metrics(void) {
  sentry_options_t *options = quiet_options();
  CHECK(sentry_metrics_count("early", 1, sentry_value_new_null()) == SENTRY_METRICS_RESULT_DISABLED);
  sentry_options_set_before_send_metric(options, change_metric, &mark);
  CHECK(sentry_init(options) == 0);
  CHECK(sentry_metrics_count("requests", 3, sentry_value_new_null()) == SENTRY_METRICS_RESULT_SUCCESS);
  CHECK(sentry_metrics_gauge("memory", 1.5, SENTRY_UNIT_MEGABYTE, sentry_value_new_null()) == SENTRY_METRICS_RESULT_SUCCESS);
  CHECK(sentry_metrics_distribution("time", 2.5, NOTHING, sentry_value_new_null()) == SENTRY_METRICS_RESULT_SUCCESS);
  CHECK(sentry_metrics_count("drop.me", 3, sentry_value_new_null()) == SENTRY_METRICS_RESULT_DISCARD);
  CHECK(
    sentry_scope_capture_metric(
      sentry_local_scope_new(), SENTRY_METRIC_GAUGE, "scoped", sentry_value_new_double(4.5), NOTHING,
      sentry_value_new_null()) == SENTRY_METRICS_RESULT_SUCCESS);
  CHECK(sentry_flush(2000) == 0);
  CHECK(sent_has("application/vnd.sentry.items.trace-metric+json"));
  CHECK(sent_has("\"type\":\"counter\",\"name\":\"requests\",\"value\":3"));
  CHECK(sent_has("\"unit\":\"megabyte\""));
  CHECK(sent_has("\"name\":\"scoped\""));
  sentry_close();
  forget_kept();
}

int main(void) {
  enter_folder();
  transactions();
  sampling();
  logs();
  metrics();
  leave_folder();
  return finish("tracing");
}
