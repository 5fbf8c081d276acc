/* Captures, hooks, feedback, sessions, hints, sampling. */
#include "running.h"

static int hook_calls = 0;
static int data_mark = 3;

static sentry_value_t change_event(sentry_value_t event, void *hint, void *data) {
  CHECK(hint == NOTHING);
  CHECK(data == &data_mark);
  hook_calls++;
  CHECK(sentry_value_refcount(event) == 1);
  sentry_value_set_by_key(event, "hooked", sentry_value_new_bool(1));
  sentry_set_tag("from", "hook");
  return event;
}

static sentry_value_t drop_event(sentry_value_t event, void *hint, void *data) {
  (void)hint;
  (void)data;
  hook_calls++;
  sentry_value_decref(event);
  return sentry_value_new_null();
}

static sentry_value_t change_breadcrumb(sentry_value_t breadcrumb, void *data) {
  CHECK(data == &data_mark);
  if (strcmp(text_of(breadcrumb, "message"), "drop me") == 0) {
    sentry_value_decref(breadcrumb);
    return sentry_value_new_null();
  }
  sentry_value_set_by_key(breadcrumb, "category", sentry_value_new_string("hooked"));
  return breadcrumb;
}

static sentry_value_t change_feedback(sentry_value_t feedback, sentry_hint_t *hint, void *data) {
  CHECK(hint != NOTHING);
  CHECK(data == &data_mark);
  hook_calls++;
  return feedback;
}

/* How much of the stack a hook sees that this library calls. */
static size_t frames_of_hook = 0;
static int hook_saw_caller = 0;
static void capture_from_here(void);

static sentry_value_t look_at_stack(sentry_value_t event, void *hint, void *data) {
  void *frames[64];
  size_t i;
  (void)hint;
  (void)data;
  frames_of_hook = sentry_unwind_stack(NOTHING, frames, 64);
  for (i = 0; i < frames_of_hook; i++) {
    size_t distance = (size_t)frames[i] - (size_t)&capture_from_here;
    if (distance > 0 && distance < 256) hook_saw_caller = 1;
  }
  return event;
}

__attribute__((noinline)) static void capture_from_here(void) {
  sentry_capture_event(sentry_value_new_message_event(SENTRY_LEVEL_INFO, NOTHING, "seen from below"));
  CHECK(frames_of_hook > 2);
}

static void stacks_in_hooks(void) {
  sentry_options_t *options = quiet_options();
  sentry_options_set_before_send(options, look_at_stack, NOTHING);
  CHECK(sentry_init(options) == 0);
  capture_from_here();
  CHECK(hook_saw_caller == 1);
  CHECK(sentry_close() == 0);
  forget_kept();
}

static void events(void) {
  sentry_value_t event, exception;
  sentry_uuid_t id;
  sentry_options_t *options = quiet_options();
  char text[37];
  sentry_options_set_before_send(options, change_event, &data_mark);
  sentry_options_set_before_breadcrumb(options, change_breadcrumb, &data_mark);
  sentry_options_set_dist(options, "dist");
  CHECK(sentry_init(options) == 0);
  sentry_add_breadcrumb(sentry_value_new_breadcrumb(NOTHING, "keep me"));
  sentry_add_breadcrumb(sentry_value_new_breadcrumb(NOTHING, "drop me"));
  event = sentry_value_new_event();
  exception = sentry_value_new_exception("Error", "it broke");
  sentry_value_set_stacktrace(exception, NOTHING, 0);
  sentry_event_add_exception(event, exception);
  id = sentry_capture_event(event);
  CHECK(hook_calls == 1);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  sentry_uuid_as_string(&id, text);
  CHECK_TEXT(text_of(last_event(), "event_id"), text);
  CHECK_TEXT(sentry_value_as_string(sentry_envelope_get_header(kept[kept_count - 1], "event_id")), text);
  CHECK_TEXT(
    sentry_value_as_string(sentry_envelope_get_header(kept[kept_count - 1], "dsn")), "https://key@sentry.invalid/42");
  CHECK(sentry_value_is_true(get(last_event(), "hooked")) == 1);
  CHECK_TEXT(text_of(last_event(), "dist"), "dist");
  CHECK(sentry_value_get_length(get(last_event(), "breadcrumbs")) == 1);
  CHECK_TEXT(text_of(sentry_value_get_by_index(get(last_event(), "breadcrumbs"), 0), "category"), "hooked");
  /* No event, no transaction. */
  id = sentry_capture_event(sentry_value_new_null());
  CHECK(sentry_uuid_is_nil(&id) == 1);
  event = sentry_value_new_event();
  sentry_value_set_by_key(event, "type", sentry_value_new_string("transaction"));
  id = sentry_capture_event(event);
  CHECK(sentry_uuid_is_nil(&id) == 1);
  id = sentry_scope_capture_event(NOTHING, event);
  CHECK(sentry_uuid_is_nil(&id) == 1);
  /* It still is ours. */
  CHECK(sentry_value_decref(event) == 0);
  CHECK(sentry_close() == 0);
  forget_kept();
}

