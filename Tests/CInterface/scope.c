/* The global scope, scopes of the application's own, attachments. */
#include "running.h"

static sentry_value_t object_with(const char *key, const char *text) {
  sentry_value_t object = sentry_value_new_object();
  sentry_value_set_by_key(object, key, sentry_value_new_string(text));
  return object;
}

static sentry_value_t attribute(const char *text) {
  return sentry_value_new_attribute(sentry_value_new_string(text), NOTHING);
}

static void before_the_start(void) {
  sentry_uuid_t id = sentry_get_last_event_id();
  CHECK(sentry_uuid_is_nil(&id) == 1);
  CHECK(sentry_get_crashed_last_run() == -1);
  sentry_set_tag("early", "yes");
  id = capture_message("too early");
  CHECK(sentry_uuid_is_nil(&id) == 1);
}

static void global_scope(void) {
  sentry_value_t event, value;
  sentry_uuid_t id, last;
  CHECK(sentry_init(quiet_options()) == 0);
  sentry_set_tag("tag", "value");
  sentry_set_tag_n("tag_n...", 5, "value...", 5);
  sentry_set_tag("gone", "value");
  sentry_set_tag("gone_n", "value");
  sentry_remove_tag("gone");
  sentry_remove_tag("never");
  sentry_remove_tag_n("gone_n...", 6);
  sentry_set_tag(NOTHING, "value");
  value = object_with("many", "texts");
  sentry_value_set_by_key(value, "number", sentry_value_new_int32(1));
  sentry_set_tags(value);
  sentry_set_tags(sentry_value_new_null());
  sentry_set_extra("extra", sentry_value_new_int32(42));
  sentry_set_extra_n("extra_n...", 7, sentry_value_new_list());
  sentry_set_extra("gone", sentry_value_new_string("x"));
  sentry_set_extra("gone_n", sentry_value_new_string("x"));
  sentry_remove_extra("gone");
  sentry_remove_extra_n("gone_n...", 6);
  sentry_set_extra(NOTHING, sentry_value_new_string("lost"));
  sentry_set_context("context", object_with("name", "one"));
  sentry_set_context_n("context_n...", 9, object_with("name", "two"));
  sentry_update_context("context", object_with("more", "three"));
  sentry_update_context_n("context_new...", 11, object_with("more", "four"));
  sentry_set_context("gone", object_with("x", "y"));
  sentry_set_context("gone_n", object_with("x", "y"));
  sentry_remove_context("gone");
  sentry_remove_context_n("gone_n...", 6);
  sentry_set_user(sentry_value_new_user("7", "joe", NOTHING, NOTHING));
  sentry_set_transaction("doing things");
  sentry_set_transaction_n("doing things", 5);
  sentry_set_level(SENTRY_LEVEL_WARNING);
  sentry_set_fingerprint("one", "two", NOTHING);
  sentry_set_release("other@2");
  sentry_set_release_n("other@3...", 7);
  sentry_set_environment("here");
  sentry_set_environment_n("there...", 5);
  sentry_add_breadcrumb(sentry_value_new_breadcrumb("type", "first"));
  sentry_add_breadcrumb(sentry_value_new_breadcrumb(NOTHING, "second"));
  sentry_set_trace("0123456789abcdef0123456789abcdef", "0123456789abcdef");
  sentry_set_attribute("attribute", attribute("x"));
  sentry_set_attribute_n("attribute_n...", 11, attribute("y"));
  sentry_set_attribute("refused", sentry_value_new_string("lost"));
  sentry_remove_attribute("attribute");
  sentry_remove_attribute_n("attribute_n...", 11);

  event = sentry_value_new_event();
  sentry_value_set_by_key(event, "message", sentry_value_new_string("no level"));
  id = sentry_capture_event(event);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  last = sentry_get_last_event_id();
  CHECK(memcmp(&id, &last, 16) == 0);
  event = last_event();
  CHECK_JSON(
    get(event, "tags"), "{\"early\":\"yes\",\"tag\":\"value\",\"tag_n\":\"value\",\"many\":\"texts\"}");
  CHECK_JSON(get(event, "extra"), "{\"extra\":42,\"extra_n\":[]}");
  CHECK_JSON(get(get(event, "contexts"), "context"), "{\"name\":\"one\",\"more\":\"three\"}");
  CHECK_JSON(get(get(event, "contexts"), "context_n"), "{\"name\":\"two\"}");
  CHECK_JSON(get(get(event, "contexts"), "context_new"), "{\"more\":\"four\"}");
  CHECK(sentry_value_is_null(get(get(event, "contexts"), "gone")));
  CHECK_TEXT(text_of(get(get(event, "contexts"), "trace"), "trace_id"), "0123456789abcdef0123456789abcdef");
  CHECK_TEXT(text_of(get(event, "user"), "username"), "joe");
  CHECK_TEXT(text_of(event, "transaction"), "doing");
  CHECK_TEXT(text_of(event, "level"), "warning");
  CHECK_TEXT(text_of(event, "release"), "other@3");
  CHECK_TEXT(text_of(event, "environment"), "there");
  CHECK_JSON(get(event, "fingerprint"), "[\"one\",\"two\"]");
  CHECK(sentry_value_get_length(get(event, "breadcrumbs")) == 2);
  CHECK_TEXT(text_of(sentry_value_get_by_index(get(event, "breadcrumbs"), 1), "message"), "second");
  CHECK_TEXT(text_of(get(event, "sdk"), "name"), "sentry.native");
  CHECK_TEXT(text_of(get(event, "sdk"), "version"), "0.16.3");
  CHECK(sentry_value_get_length(get(get(event, "debug_meta"), "images")) > 1);

  sentry_set_fingerprint_n("onex", (size_t)3, "twox", (size_t)3, NOTHING);
  sentry_remove_user();
  sentry_set_trace_n("abcdef0123456789abcdef0123456789...", 32, "abcdef0123456789...", 16);
  capture_message("again");
  event = last_event();
  CHECK_JSON(get(event, "fingerprint"), "[\"one\",\"two\"]");
  CHECK(sentry_value_is_null(get(get(event, "user"), "username")));
  CHECK_TEXT(text_of(get(get(event, "contexts"), "trace"), "trace_id"), "abcdef0123456789abcdef0123456789");
  CHECK_TEXT(text_of(get(get(event, "contexts"), "trace"), "parent_span_id"), "abcdef0123456789");
  sentry_remove_fingerprint();
  sentry_regenerate_trace();
  capture_message("and again");
  event = last_event();
  CHECK(sentry_value_is_null(get(event, "fingerprint")));
  CHECK(strcmp(text_of(get(get(event, "contexts"), "trace"), "trace_id"), "abcdef0123456789abcdef0123456789") != 0);
  CHECK(sentry_close() == 0);
  forget_kept();
}

