/* Values, events and their parts, identifiers, memory. */
#include <math.h>
#include <pthread.h>
#include <stdint.h>

#include "check.h"

static void scalars(void) {
  sentry_value_t v = sentry_value_new_null();
  CHECK(sentry_value_is_null(v) == 1);
  CHECK(sentry_value_get_type(v) == SENTRY_VALUE_TYPE_NULL);
  CHECK(sentry_value_is_true(v) == 0);
  CHECK(sentry_value_refcount(v) == 1);
  CHECK(sentry_value_is_frozen(v) == 1);
  CHECK(sentry_value_decref(v) == 0);
  CHECK(v._bits == 0xa);
  CHECK_JSON(v, "null");

  v = sentry_value_new_bool(42);
  CHECK(sentry_value_get_type(v) == SENTRY_VALUE_TYPE_BOOL);
  CHECK(sentry_value_is_true(v) == 1);
  CHECK(v._bits == 0x6);
  CHECK_JSON(v, "true");
  v = sentry_value_new_bool(0);
  CHECK(sentry_value_is_true(v) == 0);
  CHECK(v._bits == 0x2);
  CHECK_JSON(v, "false");

  v = sentry_value_new_int32(-42);
  CHECK(sentry_value_get_type(v) == SENTRY_VALUE_TYPE_INT32);
  CHECK(sentry_value_as_int32(v) == -42);
  CHECK(sentry_value_as_int64(v) == -42);
  CHECK(sentry_value_as_uint64(v) == 0);
  CHECK(sentry_value_as_double(v) == -42.0);
  CHECK(sentry_value_is_true(v) == 1);
  CHECK((v._bits & 3) == 1);
  CHECK(sentry_value_refcount(sentry_value_incref(v)) == 1);
  CHECK_JSON(v, "-42");
  CHECK_JSON(sentry_value_new_int32(INT32_MIN), "-2147483648");

  v = sentry_value_new_int64(INT64_MIN);
  CHECK(sentry_value_get_type(v) == SENTRY_VALUE_TYPE_INT64);
  CHECK(sentry_value_as_int64(v) == INT64_MIN);
  CHECK(sentry_value_as_int32(v) == 0);
  CHECK(isnan(sentry_value_as_double(v)));
  CHECK(sentry_value_is_frozen(v) == 1);
  CHECK((v._bits & 3) == 0);
  CHECK_JSON(v, "-9223372036854775808");
  CHECK(sentry_value_decref(v) == 0);

  v = sentry_value_new_uint64(UINT64_MAX);
  CHECK(sentry_value_get_type(v) == SENTRY_VALUE_TYPE_UINT64);
  CHECK(sentry_value_as_uint64(v) == UINT64_MAX);
  CHECK(sentry_value_as_int64(v) == 0);
  CHECK_JSON(v, "18446744073709551615");
  sentry_value_decref(v);

  v = sentry_value_new_double(42.05);
  CHECK(sentry_value_get_type(v) == SENTRY_VALUE_TYPE_DOUBLE);
  CHECK(sentry_value_as_double(v) == 42.05);
  CHECK(sentry_value_as_int32(v) == 0);
  CHECK(sentry_value_is_true(v) == 1);
  CHECK_JSON(v, "42.05");
  sentry_value_decref(v);
  v = sentry_value_new_double(1.0);
  CHECK_JSON(v, "1");
  sentry_value_decref(v);
  v = sentry_value_new_double(INFINITY);
  CHECK(isinf(sentry_value_as_double(v)));
  CHECK_JSON(v, "null");
  sentry_value_decref(v);
  v = sentry_value_new_double(0.0);
  CHECK(sentry_value_is_true(v) == 0);
  sentry_value_decref(v);
  CHECK(isnan(sentry_value_as_double(sentry_value_new_null())));
}

