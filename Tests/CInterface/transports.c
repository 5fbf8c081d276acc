/* Envelopes, transports, HTTP by the application. */
#include "running.h"

static void envelopes(void) {
  static const char bytes[] =
    "{\"event_id\":\"f391fdc0-bb27-43b1-8c0c-183bc217d42b\",\"dsn\":\"x\"}\n"
    "{\"type\":\"event\",\"length\":27}\n{\"message\":{\"formatted\":1}}\n"
    "{\"type\":\"transaction\"}\n{\"transaction\":\"t\"}";
  sentry_envelope_t *envelope = sentry_envelope_deserialize(bytes, sizeof bytes - 1), *other;
  size_t size = 0;
  char *copy;
  CHECK(envelope != NOTHING);
  CHECK_TEXT(sentry_value_as_string(sentry_envelope_get_header(envelope, "dsn")), "x");
  CHECK_TEXT(sentry_value_as_string(sentry_envelope_get_header_n(envelope, "dsn...", 3)), "x");
  CHECK(sentry_value_is_null(sentry_envelope_get_header(envelope, "missing")));
  CHECK_JSON(sentry_envelope_get_event(envelope), "{\"message\":{\"formatted\":1}}");
  CHECK_JSON(sentry_envelope_get_transaction(envelope), "{\"transaction\":\"t\"}");
  copy = sentry_envelope_serialize(envelope, &size);
  CHECK(copy && strlen(copy) == size);
  other = sentry_envelope_deserialize(copy, size);
  CHECK(other != NOTHING);
  sentry_envelope_free(other);
  sentry_free(copy);
  CHECK(sentry_envelope_write_to_file(envelope, "one.envelope") == 0);
  CHECK(sentry_envelope_write_to_file_n(envelope, "two.envelope and more", 12) == 0);
  CHECK(sentry_envelope_write_to_file(envelope, "no/such/folder/x") == 1);
  other = sentry_envelope_read_from_file("one.envelope");
  CHECK_TEXT(sentry_value_as_string(sentry_envelope_get_header(other, "dsn")), "x");
  sentry_envelope_free(other);
  other = sentry_envelope_read_from_file_n("two.envelope and more", 12);
  CHECK_TEXT(sentry_value_as_string(sentry_envelope_get_header(other, "dsn")), "x");
  sentry_envelope_free(other);
  CHECK(sentry_envelope_read_from_file("missing") == NOTHING);
  CHECK(sentry_envelope_deserialize("garbage", 7) == NOTHING);
  CHECK(sentry_envelope_deserialize("{}\n{\"type\":\"event\",\"length\":99}\nx", 33) == NOTHING);
  CHECK(sentry_envelope_deserialize(NOTHING, 3) == NOTHING);
  CHECK(sentry_value_is_null(sentry_envelope_get_event(NOTHING)));
  sentry_envelope_free(envelope);
  sentry_envelope_free(NOTHING);
}

static int started = 0, flushed = 0, ended = 0, mark = 7;

static int startup(const sentry_options_t *options, void *state) {
  CHECK_TEXT(sentry_options_get_release(options), "test@1.0");
  CHECK(state == &mark);
  started++;
  return 0;
}

static int startup_fails(const sentry_options_t *options, void *state) {
  (void)options;
  (void)state;
  return 1;
}

static int flush(uint64_t timeout, void *state) {
  CHECK(state == &mark);
  flushed++;
  return timeout > 100 ? 0 : 1;
}

static int end(uint64_t timeout, void *state) {
  CHECK(timeout == 2000);
  CHECK(state == &mark);
  ended++;
  return 0;
}

static sentry_transport_t *full_transport(void) {
  sentry_transport_t *transport = sentry_transport_new(keep_envelope);
  sentry_transport_set_state(transport, &mark);
  sentry_transport_set_free_func(transport, count_free);
  sentry_transport_set_startup_func(transport, startup);
  sentry_transport_set_flush_func(transport, flush);
  sentry_transport_set_shutdown_func(transport, end);
  return transport;
}

static void transports(void) {
  sentry_options_t *options = quiet_options();
  sentry_transport_t *transport;
  sentry_envelope_t *envelope;
  transport_freed = 0;
  sentry_options_set_transport(options, full_transport());
  CHECK(transport_freed == 1);
  CHECK(sentry_init(options) == 0);
  CHECK(started == 1);
  capture_message("hello");
  CHECK(kept_count == 1);
  envelope = sentry_envelope_deserialize("{}\n{\"type\":\"event\",\"length\":2}\n{}", 33);
  sentry_capture_envelope(envelope);
  CHECK(kept_count == 2);
  CHECK(sentry_flush(1000) == 0);
  CHECK(sentry_flush(1) != 0);
  CHECK(flushed == 2);
  CHECK(sentry_close() == 0);
  CHECK(ended == 1);
  CHECK(transport_freed == 2);
  forget_kept();

  options = quiet_options();
  transport = full_transport();
  sentry_transport_set_startup_func(transport, startup_fails);
  sentry_options_set_transport(options, transport);
  CHECK(sentry_init(options) == 1);
  CHECK(transport_freed == 4);
  CHECK(ended == 1);
  CHECK(sentry_get_crashed_last_run() == 0 || sentry_get_crashed_last_run() == -1);

  transport = full_transport();
  sentry_transport_retry(transport);
  sentry_transport_retry(NOTHING);
  sentry_transport_free(transport);
  sentry_transport_free(NOTHING);
  CHECK(transport_freed == 5);
  CHECK(sentry_transport_new(NOTHING) == NOTHING);

  options = quiet_options();
  sentry_options_set_transport(options, NOTHING);
  CHECK(sentry_init(options) == 0);
  capture_message("nobody hears");
  CHECK(sentry_close() == 0);
}