static void dropped(void) {
  sentry_options_t *options = quiet_options();
  sentry_uuid_t id;
  sentry_scope_t *scope;
  hook_calls = 0;
  sentry_options_set_before_send(options, drop_event, NOTHING);
  CHECK(sentry_init(options) == 0);
  id = capture_message("dropped");
  CHECK(sentry_uuid_is_nil(&id) == 1);
  scope = sentry_local_scope_new();
  id = sentry_scope_capture_event(scope, sentry_value_new_event());
  CHECK(sentry_uuid_is_nil(&id) == 1);
  CHECK(hook_calls == 2);
  CHECK(kept_count == 0);
  sentry_close();

  options = quiet_options();
  sentry_options_set_sample_rate(options, 0);
  CHECK(sentry_init(options) == 0);
  id = capture_message("not in the sample");
  CHECK(sentry_uuid_is_nil(&id) == 1);
  CHECK(kept_count == 0);
  sentry_close();
  /* Nothing runs: everything is taken over all the same. */
  id = sentry_scope_capture_event(sentry_local_scope_new(), sentry_value_new_event());
  CHECK(sentry_uuid_is_nil(&id) == 1);
  sentry_capture_envelope(sentry_envelope_deserialize("{}", 2));
  sentry_capture_feedback(sentry_value_new_feedback("lost", NOTHING, NOTHING, NOTHING));
}

static void minidumps(void) {
  sentry_uuid_t id;
  CHECK(sentry_init(quiet_options()) == 0);
  write_file("crash.dmp", "MDMP of some other program");
  id = sentry_capture_minidump("crash.dmp");
  CHECK(sentry_uuid_is_nil(&id) == 0);
  CHECK(last_has("MDMP of some other program"));
  CHECK(last_has("\"attachment_type\":\"event.minidump\""));
  CHECK_TEXT(text_of(last_event(), "level"), "fatal");
  id = sentry_capture_minidump_n("crash.dmp and more", 9);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  id = sentry_capture_minidump("missing.dmp");
  CHECK(sentry_uuid_is_nil(&id) == 1);
  id = sentry_capture_minidump(NOTHING);
  CHECK(sentry_uuid_is_nil(&id) == 1);
  sentry_close();
  forget_kept();
}

static void feedback(void) {
  sentry_options_t *options = quiet_options();
  sentry_hint_t *hint;
  sentry_uuid_t id = sentry_uuid_new_v4();
  hook_calls = 0;
  sentry_options_set_before_send_feedback(options, change_feedback, &data_mark);
  CHECK(sentry_init(options) == 0);
  sentry_capture_feedback(sentry_value_new_feedback("good program", "a@b", "Joe", &id));
  CHECK(last_has("\"type\":\"feedback\""));
  CHECK(last_has("\"feedback\":{\"message\":\"good program\",\"contact_email\":\"a@b\",\"name\":\"Joe\""));
  write_file("shot.txt", "how it looked");
  hint = sentry_hint_new();
  CHECK(sentry_hint_attach_file(hint, "shot.txt") != NOTHING);
  CHECK(sentry_hint_attach_file_n(hint, "shot.txt...", 8) != NOTHING);
  CHECK(sentry_hint_attach_bytes(hint, "bytes", 5, "bytes.bin") != NOTHING);
  CHECK(sentry_hint_attach_bytes_n(hint, "more", 4, "more.bin...", 8) != NOTHING);
  CHECK(sentry_hint_attach_file(hint, NOTHING) == NOTHING);
  sentry_capture_feedback_with_hint(sentry_value_new_feedback("with files", NOTHING, NOTHING, NOTHING), hint);
  CHECK(last_has("how it looked"));
  CHECK(last_has("more.bin"));
  id = sentry_scope_capture_feedback(
    sentry_local_scope_new(), sentry_value_new_feedback("with a scope", NOTHING, NOTHING, NOTHING), NOTHING);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  CHECK(hook_calls == 3);
  SENTRY_SUPPRESS_DEPRECATED
  sentry_capture_user_feedback(sentry_value_new_user_feedback(&id, "Joe", "a@b", "old style"));
  SENTRY_RESTORE_DEPRECATED
  CHECK(last_has("\"type\":\"user_report\""));
  CHECK(last_has("\"comments\":\"old style\""));
  sentry_close();
  forget_kept();
}

static void sessions(void) {
  size_t before;
  CHECK(sentry_init(quiet_options()) == 0);
  capture_message("without a session");
  before = kept_count;
  sentry_start_session();
  capture_message("in the session");
  CHECK(last_has("\"type\":\"session\""));
  CHECK(last_has("\"init\":true"));
  sentry_end_session();
  CHECK(kept_count == before + 2);
  CHECK(last_has("\"status\":\"exited\""));
  sentry_start_session();
  sentry_end_session_with_status(SENTRY_SESSION_STATUS_ABNORMAL);
  CHECK(last_has("\"status\":\"abnormal\""));
  sentry_close();
  forget_kept();
}

int main(void) {
  enter_folder();
  events();
  dropped();
  minidumps();
  feedback();
  sessions();
  stacks_in_hooks();
  leave_folder();
  return finish("capture");
}
