/* An SDK that runs in this process, with a transport that keeps what it is given. */
#ifndef RUNNING_H
#define RUNNING_H

#include "check.h"

enum { kept_limit = 64 };
/* What the transport was given, oldest first. */
static sentry_envelope_t *kept[kept_limit];
static size_t kept_count = 0;
static int transport_freed = 0;

static inline void keep_envelope(sentry_envelope_t *envelope, void *state) {
  (void)state;
  if (kept_count < kept_limit) {
    kept[kept_count++] = envelope;
  } else {
    sentry_envelope_free(envelope);
  }
}

static inline void count_free(void *state) {
  (void)state;
  transport_freed++;
}

static inline void forget_kept(void) {
  size_t i;
  for (i = 0; i < kept_count; i++) sentry_envelope_free(kept[i]);
  kept_count = 0;
}

/* Options without a handler, so that memory checkers see one process. */
static inline sentry_options_t *quiet_options(void) {
  sentry_options_t *options = sentry_options_new();
  sentry_transport_t *transport = sentry_transport_new(keep_envelope);
  sentry_transport_set_free_func(transport, count_free);
  sentry_options_set_transport(options, transport);
  sentry_options_set_backend(options, NOTHING);
  sentry_options_set_auto_session_tracking(options, 0);
  sentry_options_set_dsn(options, "https://key@sentry.invalid/42");
  sentry_options_set_release(options, "test@1.0");
  sentry_options_set_database_path(options, "db");
  return options;
}

/* The event that was kept last; null when there is none. */
static inline sentry_value_t last_event(void) {
  return kept_count ? sentry_envelope_get_event(kept[kept_count - 1]) : sentry_value_new_null();
}

static inline sentry_value_t get(sentry_value_t value, const char *key) { return sentry_value_get_by_key(value, key); }

/* Whether the last envelope's bytes have this text in them. */
static inline int last_has(const char *text) {
  size_t size = 0;
  char *bytes;
  int found;
  if (!kept_count) return 0;
  bytes = sentry_envelope_serialize(kept[kept_count - 1], &size);
  found = bytes && memmem(bytes, size, text, strlen(text)) != NOTHING;
  if (!found) fprintf(stderr, "in: %s\n", bytes ? bytes : "NULL");
  sentry_free(bytes);
  return found;
}

static inline sentry_uuid_t capture_message(const char *text) {
  return sentry_capture_event(sentry_value_new_message_event(SENTRY_LEVEL_INFO, "test", text));
}

#endif