static void borrow(const sentry_envelope_t *envelope, void *data) {
  CHECK(data == &mark);
  CHECK(!sentry_value_is_null(sentry_envelope_get_event(envelope)));
  started++;
}

static void borrowing_transport(void) {
  sentry_options_t *options = quiet_options();
  started = 0;
  SENTRY_SUPPRESS_DEPRECATED
  sentry_options_set_transport(options, sentry_new_function_transport(borrow, &mark));
  SENTRY_RESTORE_DEPRECATED
  CHECK(sentry_init(options) == 0);
  capture_message("hello");
  CHECK(started == 1);
  SENTRY_SUPPRESS_DEPRECATED
  CHECK(sentry_shutdown() == 0);
  SENTRY_RESTORE_DEPRECATED
}

static int clients = 0, requests = 0, client_ends = 0;

static sentry_http_client_t *make_client(void *data) {
  clients++;
  return data;
}

static sentry_http_client_t *make_none(void *data) {
  (void)data;
  return NOTHING;
}

static int send_request(sentry_http_client_t *client, sentry_http_request_t *request, sentry_http_response_t *response) {
  size_t i, length = 0, count = sentry_http_request_get_header_count(request);
  const char *key = NOTHING, *value = NOTHING, *body;
  int has_auth = 0;
  CHECK(client == &mark);
  CHECK_TEXT(sentry_http_request_get_method(request), "POST");
  CHECK_TEXT(sentry_http_request_get_url(request), "https://sentry.invalid:443/api/42/envelope/");
  for (i = 0; i < count; i++) {
    CHECK(sentry_http_request_get_header(request, i, &key, &value) == 1);
    if (strcmp(key, "x-sentry-auth") == 0) has_auth = strstr(value, "sentry_key=key") != NOTHING;
  }
  CHECK(has_auth);
  CHECK(sentry_http_request_get_header(request, count, &key, &value) == 0);
  body = sentry_http_request_get_body(request, &length);
  CHECK(body && length > 10);
  CHECK(sentry_http_request_get_body_file_path(request, &length) == NOTHING);
  sentry_http_response_set_status_code(response, 200);
  sentry_http_response_set_header(response, "X-Sentry-Rate-Limits", "60:transaction:key");
  requests++;
  return 1;
}

static void free_client(sentry_http_client_t *client) {
  CHECK(client == &mark);
  clients--;
}

static int start_client(sentry_http_client_t *client, const sentry_options_t *options) {
  CHECK(client == &mark);
  CHECK_TEXT(sentry_options_get_release(options), "test@1.0");
  started++;
  return 0;
}

static int start_client_fails(sentry_http_client_t *client, const sentry_options_t *options) {
  (void)client;
  (void)options;
  return 1;
}

static void end_client(sentry_http_client_t *client) {
  CHECK(client == &mark);
  client_ends++;
}

static void http_by_the_application(void) {
  sentry_options_t *options = quiet_options();
  sentry_options_set_shutdown_timeout(options, 60000);
  sentry_transport_t *transport = sentry_http_transport_new(make_client, &mark, send_request, free_client);
  CHECK(clients == 1);
  started = 0;
  sentry_http_transport_set_client_start_func(transport, start_client);
  sentry_http_transport_set_client_shutdown_func(transport, end_client);
  sentry_options_set_transport(options, transport);
  CHECK(sentry_init(options) == 0);
  CHECK(started == 1);
  capture_message("by my own client");
  CHECK(sentry_flush(60000) == 0);
  CHECK(requests == 1);
  CHECK(sentry_close() == 0);
  CHECK(client_ends == 1);
  CHECK(clients == 0);

  CHECK(sentry_http_transport_new(NOTHING, NOTHING, send_request, NOTHING) == NOTHING);
  CHECK(sentry_http_transport_new(make_client, NOTHING, NOTHING, NOTHING) == NOTHING);
  CHECK(sentry_http_transport_new(make_none, NOTHING, send_request, NOTHING) == NOTHING);
  transport = sentry_http_transport_new(make_client, &mark, send_request, free_client);
  sentry_http_transport_set_client_start_func(transport, start_client_fails);
  options = quiet_options();
  sentry_options_set_transport(options, transport);
  CHECK(sentry_init(options) == 1);
  CHECK(clients == 0);
}

int main(void) {
  enter_folder();
  envelopes();
  transports();
  borrowing_transport();
  http_by_the_application();
  leave_folder();
  return finish("transports");
}