static void strings(void) {
  sentry_value_t v = sentry_value_new_string("hello \"w\\orld\"\n\x01\x1f");
  CHECK(sentry_value_get_type(v) == SENTRY_VALUE_TYPE_STRING);
  CHECK_TEXT(sentry_value_as_string(v), "hello \"w\\orld\"\n\x01\x1f");
  CHECK(sentry_value_is_frozen(v) == 1);
  CHECK(sentry_value_refcount(v) == 1);
  CHECK_JSON(v, "\"hello \\\"w\\\\orld\\\"\\n\\u0001\\u001f\"");
  CHECK(sentry_value_refcount(sentry_value_incref(v)) == 2);
  CHECK(sentry_value_decref(v) == 1);
  CHECK(sentry_value_decref(v) == 0);

  v = sentry_value_new_string_n("a\0b and more", 3);
  CHECK(sentry_value_get_length(v) == 3);
  CHECK(memcmp(sentry_value_as_string(v), "a\0b", 4) == 0);
  CHECK_JSON(v, "\"a\\u0000b\"");
  sentry_value_decref(v);

  CHECK(sentry_value_is_null(sentry_value_new_string(NOTHING)));
  CHECK(sentry_value_is_null(sentry_value_new_string_n(NOTHING, 7)));
  v = sentry_value_new_string("");
  CHECK(sentry_value_is_true(v) == 0);
  CHECK(sentry_value_get_length(v) == 0);
  sentry_value_decref(v);
  CHECK_TEXT(sentry_value_as_string(sentry_value_new_int32(1)), "");
}