static void own_scopes(void) {
  sentry_scope_t *scope, *copy;
  sentry_value_t event, list;
  sentry_uuid_t id, last;
  CHECK(sentry_init(quiet_options()) == 0);
  sentry_set_tag("who", "global");
  scope = sentry_local_scope_new();
  sentry_scope_set_tag(scope, "who", "local");
  sentry_scope_set_tag_n(scope, "tag_n...", 5, "value...", 5);
  sentry_scope_set_tags(scope, object_with("many", "texts"));
  sentry_scope_set_extra(scope, "extra", sentry_value_new_int32(1));
  sentry_scope_set_extra_n(scope, "extra_n...", 7, sentry_value_new_int32(2));
  sentry_scope_set_context(scope, "context", object_with("a", "b"));
  sentry_scope_set_context_n(scope, "context_n...", 9, object_with("a", "b"));
  sentry_scope_update_context(scope, "context", object_with("c", "d"));
  sentry_scope_update_context_n(scope, "context...", 7, object_with("e", "f"));
  sentry_scope_set_user(scope, sentry_value_new_user("8", NOTHING, NOTHING, NOTHING));
  sentry_scope_set_level(scope, SENTRY_LEVEL_FATAL);
  sentry_scope_set_fingerprint(scope, "a", "b", NOTHING);
  sentry_scope_set_fingerprint_n(scope, "ax", (size_t)1, "cx", (size_t)1, NOTHING);
  sentry_scope_add_breadcrumb(scope, sentry_value_new_breadcrumb(NOTHING, "local"));
  sentry_scope_set_attribute(scope, "x", attribute("y"));
  sentry_scope_set_attribute_n(scope, "z...", 1, attribute("y"));
  sentry_scope_remove_attribute(scope, "x");
  sentry_scope_remove_attribute_n(scope, "z...", 1);
  event = sentry_value_new_event();
  id = sentry_scope_capture_event(scope, event);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  event = last_event();
  CHECK_TEXT(text_of(get(event, "tags"), "who"), "local");
  CHECK_TEXT(text_of(get(event, "tags"), "tag_n"), "value");
  CHECK_TEXT(text_of(get(event, "tags"), "many"), "texts");
  CHECK_JSON(get(event, "extra"), "{\"extra\":1,\"extra_n\":2}");
  CHECK_JSON(get(get(event, "contexts"), "context"), "{\"a\":\"b\",\"c\":\"d\",\"e\":\"f\"}");
  CHECK_TEXT(text_of(get(event, "user"), "id"), "8");
  CHECK_TEXT(text_of(event, "level"), "fatal");
  CHECK_JSON(get(event, "fingerprint"), "[\"a\",\"c\"]");
  CHECK(sentry_value_get_length(get(event, "breadcrumbs")) == 1);

  scope = sentry_scope_new();
  sentry_scope_set_tag(scope, "who", "mine");
  list = sentry_value_new_list();
  sentry_value_append(list, sentry_value_new_string("f"));
  sentry_scope_set_fingerprints(scope, list);
  sentry_scope_set_fingerprints(scope, sentry_value_new_string("refused"));
  CHECK(sentry_scope_attach_bytes(scope, "123", 3, "three.bin") != NOTHING);
  id = sentry_scope_get_last_event_id(scope);
  CHECK(sentry_uuid_is_nil(&id) == 1);
  SENTRY_SUPPRESS_DEPRECATED
  id = sentry_capture_event_with_scope(sentry_value_new_event(), scope);
  SENTRY_RESTORE_DEPRECATED
  last = sentry_scope_get_last_event_id(scope);
  CHECK(memcmp(&id, &last, 16) == 0);
  CHECK_TEXT(text_of(get(last_event(), "tags"), "who"), "mine");
  CHECK_JSON(get(last_event(), "fingerprint"), "[\"f\"]");
  CHECK(last_has("three.bin"));
  copy = sentry_scope_clone(scope);
  sentry_scope_set_tag(copy, "who", "copy");
  sentry_scope_remove_fingerprint(copy);
  sentry_scope_capture_event(scope, sentry_value_new_event());
  CHECK_TEXT(text_of(get(last_event(), "tags"), "who"), "mine");
  sentry_scope_capture_event(copy, sentry_value_new_event());
  CHECK_TEXT(text_of(get(last_event(), "tags"), "who"), "copy");
  CHECK(sentry_value_is_null(get(last_event(), "fingerprint")));
  CHECK(last_has("three.bin"));
  sentry_scope_clear(copy);
  sentry_scope_capture_event(copy, sentry_value_new_event());
  CHECK_TEXT(text_of(get(last_event(), "tags"), "who"), "global");
  CHECK_TEXT(text_of(last_event(), "level"), "error");
  sentry_scope_free(copy);
  sentry_scope_free(scope);
  sentry_scope_free(NOTHING);
  CHECK(sentry_scope_clone(NOTHING) == NOTHING);
  sentry_scope_set_tag(NOTHING, "a", "b");
  sentry_scope_set_extra(NOTHING, "a", sentry_value_new_string("lost"));
  id = sentry_scope_capture_event(NOTHING, sentry_value_new_event());
  CHECK(sentry_uuid_is_nil(&id) == 0);
  CHECK(sentry_close() == 0);
  forget_kept();
}