static void lists(void) {
  sentry_value_t list = sentry_value_new_list();
  size_t i;
  CHECK(sentry_value_get_type(list) == SENTRY_VALUE_TYPE_LIST);
  CHECK(sentry_value_is_true(list) == 0);
  CHECK(sentry_value_is_frozen(list) == 0);
  CHECK_JSON(list, "[]");
  for (i = 0; i < 10; i++) CHECK(sentry_value_append(list, sentry_value_new_int32((int32_t)i)) == 0);
  CHECK(sentry_value_get_length(list) == 10);
  CHECK(sentry_value_is_true(list) == 1);
  CHECK(sentry_value_as_int32(sentry_value_get_by_index(list, 7)) == 7);
  CHECK(sentry_value_is_null(sentry_value_get_by_index(list, 10)));
  CHECK(sentry_value_remove_by_index(list, 0) == 0);
  CHECK(sentry_value_remove_by_index(list, 100) == 0);
  CHECK(sentry_value_as_int32(sentry_value_get_by_index(list, 0)) == 1);
  CHECK(sentry_value_set_by_index(list, 11, sentry_value_new_string("far")) == 0);
  CHECK(sentry_value_get_length(list) == 12);
  CHECK(sentry_value_is_null(sentry_value_get_by_index(list, 10)));
  CHECK(sentry_value_set_by_index(list, 11, sentry_value_new_string("again")) == 0);
  CHECK_TEXT(sentry_value_as_string(sentry_value_get_by_index(list, 11)), "again");
  {
    sentry_value_t owned = sentry_value_get_by_index_owned(list, 11);
    CHECK(sentry_value_refcount(owned) == 2);
    sentry_value_decref(owned);
  }
  CHECK_JSON(list, "[1,2,3,4,5,6,7,8,9,null,null,\"again\"]");
  /* What is refused is taken over all the same: the memory checker sees it. */
  CHECK(sentry_value_append(sentry_value_new_int32(1), sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_set_by_index(sentry_value_new_null(), 0, sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_remove_by_index(sentry_value_new_null(), 0) == 1);
  sentry_value_freeze(list);
  CHECK(sentry_value_append(list, sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_set_by_index(list, 0, sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_remove_by_index(list, 0) == 1);
  CHECK(sentry_value_decref(list) == 0);
}

static void objects(void) {
  sentry_value_t object = sentry_value_new_object(), inner = sentry_value_new_object(), owned;
  char key[32];
  int i;
  CHECK(sentry_value_get_type(object) == SENTRY_VALUE_TYPE_OBJECT);
  CHECK_JSON(object, "{}");
  CHECK(sentry_value_set_by_key(object, "b", sentry_value_new_int32(1)) == 0);
  CHECK(sentry_value_set_by_key(object, "a", sentry_value_new_string("x")) == 0);
  CHECK(sentry_value_set_by_key_n(object, "bcd", 1, sentry_value_new_int32(2)) == 0);
  CHECK_JSON(object, "{\"b\":2,\"a\":\"x\"}");
  CHECK(sentry_value_set_by_key_n(object, "n\0ul", 4, sentry_value_new_bool(1)) == 0);
  CHECK(sentry_value_is_true(sentry_value_get_by_key_n(object, "n\0ul", 4)) == 1);
  CHECK(sentry_value_is_null(sentry_value_get_by_key(object, "n")));
  CHECK(sentry_value_remove_by_key_n(object, "n\0ul", 4) == 0);
  CHECK(sentry_value_get_length(object) == 2);
  CHECK_TEXT(sentry_value_as_string(sentry_value_get_by_key(object, "a")), "x");
  owned = sentry_value_get_by_key_owned(object, "a");
  CHECK(sentry_value_refcount(owned) == 2);
  sentry_value_decref(owned);
  owned = sentry_value_get_by_key_owned_n(object, "abc", 1);
  CHECK_TEXT(sentry_value_as_string(owned), "x");
  sentry_value_decref(owned);
  CHECK(sentry_value_is_null(sentry_value_get_by_key_owned(object, "nothing")));
  CHECK(sentry_value_remove_by_key(object, "a") == 0);
  CHECK(sentry_value_remove_by_key(object, "a") == 1);
  CHECK(sentry_value_is_null(sentry_value_get_by_key(object, NOTHING)));
  CHECK(sentry_value_set_by_key(object, NOTHING, sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_set_by_key(sentry_value_new_null(), "k", sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_set_by_key_n(sentry_value_new_null(), "k", 1, sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_remove_by_key(sentry_value_new_null(), "k") == 1);
  CHECK(sentry_value_is_null(sentry_value_get_by_key(sentry_value_new_int32(1), "k")));
  /* An object in an object is changed where it is. */
  sentry_value_set_by_key(object, "inner", inner);
  sentry_value_set_by_key(sentry_value_get_by_key(object, "inner"), "deep", sentry_value_new_bool(1));
  CHECK_JSON(object, "{\"b\":2,\"inner\":{\"deep\":true}}");
  for (i = 0; i < 200; i++) {
    snprintf(key, sizeof key, "key%d", i);
    CHECK(sentry_value_set_by_key(object, key, sentry_value_new_int32(i)) == 0);
  }
  CHECK(sentry_value_as_int32(sentry_value_get_by_key(object, "key137")) == 137);
  sentry_value_freeze(object);
  CHECK(sentry_value_is_frozen(inner) == 1);
  CHECK(sentry_value_set_by_key(object, "x", sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_set_by_key(inner, "x", sentry_value_new_string("lost")) == 1);
  CHECK(sentry_value_remove_by_key(object, "b") == 1);
  sentry_value_decref(object);
}

/* Trees may be deeper than what is written, and than the stack. */
static void depth(void) {
  sentry_value_t value = sentry_value_new_int32(1);
  char *json;
  int i;
  for (i = 0; i < 200000; i++) {
    sentry_value_t list = sentry_value_new_list();
    sentry_value_append(list, value);
    value = list;
  }
  json = sentry_value_to_json(value);
  CHECK(json && strlen(json) == 128);
  sentry_free(json);
  sentry_value_freeze(value);
  sentry_value_decref(value);
}

static void msgpack(void) {
  static const char expected[] =
    "\x85\xa1" "a\x01\xa1" "b\xd1\xff\x00\xa1" "c\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xa1" "d\x93\xc0\xc2\xc3\xa1" "e\xa1x";
  sentry_value_t object = sentry_value_new_object(), list = sentry_value_new_list();
  size_t size = 0;
  char *bytes;
  sentry_value_set_by_key(object, "a", sentry_value_new_int32(1));
  sentry_value_set_by_key(object, "b", sentry_value_new_int64(-256));
  sentry_value_set_by_key(object, "c", sentry_value_new_double(1.5));
  sentry_value_append(list, sentry_value_new_null());
  sentry_value_append(list, sentry_value_new_bool(0));
  sentry_value_append(list, sentry_value_new_bool(1));
  sentry_value_set_by_key(object, "d", list);
  sentry_value_set_by_key(object, "e", sentry_value_new_string("x"));
  bytes = sentry_value_to_msgpack(object, &size);
  CHECK(size == sizeof expected - 1);
  CHECK(bytes && memcmp(bytes, expected, sizeof expected - 1) == 0);
  sentry_free(bytes);
  sentry_value_decref(object);
}

static void users_and_attributes(void) {
  sentry_value_t v = sentry_value_new_user("7", "joe", "", NOTHING), list;
  CHECK_JSON(v, "{\"id\":\"7\",\"username\":\"joe\"}");
  sentry_value_decref(v);
  v = sentry_value_new_user("", NOTHING, "j@x", "{{auto}}");
  CHECK_JSON(v, "{\"id\":\"\",\"email\":\"j@x\",\"ip_address\":\"{{auto}}\"}");
  sentry_value_decref(v);
  CHECK(sentry_value_is_null(sentry_value_new_user(NOTHING, NOTHING, NOTHING, NOTHING)));
  v = sentry_value_new_user_n("789", 1, "joeX", 3, NOTHING, 9, "::1x", 3);
  CHECK_JSON(v, "{\"id\":\"7\",\"username\":\"joe\",\"ip_address\":\"::1\"}");
  sentry_value_decref(v);

  v = sentry_value_new_attribute(sentry_value_new_int32(3), SENTRY_UNIT_MILLISECOND);
  CHECK_JSON(v, "{\"type\":\"integer\",\"value\":3,\"unit\":\"millisecond\"}");
  sentry_value_decref(v);
  v = sentry_value_new_attribute_n(sentry_value_new_string("x"), "bytes", 4);
  CHECK_JSON(v, "{\"type\":\"string\",\"value\":\"x\",\"unit\":\"byte\"}");
  sentry_value_decref(v);
  v = sentry_value_new_attribute(sentry_value_new_double(1.5), NOTHING);
  CHECK_JSON(v, "{\"type\":\"double\",\"value\":1.5}");
  sentry_value_decref(v);
  v = sentry_value_new_attribute(sentry_value_new_bool(1), NOTHING);
  CHECK_JSON(v, "{\"type\":\"boolean\",\"value\":true}");
  sentry_value_decref(v);
  list = sentry_value_new_list();
  sentry_value_append(list, sentry_value_new_string("x"));
  v = sentry_value_new_attribute(list, NOTHING);
  CHECK_JSON(v, "{\"type\":\"array\",\"value\":[\"x\"]}");
  sentry_value_decref(v);
  CHECK(sentry_value_is_null(sentry_value_new_attribute(sentry_value_new_list(), NOTHING)));
  CHECK(sentry_value_is_null(sentry_value_new_attribute(sentry_value_new_object(), NOTHING)));
  CHECK(sentry_value_is_null(sentry_value_new_attribute(sentry_value_new_null(), NOTHING)));
}

static void events(void) {
  sentry_value_t event = sentry_value_new_event(), v, exception, thread;
  void *ips[3] = {(void *)0x10, (void *)0x20, (void *)0x30};
  CHECK(strlen(text_of(event, "event_id")) == 36);
  CHECK(strlen(text_of(event, "timestamp")) >= 20);
  CHECK_TEXT(text_of(event, "platform"), "native");

  exception = sentry_value_new_exception("Error", "it broke");
  sentry_value_set_stacktrace(exception, ips, 3);
  CHECK_JSON(
    exception,
    "{\"type\":\"Error\",\"value\":\"it broke\",\"stacktrace\":{\"frames\":[{\"instruction_addr\":\"0x30\"},"
    "{\"instruction_addr\":\"0x20\"},{\"instruction_addr\":\"0x10\"}]}}");
  sentry_event_add_exception(event, exception);
  sentry_event_add_exception(event, sentry_value_new_exception_n("Err", 3, "or", 2));
  v = sentry_value_get_by_key(sentry_value_get_by_key(event, "exception"), "values");
  CHECK(sentry_value_get_length(v) == 2);

  thread = sentry_value_new_thread(UINT64_MAX, "main");
  CHECK_JSON(thread, "{\"id\":\"18446744073709551615\",\"name\":\"main\"}");
  sentry_event_add_thread(event, thread);
  thread = sentry_value_new_thread_n(7, "workers", 6);
  CHECK_JSON(thread, "{\"id\":\"7\",\"name\":\"worker\"}");
  sentry_event_add_thread(event, thread);
  SENTRY_SUPPRESS_DEPRECATED
  sentry_event_value_add_stacktrace(event, NOTHING, 0);
  sentry_event_value_add_stacktrace(event, ips, 1);
  SENTRY_RESTORE_DEPRECATED
  v = sentry_value_get_by_key(sentry_value_get_by_key(event, "threads"), "values");
  CHECK(sentry_value_get_length(v) == 4);
  sentry_value_decref(event);

  /* A bare list is taken as it is; what is no event takes nothing. */
  event = sentry_value_new_object();
  sentry_value_set_by_key(event, "exception", sentry_value_new_list());
  sentry_event_add_exception(event, sentry_value_new_exception("A", NOTHING));
  CHECK_JSON(event, "{\"exception\":[{\"type\":\"A\"}]}");
  sentry_event_add_thread(sentry_value_new_null(), sentry_value_new_thread(1, NOTHING));
  sentry_value_decref(event);

  event = sentry_value_new_message_event(SENTRY_LEVEL_WARNING, "my.logger", "Hello!");
  CHECK_TEXT(text_of(event, "level"), "warning");
  CHECK_TEXT(text_of(event, "logger"), "my.logger");
  CHECK_JSON(sentry_value_get_by_key(event, "message"), "{\"formatted\":\"Hello!\"}");
  sentry_value_decref(event);
  event = sentry_value_new_message_event((sentry_level_t)99, NOTHING, NOTHING);
  CHECK_TEXT(text_of(event, "level"), "info");
  CHECK(sentry_value_is_null(sentry_value_get_by_key(event, "logger")));
  CHECK(sentry_value_is_null(sentry_value_get_by_key(event, "message")));
  sentry_value_decref(event);
  event = sentry_value_new_message_event_n(SENTRY_LEVEL_TRACE, "logger", 3, "Hello!", 5);
  CHECK_TEXT(text_of(event, "level"), "trace");
  CHECK_TEXT(text_of(event, "logger"), "log");
  CHECK_JSON(sentry_value_get_by_key(event, "message"), "{\"formatted\":\"Hello\"}");
  sentry_value_decref(event);

  v = sentry_value_new_breadcrumb("http", "GET /");
  CHECK_TEXT(text_of(v, "type"), "http");
  CHECK_TEXT(text_of(v, "message"), "GET /");
  CHECK(strlen(text_of(v, "timestamp")) >= 20);
  sentry_value_decref(v);
  v = sentry_value_new_breadcrumb_n(NOTHING, 0, "GET /", 3);
  CHECK(sentry_value_is_null(sentry_value_get_by_key(v, "type")));
  CHECK_TEXT(text_of(v, "message"), "GET");
  sentry_value_decref(v);
}

__attribute__((noinline)) static size_t walk(void **frames, size_t max) {
  size_t count = sentry_unwind_stack(NOTHING, frames, max);
  __asm__ volatile("" ::: "memory");
  return count;
}

static void stacks(void) {
  void *frames[128];
  size_t count = walk(frames, 128), i;
  sentry_value_t trace;
  ucontext_t context;
  sentry_ucontext_t uctx;
  CHECK(count >= 3);
  /* The first one is the function that called. */
  CHECK((uintptr_t)frames[0] - (uintptr_t)walk < 4096);
  CHECK(walk(frames, 1) == 1);
  CHECK(sentry_unwind_stack((void *)1, frames, 128) == 0);
  trace = sentry_value_new_stacktrace(NOTHING, 0);
  CHECK(sentry_value_get_length(sentry_value_get_by_key(trace, "frames")) >= 2);
  sentry_value_decref(trace);

  memset(&uctx, 0, sizeof uctx);
  CHECK(getcontext(&context) == 0);
  uctx.user_context = &context;
  count = sentry_unwind_stack_from_ucontext(&uctx, frames, 128);
  CHECK(count >= 2);
  CHECK((uintptr_t)frames[0] - (uintptr_t)stacks < 65536);
  for (i = 0; i < count; i++) CHECK(frames[i] != NOTHING);
#if defined(__x86_64__)
  context.uc_mcontext.gregs[REG_RIP] = 8;
  CHECK(sentry_unwind_stack_from_ucontext(&uctx, frames, 128) == 1);
  CHECK(frames[0] == (void *)8);
#endif
  CHECK(sentry_unwind_stack_from_ucontext(NOTHING, frames, 128) == 0);
}

static void identifiers(void) {
  sentry_uuid_t nil = sentry_uuid_nil(), id = sentry_uuid_new_v4(), other = sentry_uuid_new_v4();
  char text[37], bytes[16];
  CHECK(sentry_uuid_is_nil(&nil) == 1);
  CHECK(sentry_uuid_is_nil(&id) == 0);
  CHECK(memcmp(&id, &other, 16) != 0);
  sentry_uuid_as_string(&id, text);
  CHECK(strlen(text) == 36 && text[14] == '4' && text[8] == '-' && strchr("89ab", text[19]) != NOTHING);
  other = sentry_uuid_from_string(text);
  CHECK(memcmp(&id, &other, 16) == 0);
  sentry_uuid_as_bytes(&id, bytes);
  other = sentry_uuid_from_bytes(bytes);
  CHECK(memcmp(&id, &other, 16) == 0);
  id = sentry_uuid_from_string("F391FDC0-BB2743B18C0C183BC217D42B");
  sentry_uuid_as_string(&id, text);
  CHECK_TEXT(text, "f391fdc0-bb27-43b1-8c0c-183bc217d42b");
  id = sentry_uuid_from_string_n("f391fdc0garbage", 8);
  sentry_uuid_as_string(&id, text);
  CHECK_TEXT(text, "f391fdc0-0000-0000-0000-000000000000");
  id = sentry_uuid_from_string("f391fdc0-bb27-43b1-8c0c-183bc217d42b and more");
  CHECK(sentry_uuid_is_nil(&id) == 0);
  id = sentry_uuid_from_string("no identifier");
  CHECK(sentry_uuid_is_nil(&id) == 1);
  id = sentry_uuid_from_string(NOTHING);
  CHECK(sentry_uuid_is_nil(&id) == 1);
}

static void feedback(void) {
  sentry_uuid_t id = sentry_uuid_from_string("f391fdc0-bb27-43b1-8c0c-183bc217d42b");
  sentry_value_t v = sentry_value_new_feedback("good", "a@b", "Joe", &id);
  CHECK_JSON(
    v, "{\"message\":\"good\",\"contact_email\":\"a@b\",\"name\":\"Joe\","
       "\"associated_event_id\":\"f391fdc0bb2743b18c0c183bc217d42b\"}");
  sentry_value_decref(v);
  v = sentry_value_new_feedback_n("good one", 4, NOTHING, 0, "Joel", 3, NOTHING);
  CHECK_JSON(v, "{\"message\":\"good\",\"name\":\"Joe\"}");
  sentry_value_decref(v);
  SENTRY_SUPPRESS_DEPRECATED
  v = sentry_value_new_user_feedback(&id, "Joe", "a@b", "hm");
  CHECK_JSON(
    v, "{\"event_id\":\"f391fdc0-bb27-43b1-8c0c-183bc217d42b\",\"name\":\"Joe\",\"email\":\"a@b\",\"comments\":\"hm\"}");
  sentry_value_decref(v);
  v = sentry_value_new_user_feedback_n(&id, "Joel", 3, NOTHING, 0, "hm", 1);
  CHECK_JSON(v, "{\"event_id\":\"f391fdc0-bb27-43b1-8c0c-183bc217d42b\",\"name\":\"Joe\",\"comments\":\"h\"}");
  SENTRY_RESTORE_DEPRECATED
  sentry_value_decref(v);
}

static void memory(void) {
  char *bytes = (char *)sentry_malloc(100);
  CHECK(bytes != NOTHING);
  memset(bytes, 1, 100);
  sentry_free(bytes);
  sentry_free(NOTHING);
  sentry_string_free(NOTHING);
}

static void *count_references(void *value) {
  int i;
  for (i = 0; i < 10000; i++) {
    sentry_value_incref(*(sentry_value_t *)value);
    sentry_value_decref(*(sentry_value_t *)value);
  }
  return NOTHING;
}

static void threads(void) {
  pthread_t all[4];
  sentry_value_t value = sentry_value_new_string("shared");
  int i;
  for (i = 0; i < 4; i++) CHECK(pthread_create(&all[i], NOTHING, count_references, &value) == 0);
  for (i = 0; i < 4; i++) pthread_join(all[i], NOTHING);
  CHECK(sentry_value_refcount(value) == 1);
  sentry_value_decref(value);
}

int main(void) {
  scalars();
  strings();
  lists();
  objects();
  depth();
  msgpack();
  users_and_attributes();
  events();
  stacks();
  identifiers();
  feedback();
  memory();
  threads();
  return finish("values");
}