static void attachments(void) {
  sentry_options_t *options = quiet_options();
  sentry_attachment_t *file, *bytes, *other;
  sentry_scope_t *scope;
  write_file("log.txt", "a line of the log");
  write_file("optional.txt", "content of the option");
  write_file("typed.json", "{}");
  sentry_options_add_attachment(options, "optional.txt");
  CHECK(sentry_init(options) == 0);
  file = sentry_attach_file("log.txt");
  CHECK(file != NOTHING);
  CHECK(sentry_attach_file("log.txt") == file);
  CHECK(sentry_attach_file("") == NOTHING);
  CHECK(sentry_attach_file(NOTHING) == NOTHING);
  CHECK(sentry_attach_file_n("log.txt and more", 7) == file);
  bytes = sentry_attach_bytes("raw\0bytes", 9, "raw.bin");
  CHECK(bytes != NOTHING);
  CHECK(sentry_attach_bytes(NOTHING, 9, "raw.bin") == NOTHING);
  CHECK(sentry_attach_bytes("x", 0, "raw.bin") == NOTHING);
  CHECK(sentry_attach_bytes("x", 1, NOTHING) == NOTHING);
  other = sentry_attach_bytes_n("other", 5, "other.bin...", 9);
  CHECK(other != NOTHING);
  sentry_attachment_set_type(bytes, SENTRY_ATTACHMENT_TYPE_MINIDUMP);
  sentry_attachment_set_type_n(other, "event.view_hierarchy...", 20);
  sentry_attachment_set_content_type(file, "text/plain");
  sentry_attachment_set_content_type_n(other, "text/html...", 9);
  sentry_attachment_set_filename(file, "renamed.txt");
  sentry_attachment_set_filename_n(other, "other.html...", 10);
  capture_message("with attachments");
  CHECK(last_has("a line of the log"));
  CHECK(last_has("content of the option"));
  CHECK(last_has("\"content_type\":\"text/plain\",\"filename\":\"renamed.txt\""));
  CHECK(last_has("\"attachment_type\":\"event.minidump\",\"content_type\":\"application/octet-stream\""));
  CHECK(last_has("\"attachment_type\":\"event.view_hierarchy\",\"content_type\":\"text/html\",\"filename\":\"other.html\""));
  sentry_remove_attachment(bytes);
  sentry_remove_attachment(NOTHING);
  capture_message("without the dump");
  CHECK(last_has("renamed.txt"));
  {
    size_t size;
    char *text = sentry_envelope_serialize(kept[kept_count - 1], &size);
    CHECK(text && memmem(text, size, "event.minidump", 14) == NOTHING);
    sentry_free(text);
  }
  sentry_clear_attachments();
  scope = sentry_local_scope_new();
  CHECK(sentry_scope_attach_file(scope, "log.txt") != NOTHING);
  CHECK(sentry_scope_attach_file_n(scope, "typed.json...", 10) != NOTHING);
  CHECK(sentry_scope_attach_bytes_n(scope, "abc", 3, "abc.bin...", 7) != NOTHING);
  CHECK(sentry_scope_attach_file(NOTHING, "log.txt") == NOTHING);
  sentry_scope_capture_event(scope, sentry_value_new_event());
  CHECK(last_has("log.txt"));
  CHECK(last_has("typed.json"));
  CHECK(last_has("abc.bin"));
  CHECK(sentry_close() == 0);
  forget_kept();
}

int main(void) {
  enter_folder();
  before_the_start();
  global_scope();
  own_scopes();
  attachments();
  leave_folder();
  return finish("scope");
}
