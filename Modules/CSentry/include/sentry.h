/*
 * The C interface of SentryNative: crash and error reports for C and C++ programs on Linux.
 *
 * Functions ending in `_n` take the length of each text in bytes; such a text needs no NUL at its end. NULL stands for
 * an absent text whatever its length.
 *
 * Functions may be called on any thread unless something else is said. In a signal handler, only
 * `sentry_handle_exception` may be called, and in the hooks that run in one, the functions of values.
 */
#ifndef SENTRY_H_INCLUDED
#define SENTRY_H_INCLUDED

#ifndef SENTRY_PLATFORM_LINUX
#  define SENTRY_PLATFORM_LINUX
#endif
#ifndef SENTRY_PLATFORM_UNIX
#  define SENTRY_PLATFORM_UNIX
#endif

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <ucontext.h>

/* The name and version that the library reports; the version is that of the API level. */
#ifndef SENTRY_SDK_NAME
#  define SENTRY_SDK_NAME "sentry.native"
#endif
#ifndef SENTRY_SDK_VERSION
#  define SENTRY_SDK_VERSION "0.16.3"
#endif
#define SENTRY_SDK_USER_AGENT SENTRY_SDK_NAME "/" SENTRY_SDK_VERSION

#if defined(__GNUC__)
#  define SENTRY_API __attribute__((visibility("default")))
#  define SENTRY_DEPRECATED(msg) __attribute__((deprecated(msg)))
#  define SENTRY_SUPPRESS_DEPRECATED                                                                                   \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wdeprecated-declarations\"")
#  define SENTRY_RESTORE_DEPRECATED _Pragma("GCC diagnostic pop")
#else
#  define SENTRY_API
#  define SENTRY_DEPRECATED(msg)
#  define SENTRY_SUPPRESS_DEPRECATED
#  define SENTRY_RESTORE_DEPRECATED
#endif
/* Marks what may change from one version to the next. */
#ifndef SENTRY_EXPERIMENTAL_API
#  define SENTRY_EXPERIMENTAL_API SENTRY_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Types ------------------------------------------------------------------------------------------------------ */

/* A value: null, boolean, number, text, list or object. It is passed by value; what is inside is not to be touched. */
union sentry_value_u {
  uint64_t _bits;
  double _double;
};
typedef union sentry_value_u sentry_value_t;

typedef enum {
  SENTRY_VALUE_TYPE_NULL = 0,
  SENTRY_VALUE_TYPE_BOOL = 1,
  SENTRY_VALUE_TYPE_INT32 = 2,
  SENTRY_VALUE_TYPE_INT64 = 3,
  SENTRY_VALUE_TYPE_UINT64 = 4,
  SENTRY_VALUE_TYPE_DOUBLE = 5,
  SENTRY_VALUE_TYPE_STRING = 6,
  SENTRY_VALUE_TYPE_LIST = 7,
  SENTRY_VALUE_TYPE_OBJECT = 8
} sentry_value_type_t;

/* The identifier of an event, a session, …: a UUID. */
typedef struct sentry_uuid_s {
  char bytes[16];
} sentry_uuid_t;

/* What a signal handler is told. */
typedef struct sentry_ucontext_s {
  int signum;
#if defined(_POSIX_C_SOURCE) || defined(__cplusplus)
  siginfo_t *siginfo;
#else
  void *siginfo; /* ISO C alone has no siginfo_t. */
#endif
  ucontext_t *user_context;
} sentry_ucontext_t;

typedef struct sentry_options_s sentry_options_t;
typedef struct sentry_scope_s sentry_scope_t;
typedef struct sentry_hint_s sentry_hint_t;
typedef struct sentry_attachment_s sentry_attachment_t;
typedef struct sentry_envelope_s sentry_envelope_t;
typedef struct sentry_transport_s sentry_transport_t;
typedef struct sentry_backend_s sentry_backend_t;

/*
 * What captures crashes, for `sentry_options_set_backend`; all but NULL are this library's own.
 * CRASHPAD: a handler process. Where it cannot be started, INPROC takes its place, which the log says.
 * INPROC: the crashing thread writes a report with its own stack, and the next `sentry_init` on the database sends it.
 */
#define SENTRY_BACKEND_NONE ((sentry_backend_t *)0)
#define SENTRY_BACKEND_CRASHPAD ((sentry_backend_t *)1)
#define SENTRY_BACKEND_INPROC ((sentry_backend_t *)2)

typedef struct sentry_http_request_s sentry_http_request_t;
typedef struct sentry_http_response_s sentry_http_response_t;
typedef void sentry_http_client_t;
typedef struct sentry_transaction_context_s sentry_transaction_context_t;
typedef struct sentry_transaction_s sentry_transaction_t;
typedef struct sentry_span_s sentry_span_t;

/* How severe something is. */
typedef enum sentry_level_e {
  SENTRY_LEVEL_TRACE = -2,
  SENTRY_LEVEL_DEBUG = -1,
  SENTRY_LEVEL_INFO = 0,
  SENTRY_LEVEL_WARNING = 1,
  SENTRY_LEVEL_ERROR = 2,
  SENTRY_LEVEL_FATAL = 3
} sentry_level_t;

typedef enum {
  SENTRY_USER_CONSENT_UNKNOWN = -1,
  SENTRY_USER_CONSENT_REVOKED = 0,
  SENTRY_USER_CONSENT_GIVEN = 1
} sentry_user_consent_t;

/* When the signal handler that was there before runs. */
typedef enum {
  SENTRY_HANDLER_STRATEGY_DEFAULT = 0,
  SENTRY_HANDLER_STRATEGY_CHAIN_AT_START = 1
} sentry_handler_strategy_t;

typedef enum {
  SENTRY_MINIDUMP_MODE_STACK_ONLY = 0,
  SENTRY_MINIDUMP_MODE_SMART = 1,
  SENTRY_MINIDUMP_MODE_FULL = 2
} sentry_minidump_mode_t;

typedef uint32_t sentry_minidump_flags_t;

typedef enum {
  SENTRY_CRASH_REPORTING_MODE_MINIDUMP = 0,
  SENTRY_CRASH_REPORTING_MODE_NATIVE = 1,
  SENTRY_CRASH_REPORTING_MODE_NATIVE_WITH_MINIDUMP = 2
} sentry_crash_reporting_mode_t;

typedef enum {
  SENTRY_CRASH_UPLOAD_MODE_SYNC = 0,
  SENTRY_CRASH_UPLOAD_MODE_ASYNC = 1
} sentry_crash_upload_mode_t;

/* What stays in the cache: nothing, what could not be sent, everything. */
typedef enum {
  SENTRY_CACHE_KEEP_NONE = 0,
  SENTRY_CACHE_KEEP_OFFLINE = 1,
  SENTRY_CACHE_KEEP_ALWAYS = 2
} sentry_cache_keep_t;

/* What became of a log: it will be sent, a hook dropped it, there was no room, logs are off. */
typedef enum {
  SENTRY_LOG_RETURN_SUCCESS = 0,
  SENTRY_LOG_RETURN_DISCARD = 1,
  SENTRY_LOG_RETURN_FAILED = 2,
  SENTRY_LOG_RETURN_DISABLED = 3
} log_return_value_t;

/* The same of a metric. */
typedef enum {
  SENTRY_METRICS_RESULT_SUCCESS = 0,
  SENTRY_METRICS_RESULT_DISCARD = 1,
  SENTRY_METRICS_RESULT_FAILED = 2,
  SENTRY_METRICS_RESULT_DISABLED = 3
} sentry_metrics_result_t;

typedef enum {
  SENTRY_METRIC_COUNT = 0,
  SENTRY_METRIC_GAUGE = 1,
  SENTRY_METRIC_DISTRIBUTION = 2
} sentry_metric_type_t;

typedef enum {
  SENTRY_SESSION_STATUS_OK = 0,
  SENTRY_SESSION_STATUS_CRASHED = 1,
  SENTRY_SESSION_STATUS_ABNORMAL = 2,
  SENTRY_SESSION_STATUS_EXITED = 3
} sentry_session_status_t;

/* How a span or a transaction went. */
typedef enum {
  SENTRY_SPAN_STATUS_OK,
  SENTRY_SPAN_STATUS_CANCELLED,
  SENTRY_SPAN_STATUS_UNKNOWN,
  SENTRY_SPAN_STATUS_INVALID_ARGUMENT,
  SENTRY_SPAN_STATUS_DEADLINE_EXCEEDED,
  SENTRY_SPAN_STATUS_NOT_FOUND,
  SENTRY_SPAN_STATUS_ALREADY_EXISTS,
  SENTRY_SPAN_STATUS_PERMISSION_DENIED,
  SENTRY_SPAN_STATUS_RESOURCE_EXHAUSTED,
  SENTRY_SPAN_STATUS_FAILED_PRECONDITION,
  SENTRY_SPAN_STATUS_ABORTED,
  SENTRY_SPAN_STATUS_OUT_OF_RANGE,
  SENTRY_SPAN_STATUS_UNIMPLEMENTED,
  SENTRY_SPAN_STATUS_INTERNAL_ERROR,
  SENTRY_SPAN_STATUS_UNAVAILABLE,
  SENTRY_SPAN_STATUS_DATA_LOSS,
  SENTRY_SPAN_STATUS_UNAUTHENTICATED
} sentry_span_status_t;

/* ---- Hooks: see the options that take them ---------------------------------------------------------------------- */

typedef sentry_value_t (*sentry_event_function_t)(sentry_value_t event, void *hint, void *user_data);
typedef sentry_value_t (*sentry_crash_function_t)(const sentry_ucontext_t *uctx, sentry_value_t event, void *user_data);
typedef void (*sentry_crashed_last_run_function_t)(const sentry_envelope_t *envelope, void *user_data);
typedef sentry_value_t (*sentry_before_breadcrumb_function_t)(sentry_value_t breadcrumb, void *user_data);
typedef sentry_value_t (*sentry_before_send_log_function_t)(sentry_value_t log, void *user_data);
typedef sentry_value_t (*sentry_before_send_metric_function_t)(sentry_value_t metric, void *user_data);
typedef sentry_value_t (*sentry_transaction_function_t)(sentry_value_t transaction, void *user_data);
typedef sentry_value_t (*sentry_before_send_feedback_function_t)(
  sentry_value_t feedback, sentry_hint_t *hint, void *user_data);
typedef int (*sentry_before_screenshot_function_t)(sentry_value_t event, void *user_data);
typedef double (*sentry_traces_sampler_function)(
  const sentry_transaction_context_t *transaction_ctx, sentry_value_t custom_sampling_ctx, const int *parent_sampled,
  void *user_data);
typedef void (*sentry_logger_function_t)(sentry_level_t level, const char *message, va_list args, void *userdata);
typedef void (*sentry_iter_headers_function_t)(const char *key, const char *value, void *userdata);
/* Makes the client that the other functions of an HTTP transport get. */
typedef sentry_http_client_t *(*sentry_http_client_factory_func_t)(void *factory_data);
/* Sends a request. Returns 1 when there was an answer, 0 when there was none. */
typedef int (*sentry_http_client_send_func_t)(
  sentry_http_client_t *client, sentry_http_request_t *req, sentry_http_response_t *resp);

/* ---- Names ------------------------------------------------------------------------------------------------------ */

#define SENTRY_UNIT_NANOSECOND "nanosecond"
#define SENTRY_UNIT_MICROSECOND "microsecond"
#define SENTRY_UNIT_MILLISECOND "millisecond"
#define SENTRY_UNIT_SECOND "second"
#define SENTRY_UNIT_MINUTE "minute"
#define SENTRY_UNIT_HOUR "hour"
#define SENTRY_UNIT_DAY "day"
#define SENTRY_UNIT_WEEK "week"
#define SENTRY_UNIT_BIT "bit"
#define SENTRY_UNIT_BYTE "byte"
#define SENTRY_UNIT_KILOBYTE "kilobyte"
#define SENTRY_UNIT_KIBIBYTE "kibibyte"
#define SENTRY_UNIT_MEGABYTE "megabyte"
#define SENTRY_UNIT_MEBIBYTE "mebibyte"
#define SENTRY_UNIT_GIGABYTE "gigabyte"
#define SENTRY_UNIT_GIBIBYTE "gibibyte"
#define SENTRY_UNIT_TERABYTE "terabyte"
#define SENTRY_UNIT_TEBIBYTE "tebibyte"
#define SENTRY_UNIT_PETABYTE "petabyte"
#define SENTRY_UNIT_PEBIBYTE "pebibyte"
#define SENTRY_UNIT_EXABYTE "exabyte"
#define SENTRY_UNIT_EXBIBYTE "exbibyte"
#define SENTRY_UNIT_RATIO "ratio"
#define SENTRY_UNIT_PERCENT "percent"

#define SENTRY_ATTACHMENT_TYPE_GENERIC "event.attachment"
#define SENTRY_ATTACHMENT_TYPE_MINIDUMP "event.minidump"
#define SENTRY_ATTACHMENT_TYPE_VIEW_HIERARCHY "event.view_hierarchy"


/* ---- Memory ------------------------------------------------------------------------------------------------------- */

/*
 * Allocates `size` bytes; NULL when there are none. From the beginning of a crash on, memory comes from pages that are
 * reserved for it and is never reused, so that hooks may allocate while the heap is in any state.
 */
SENTRY_API void *sentry_malloc(size_t size);

/*
 * Gives back what `sentry_malloc` or any function that returns `char *` gave. NULL is allowed. Does nothing during a
 * crash.
 */
SENTRY_API void sentry_free(void *ptr);
#define sentry_string_free sentry_free

/* ---- Values ------------------------------------------------------------------------------------------------------- */

/*
 * Every function that takes a value to keep it (`set`, `append`, `add`, `capture`, …) takes over one reference, also when
 * it fails. Functions named `get` lend a reference, unless they are named `owned`. One value may be changed by one thread
 * at a time; references may be counted on any thread.
 */

/* Adds a reference, and returns the value. */
SENTRY_API sentry_value_t sentry_value_incref(sentry_value_t value);

/* Drops a reference. Returns 1 while others remain, 0 when the value is gone or was never counted. */
SENTRY_API int sentry_value_decref(sentry_value_t value);

/* The number of references; 1 for null, booleans and 32-bit integers, which are not counted. */
SENTRY_API size_t sentry_value_refcount(sentry_value_t value);

/* Makes a value and all that it holds unchangeable, forever. */
SENTRY_API void sentry_value_freeze(sentry_value_t value);

/* Whether a value is unchangeable: scalars always are, lists and objects once they were frozen. */
SENTRY_API int sentry_value_is_frozen(sentry_value_t value);

/* Null. */
SENTRY_API sentry_value_t sentry_value_new_null(void);

/* A 32-bit integer. */
SENTRY_API sentry_value_t sentry_value_new_int32(int32_t value);

/* A signed 64-bit integer. */
SENTRY_API sentry_value_t sentry_value_new_int64(int64_t value);

/* An unsigned 64-bit integer. */
SENTRY_API sentry_value_t sentry_value_new_uint64(uint64_t value);

/* A double. What JSON cannot say (NaN and the infinities) is written as null. */
SENTRY_API sentry_value_t sentry_value_new_double(double value);

/* True for anything but 0. */
SENTRY_API sentry_value_t sentry_value_new_bool(int value);

/* A copy of a text in UTF-8; null for NULL. With a length, the text may contain NULs. */
SENTRY_API sentry_value_t sentry_value_new_string(const char *value);
SENTRY_API sentry_value_t sentry_value_new_string_n(const char *value, size_t value_len);

/* An empty list. */
SENTRY_API sentry_value_t sentry_value_new_list(void);

/* An empty object. Its members keep the order in which they were added. */
SENTRY_API sentry_value_t sentry_value_new_object(void);

/*
 * A user: an object with those of `id`, `username`, `email` and `ip_address` that are given. Empty texts count as not
 * given, but for the id. Null when nothing is given.
 */
SENTRY_API sentry_value_t sentry_value_new_user(
  const char *id, const char *username, const char *email, const char *ip_address);
SENTRY_API sentry_value_t sentry_value_new_user_n(
  const char *id, size_t id_len, const char *username, size_t username_len, const char *email, size_t email_len,
  const char *ip_address, size_t ip_address_len);

/*
 * An attribute of logs and metrics: `{"type", "value", "unit"}`. The value may be a boolean, a number, a text, or a list
 * that begins with one of these. Anything else gives null. Takes over `value`; `unit` may be NULL.
 */
SENTRY_API sentry_value_t sentry_value_new_attribute(sentry_value_t value, const char *unit);
SENTRY_API sentry_value_t sentry_value_new_attribute_n(sentry_value_t value, const char *unit, size_t unit_len);

/* The type of a value. */
SENTRY_API sentry_value_type_t sentry_value_get_type(sentry_value_t value);

/*
 * Sets a member of an object, and takes over `v`. Returns 0, or 1 when `value` is no object or is frozen, or `k` is NULL.
 */
SENTRY_API int sentry_value_set_by_key(sentry_value_t value, const char *k, sentry_value_t v);
SENTRY_API int sentry_value_set_by_key_n(sentry_value_t value, const char *k, size_t k_len, sentry_value_t v);

/* Removes a member of an object. Returns 0, or 1 when there is none, or `value` is no object or is frozen. */
SENTRY_API int sentry_value_remove_by_key(sentry_value_t value, const char *k);
SENTRY_API int sentry_value_remove_by_key_n(sentry_value_t value, const char *k, size_t k_len);

/* Adds an element at the end of a list, and takes over `v`. Returns 0, or 1 when `value` is no list or is frozen. */
SENTRY_API int sentry_value_append(sentry_value_t value, sentry_value_t v);

/*
 * Sets an element of a list, and takes over `v`. A list that is shorter is filled up with nulls. Returns 0, or 1 when
 * `value` is no list or is frozen.
 */
SENTRY_API int sentry_value_set_by_index(sentry_value_t value, size_t index, sentry_value_t v);

/*
 * Removes an element of a list; the following ones move up. Returns 0, also when there is no such element, or 1 when
 * `value` is no list or is frozen.
 */
SENTRY_API int sentry_value_remove_by_index(sentry_value_t value, size_t index);

/* Lends the member of an object; null when there is none. */
SENTRY_API sentry_value_t sentry_value_get_by_key(sentry_value_t value, const char *k);
SENTRY_API sentry_value_t sentry_value_get_by_key_n(sentry_value_t value, const char *k, size_t k_len);

/* The member of an object with a reference of its own; null when there is none. */
SENTRY_API sentry_value_t sentry_value_get_by_key_owned(sentry_value_t value, const char *k);
SENTRY_API sentry_value_t sentry_value_get_by_key_owned_n(sentry_value_t value, const char *k, size_t k_len);

/* Lends the element of a list; null when there is none. */
SENTRY_API sentry_value_t sentry_value_get_by_index(sentry_value_t value, size_t index);

/* The element of a list with a reference of its own; null when there is none. */
SENTRY_API sentry_value_t sentry_value_get_by_index_owned(sentry_value_t value, size_t index);

/* How many elements, members or bytes of text there are; 0 for other types. */
SENTRY_API size_t sentry_value_get_length(sentry_value_t value);

/* The number of a 32-bit integer; 0 for other types. */
SENTRY_API int32_t sentry_value_as_int32(sentry_value_t value);

/* The number of a signed integer; 0 for other types. */
SENTRY_API int64_t sentry_value_as_int64(sentry_value_t value);

/* The number of an unsigned 64-bit integer; 0 for other types. */
SENTRY_API uint64_t sentry_value_as_uint64(sentry_value_t value);

/* The number of a double or a 32-bit integer; NaN for other types. */
SENTRY_API double sentry_value_as_double(sentry_value_t value);

/* Lends the text, which ends with a NUL; an empty text for other types. */
SENTRY_API const char *sentry_value_as_string(sentry_value_t value);

/* Whether a value is true, a number other than 0, or a text, list or object that is not empty. */
SENTRY_API int sentry_value_is_true(sentry_value_t value);

/* Whether a value is null. */
SENTRY_API int sentry_value_is_null(sentry_value_t value);

/* The value as compact JSON, to be given back with `sentry_free`. Containers deeper than 64 vanish. */
SENTRY_API char *sentry_value_to_json(sentry_value_t value);

/*
 * The value as MessagePack, to be given back with `sentry_free`; its length goes to `size_out`. NULL when it cannot be
 * written.
 */
SENTRY_EXPERIMENTAL_API char *sentry_value_to_msgpack(sentry_value_t value, size_t *size_out);

/* ---- Events and their parts --------------------------------------------------------------------------------------- */

/* An event with a new id and the time. Give it to `sentry_capture_event`. */
SENTRY_API sentry_value_t sentry_value_new_event(void);

/* An event with a message. A level that does not exist counts as info; `logger` and `text` may be NULL. */
SENTRY_API sentry_value_t sentry_value_new_message_event(sentry_level_t level, const char *logger, const char *text);
SENTRY_API sentry_value_t sentry_value_new_message_event_n(
  sentry_level_t level, const char *logger, size_t logger_len, const char *text, size_t text_len);

/* A breadcrumb with the time. `type` and `message` may be NULL; `category`, `level` and `data` may be added. */
SENTRY_API sentry_value_t sentry_value_new_breadcrumb(const char *type, const char *message);
SENTRY_API sentry_value_t sentry_value_new_breadcrumb_n(
  const char *type, size_t type_len, const char *message, size_t message_len);

/* An exception: its type and what it says. */
SENTRY_EXPERIMENTAL_API sentry_value_t sentry_value_new_exception(const char *type, const char *value);
SENTRY_EXPERIMENTAL_API sentry_value_t sentry_value_new_exception_n(
  const char *type, size_t type_len, const char *value, size_t value_len);

/* A thread. `name` may be NULL. */
SENTRY_EXPERIMENTAL_API sentry_value_t sentry_value_new_thread(uint64_t id, const char *name);
SENTRY_EXPERIMENTAL_API sentry_value_t sentry_value_new_thread_n(uint64_t id, const char *name, size_t name_len);

/* A stack trace of `len` instruction addresses, innermost first; `ips` NULL: of the calling function. */
SENTRY_EXPERIMENTAL_API sentry_value_t sentry_value_new_stacktrace(void **ips, size_t len);

/* Gives an exception or a thread a stack trace, see `sentry_value_new_stacktrace`. */
SENTRY_EXPERIMENTAL_API void sentry_value_set_stacktrace(sentry_value_t value, void **ips, size_t len);

/* Adds an exception to an event, and takes it over. */
SENTRY_EXPERIMENTAL_API void sentry_event_add_exception(sentry_value_t event, sentry_value_t exception);

/* Adds a thread to an event, and takes it over. */
SENTRY_EXPERIMENTAL_API void sentry_event_add_thread(sentry_value_t event, sentry_value_t thread);

/*
 * Adds a thread that has nothing but a stack trace. Use `sentry_value_set_stacktrace` and `sentry_event_add_thread`.
 */
SENTRY_DEPRECATED("use sentry_value_set_stacktrace and sentry_event_add_thread")
SENTRY_EXPERIMENTAL_API void sentry_event_value_add_stacktrace(sentry_value_t event, void **ips, size_t len);

/*
 * Walks the calling thread's stack, innermost first, and stores at most `max_len` addresses. Returns their number. `addr`
 * must be NULL; 0 otherwise.
 */
SENTRY_EXPERIMENTAL_API size_t sentry_unwind_stack(void *addr, void **stacktrace_out, size_t max_len);

/*
 * Walks the stack of an interrupted thread, as a signal handler is told of it. The first address is where it stood.
 */
SENTRY_EXPERIMENTAL_API size_t sentry_unwind_stack_from_ucontext(
  const sentry_ucontext_t *uctx, void **stacktrace_out, size_t max_len);

/* ---- Identifiers -------------------------------------------------------------------------------------------------- */

/* The identifier that stands for none: all bytes are zero. */
SENTRY_API sentry_uuid_t sentry_uuid_nil(void);

/* A new random identifier (UUID version 4); nil when the system gives no random bytes. */
SENTRY_API sentry_uuid_t sentry_uuid_new_v4(void);

/* Reads hexadecimal digits and ignores dashes. Missing digits are zero; nil for anything else. */
SENTRY_API sentry_uuid_t sentry_uuid_from_string(const char *str);
SENTRY_API sentry_uuid_t sentry_uuid_from_string_n(const char *str, size_t str_len);

/* The identifier of 16 bytes. */
SENTRY_API sentry_uuid_t sentry_uuid_from_bytes(const char bytes[16]);

/* Whether an identifier is nil. */
SENTRY_API int sentry_uuid_is_nil(const sentry_uuid_t *uuid);

/* Writes 16 bytes. */
SENTRY_API void sentry_uuid_as_bytes(const sentry_uuid_t *uuid, char bytes[16]);

/* Writes 36 characters in lower case and a NUL. */
SENTRY_API void sentry_uuid_as_string(const sentry_uuid_t *uuid, char str[37]);

/* ---- Envelopes ---------------------------------------------------------------------------------------------------- */

/* Frees an envelope; NULL is allowed. */
SENTRY_API void sentry_envelope_free(sentry_envelope_t *envelope);

/* Lends a header; null when there is none. */
SENTRY_API sentry_value_t sentry_envelope_get_header(const sentry_envelope_t *envelope, const char *key);
SENTRY_API sentry_value_t sentry_envelope_get_header_n(
  const sentry_envelope_t *envelope, const char *key, size_t key_len);

/* Lends the event in an envelope; null when there is none. */
SENTRY_API sentry_value_t sentry_envelope_get_event(const sentry_envelope_t *envelope);

/* Lends the transaction in an envelope; null when there is none. */
SENTRY_EXPERIMENTAL_API sentry_value_t sentry_envelope_get_transaction(const sentry_envelope_t *envelope);

/*
 * The bytes of an envelope with a NUL behind them, to be given back with `sentry_free`; their number goes to `size_out`.
 */
SENTRY_API char *sentry_envelope_serialize(const sentry_envelope_t *envelope, size_t *size_out);

/* Writes an envelope to a file, which is replaced. Returns 0, or 1 when that fails. */
SENTRY_API int sentry_envelope_write_to_file(const sentry_envelope_t *envelope, const char *path);
SENTRY_API int sentry_envelope_write_to_file_n(const sentry_envelope_t *envelope, const char *path, size_t path_len);

/* Reads an envelope from bytes; NULL when they are none. */
SENTRY_API sentry_envelope_t *sentry_envelope_deserialize(const char *buf, size_t buf_len);

/* Reads an envelope from a file; NULL when that fails. */
SENTRY_API sentry_envelope_t *sentry_envelope_read_from_file(const char *path);
SENTRY_API sentry_envelope_t *sentry_envelope_read_from_file_n(const char *path, size_t path_len);

/* Sends an envelope as it is, and takes it over. */
SENTRY_API void sentry_capture_envelope(sentry_envelope_t *envelope);

/* ---- Transports --------------------------------------------------------------------------------------------------- */

/*
 * A transport that sends by `send_func`, which takes over each envelope. Its other functions are optional; `state` is
 * passed to all of them.
 */
SENTRY_API sentry_transport_t *sentry_transport_new(void (*send_func)(sentry_envelope_t *envelope, void *state));

/* What the functions of a transport get as `state`. */
SENTRY_API void sentry_transport_set_state(sentry_transport_t *transport, void *state);

/* Called once with the state when the transport is freed. */
SENTRY_API void sentry_transport_set_free_func(sentry_transport_t *transport, void (*free_func)(void *state));

/* Called by `sentry_init`, which fails unless it returns 0. The options are lent. */
SENTRY_API void sentry_transport_set_startup_func(
  sentry_transport_t *transport, int (*startup_func)(const sentry_options_t *options, void *state));

/*
 * Called by `sentry_flush` with a time in milliseconds. Returns 0 when everything is sent, 1 when the time was over.
 */
SENTRY_API void sentry_transport_set_flush_func(
  sentry_transport_t *transport, int (*flush_func)(uint64_t timeout, void *state));

/*
 * Called by `sentry_close` with a time in milliseconds. Returns 0 when everything is sent, 1 when the time was over.
 */
SENTRY_API void sentry_transport_set_shutdown_func(
  sentry_transport_t *transport, int (*shutdown_func)(uint64_t timeout, void *state));

/* Tries again now what could not be sent; only for HTTP transports with `http_retry`. */
SENTRY_EXPERIMENTAL_API void sentry_transport_retry(sentry_transport_t *transport);

/* Frees a transport that was given to no options; NULL is allowed. */
SENTRY_API void sentry_transport_free(sentry_transport_t *transport);

/* A transport whose function borrows each envelope. Use `sentry_transport_new`. */
SENTRY_DEPRECATED("use sentry_transport_new")
SENTRY_API sentry_transport_t *sentry_new_function_transport(
  void (*func)(const sentry_envelope_t *envelope, void *data), void *data);

/* ---- HTTP by the application -------------------------------------------------------------------------------------- */

/*
 * Everything of the built-in transport but the request itself: queue, retries, cache and rate limits stay. Requests and
 * responses live for one call of the send function, on one thread.
 */

/* `POST` or `PATCH`. */
SENTRY_EXPERIMENTAL_API const char *sentry_http_request_get_method(const sentry_http_request_t *req);

/* The whole URL. */
SENTRY_EXPERIMENTAL_API const char *sentry_http_request_get_url(const sentry_http_request_t *req);

/* The number of headers. */
SENTRY_EXPERIMENTAL_API size_t sentry_http_request_get_header_count(const sentry_http_request_t *req);

/* One header; returns 1, or 0 when there is none of that number. */
SENTRY_EXPERIMENTAL_API int sentry_http_request_get_header(
  const sentry_http_request_t *req, size_t index, const char **key_out, const char **value_out);

/* The body and its length; NULL when it is in a file or there is none. */
SENTRY_EXPERIMENTAL_API const char *sentry_http_request_get_body(const sentry_http_request_t *req, size_t *len_out);

/* The file that is the body, and its size; NULL when the body is in memory. */
SENTRY_EXPERIMENTAL_API const char *sentry_http_request_get_body_file_path(
  const sentry_http_request_t *req, size_t *len_out);

/* Stores the status of the answer. */
SENTRY_EXPERIMENTAL_API void sentry_http_response_set_status_code(sentry_http_response_t *resp, int status_code);

/* Stores a header of the answer; only `retry-after`, `x-sentry-rate-limits` and `location` matter. */
SENTRY_EXPERIMENTAL_API void sentry_http_response_set_header(
  sentry_http_response_t *resp, const char *key, const char *value);

/*
 * A transport with a client of the application's own. The factory is called at once. NULL when it or the send function is
 * missing or it gives no client. `client_free_func` may be NULL.
 */
SENTRY_EXPERIMENTAL_API sentry_transport_t *sentry_http_transport_new(
  sentry_http_client_factory_func_t factory, void *factory_data, sentry_http_client_send_func_t send_func, void
  (*client_free_func)(sentry_http_client_t *client));

/* Called by `sentry_init`, which fails unless it returns 0. */
SENTRY_EXPERIMENTAL_API void sentry_http_transport_set_client_start_func(
  sentry_transport_t *transport, int (*start_func)(sentry_http_client_t *client, const sentry_options_t
  *options));

/* Called once when the transport ends, possibly while a request is under way. */
SENTRY_EXPERIMENTAL_API void sentry_http_transport_set_client_shutdown_func(
  sentry_transport_t *transport, void (*shutdown_func)(sentry_http_client_t *client));

/* ---- Options ------------------------------------------------------------------------------------------------------ */

/*
 * Options are for one thread, and belong to the SDK once they were given to `sentry_init`. Texts are copied; NULL removes
 * them. Getters lend texts.
 */

/*
 * New options with defaults, and with what `SENTRY_DSN`, `SENTRY_RELEASE`, `SENTRY_ENVIRONMENT`, `SENTRY_DEBUG`,
 * `SENTRY_SAMPLE_RATE` and `SENTRY_TRACES_SAMPLE_RATE` say now.
 */
SENTRY_API sentry_options_t *sentry_options_new(void);

/* Frees options that were not given to `sentry_init`. */
SENTRY_API void sentry_options_free(sentry_options_t *opts);

/* Takes over the transport; NULL: nothing is sent. */
SENTRY_API void sentry_options_set_transport(sentry_options_t *opts, sentry_transport_t *transport);

/*
 * Called for each event before it is sent, with `hint` NULL. Returns the event, or null to drop it. Also called for a
 * crash unless there is an `on_crash`.
 */
SENTRY_API void sentry_options_set_before_send(sentry_options_t *opts, sentry_event_function_t func, void *user_data);

/* Called in the crashing thread instead of `before_send`. Returns the event, or null to drop the report. */
SENTRY_API void sentry_options_set_on_crash(sentry_options_t *opts, sentry_crash_function_t func, void *data);

/* Called by `sentry_init` for each crash of an earlier run. The envelope is lent. */
SENTRY_API void sentry_options_set_on_crashed_last_run(
  sentry_options_t *opts, sentry_crashed_last_run_function_t func, void *user_data);

/* Where events go, `https://KEY@HOST/PROJECT`. */
SENTRY_API void sentry_options_set_dsn(sentry_options_t *opts, const char *dsn);
SENTRY_API void sentry_options_set_dsn_n(sentry_options_t *opts, const char *dsn, size_t dsn_len);
SENTRY_API const char *sentry_options_get_dsn(const sentry_options_t *opts);

/* The share of events that is sent, 0 to 1. */
SENTRY_API void sentry_options_set_sample_rate(sentry_options_t *opts, double sample_rate);
SENTRY_API double sentry_options_get_sample_rate(const sentry_options_t *opts);

/* The version of the program. Without one there are no sessions. */
SENTRY_API void sentry_options_set_release(sentry_options_t *opts, const char *release);
SENTRY_API void sentry_options_set_release_n(sentry_options_t *opts, const char *release, size_t release_len);
SENTRY_API const char *sentry_options_get_release(const sentry_options_t *opts);

/* Where the program runs; `production` if nothing else is said. */
SENTRY_API void sentry_options_set_environment(sentry_options_t *opts, const char *environment);
SENTRY_API void sentry_options_set_environment_n(
  sentry_options_t *opts, const char *environment, size_t environment_len);
SENTRY_API const char *sentry_options_get_environment(const sentry_options_t *opts);

/* The build of a release. */
SENTRY_API void sentry_options_set_dist(sentry_options_t *opts, const char *dist);
SENTRY_API void sentry_options_set_dist_n(sentry_options_t *opts, const char *dist, size_t dist_len);
SENTRY_API const char *sentry_options_get_dist(const sentry_options_t *opts);

/* A proxy, `SCHEME://[USER[:PASSWORD]@]HOST[:PORT]`. An empty text: none, whatever the environment says. */
SENTRY_API void sentry_options_set_proxy(sentry_options_t *opts, const char *proxy);
SENTRY_API void sentry_options_set_proxy_n(sentry_options_t *opts, const char *proxy, size_t proxy_len);
SENTRY_API const char *sentry_options_get_proxy(const sentry_options_t *opts);

/* Old names of the proxy. */
SENTRY_DEPRECATED("use sentry_options_set_proxy")
SENTRY_API void sentry_options_set_http_proxy(sentry_options_t *opts, const char *proxy);
SENTRY_DEPRECATED("use sentry_options_set_proxy")
SENTRY_API void sentry_options_set_http_proxy_n(sentry_options_t *opts, const char *proxy, size_t proxy_len);
SENTRY_API const char *sentry_options_get_http_proxy(const sentry_options_t *opts);

/* A file with certificates that are trusted. */
SENTRY_API void sentry_options_set_ca_certs(sentry_options_t *opts, const char *path);
SENTRY_API void sentry_options_set_ca_certs_n(sentry_options_t *opts, const char *path, size_t path_len);
SENTRY_API const char *sentry_options_get_ca_certs(const sentry_options_t *opts);

/* The name of the thread that sends. */
SENTRY_API void sentry_options_set_transport_thread_name(sentry_options_t *opts, const char *name);
SENTRY_API void sentry_options_set_transport_thread_name_n(sentry_options_t *opts, const char *name, size_t name_len);
SENTRY_API const char *sentry_options_get_transport_thread_name(const sentry_options_t *opts);

/* The SDK's name in events, and with it the user agent. Returns 0, or 1 for NULL. */
SENTRY_API int sentry_options_set_sdk_name(sentry_options_t *opts, const char *sdk_name);
SENTRY_API int sentry_options_set_sdk_name_n(sentry_options_t *opts, const char *sdk_name, size_t sdk_name_len);
SENTRY_API const char *sentry_options_get_sdk_name(const sentry_options_t *opts);

/* The SDK's name and version, as servers are told. */
SENTRY_API const char *sentry_options_get_user_agent(const sentry_options_t *opts);

/* Whether the SDK tells what it does. */
SENTRY_API void sentry_options_set_debug(sentry_options_t *opts, int debug);
SENTRY_API int sentry_options_get_debug(const sentry_options_t *opts);

/* The lowest level that is told. */
SENTRY_API void sentry_options_set_logger_level(sentry_options_t *opts, sentry_level_t level);

/* How many breadcrumbs are kept; 0 for none. */
SENTRY_API void sentry_options_set_max_breadcrumbs(sentry_options_t *opts, size_t max_breadcrumbs);
SENTRY_API size_t sentry_options_get_max_breadcrumbs(const sentry_options_t *opts);

/*
 * Where the SDK tells what it does, instead of standard error. `message` is a format for `vprintf`. May be called in a
 * signal handler.
 */
SENTRY_API void sentry_options_set_logger(sentry_options_t *opts, sentry_logger_function_t func, void *userdata);

/* Whether the logger is called during a crash. */
SENTRY_API void sentry_options_set_logger_enabled_when_crashed(sentry_options_t *opts, int enabled);

/* Whether `sentry_init` starts a session, which `sentry_close` ends. */
SENTRY_API void sentry_options_set_auto_session_tracking(sentry_options_t *opts, int val);
SENTRY_API int sentry_options_get_auto_session_tracking(const sentry_options_t *opts);

/* Whether nothing is sent before the user has agreed. */
SENTRY_API void sentry_options_set_require_user_consent(sentry_options_t *opts, int val);
SENTRY_API int sentry_options_get_require_user_consent(const sentry_options_t *opts);

/* Whether frames of stack traces get names in this process. */
SENTRY_API void sentry_options_set_symbolize_stacktraces(sentry_options_t *opts, int val);
SENTRY_API int sentry_options_get_symbolize_stacktraces(const sentry_options_t *opts);

/* What is kept in the cache, a `sentry_cache_keep_t`. */
SENTRY_API void sentry_options_set_cache_keep(sentry_options_t *opts, int mode);
SENTRY_API int sentry_options_get_cache_keep(const sentry_options_t *opts);

/* How many envelopes the cache may hold; 0: any number. */
SENTRY_API void sentry_options_set_cache_max_items(sentry_options_t *opts, size_t items);

/* How many bytes the cache may hold; 0: any number. */
SENTRY_API void sentry_options_set_cache_max_size(sentry_options_t *opts, size_t bytes);

/* How many seconds an envelope stays in the cache; 0: forever. */
SENTRY_API void sentry_options_set_cache_max_age(sentry_options_t *opts, time_t seconds);

/* Adds a file that is sent with each event. It is read then, so a log is complete. */
SENTRY_API void sentry_options_add_attachment(sentry_options_t *opts, const char *path);
SENTRY_API void sentry_options_add_attachment_n(sentry_options_t *opts, const char *path, size_t path_len);

/* Adds a file of the type view hierarchy. Use `sentry_attach_file` and `sentry_attachment_set_type`. */
SENTRY_DEPRECATED("use sentry_attach_file and sentry_attachment_set_type")
SENTRY_API void sentry_options_add_view_hierarchy(sentry_options_t *opts, const char *path);
SENTRY_DEPRECATED("use sentry_attach_file and sentry_attachment_set_type")
SENTRY_API void sentry_options_add_view_hierarchy_n(sentry_options_t *opts, const char *path, size_t path_len);

/* Kept without effect on Linux: pictures of windows. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_attach_screenshot(sentry_options_t *opts, int val);
SENTRY_EXPERIMENTAL_API void sentry_options_set_before_screenshot(
  sentry_options_t *opts, sentry_before_screenshot_function_t func, void *user_data);

/* Kept without effect on Linux: recordings of the screen. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_attach_session_replay(sentry_options_t *opts, int val);
SENTRY_EXPERIMENTAL_API void sentry_options_set_session_replay_duration(sentry_options_t *opts, uint32_t duration_ms);

/* The crash handler's executable; without it, `crashpad_handler` beside the program's. */
SENTRY_API void sentry_options_set_handler_path(sentry_options_t *opts, const char *path);
SENTRY_API void sentry_options_set_handler_path_n(sentry_options_t *opts, const char *path, size_t path_len);

/* A program that is started with the envelope of a crash instead of sending it. */
SENTRY_API void sentry_options_set_external_crash_reporter_path(sentry_options_t *opts, const char *path);
SENTRY_API void sentry_options_set_external_crash_reporter_path_n(
  sentry_options_t *opts, const char *path, size_t path_len);

/* The folder of reports and state, `.sentry-native` if nothing else is said. Several processes may share it. */
SENTRY_API void sentry_options_set_database_path(sentry_options_t *opts, const char *path);
SENTRY_API void sentry_options_set_database_path_n(sentry_options_t *opts, const char *path, size_t path_len);

/* Kept without effect on Linux. */
SENTRY_API void sentry_options_set_system_crash_reporter_enabled(sentry_options_t *opts, int enabled);

/* How much memory a minidump holds. Kept, has an effect with handlers that can choose. */
SENTRY_API void sentry_options_set_minidump_mode(sentry_options_t *opts, sentry_minidump_mode_t mode);

/* What a crash report consists of. Kept, has an effect with handlers that can choose. */
SENTRY_API void sentry_options_set_crash_reporting_mode(sentry_options_t *opts, sentry_crash_reporting_mode_t mode);
SENTRY_API sentry_crash_reporting_mode_t sentry_options_get_crash_reporting_mode(const sentry_options_t *opts);

/* Whether a crash lasts until its report was sent. Kept, has an effect with handlers that can choose. */
SENTRY_API void sentry_options_set_crash_upload_mode(sentry_options_t *opts, sentry_crash_upload_mode_t mode);
SENTRY_API sentry_crash_upload_mode_t sentry_options_get_crash_upload_mode(const sentry_options_t *opts);

/* Whether a dying process stays until its report was sent or that failed. */
SENTRY_API void sentry_options_set_crashpad_wait_for_upload(sentry_options_t *opts, int wait_for_upload);

/* Kept without effect on Linux. */
SENTRY_API void sentry_options_set_crashpad_limit_stack_capture_to_sp(sentry_options_t *opts, int enabled);

/* How long `sentry_close` waits for what is to be sent, in milliseconds. */
SENTRY_API void sentry_options_set_shutdown_timeout(sentry_options_t *opts, uint64_t shutdown_timeout);
SENTRY_API uint64_t sentry_options_get_shutdown_timeout(sentry_options_t *opts);

/* How long one request may last in all, in milliseconds; 0: any time. */
SENTRY_API void sentry_options_set_transfer_timeout(sentry_options_t *opts, uint64_t transfer_timeout);
SENTRY_API uint64_t sentry_options_get_transfer_timeout(sentry_options_t *opts);

/* A `SENTRY_BACKEND_`. NULL: crashes are not reported. */
SENTRY_API void sentry_options_set_backend(sentry_options_t *opts, sentry_backend_t *backend);

/* Called for each breadcrumb. Returns it, or null to drop it. */
SENTRY_API void sentry_options_set_before_breadcrumb(
  sentry_options_t *opts, sentry_before_breadcrumb_function_t func, void *data);

/* How many spans a transaction may have. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_max_spans(sentry_options_t *opts, size_t max_spans);
SENTRY_EXPERIMENTAL_API size_t sentry_options_get_max_spans(sentry_options_t *opts);

/* The share of transactions that is sent, 0 to 1. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_traces_sample_rate(sentry_options_t *opts, double sample_rate);
SENTRY_EXPERIMENTAL_API double sentry_options_get_traces_sample_rate(sentry_options_t *opts);

/* Decides on each transaction: returns the probability with which it is sent. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_traces_sampler(
  sentry_options_t *opts, sentry_traces_sampler_function callback, void *user_data);

/* Whether outgoing requests get a W3C `traceparent` too. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_propagate_traceparent(
  sentry_options_t *opts, int propagate_traceparent);
SENTRY_EXPERIMENTAL_API int sentry_options_get_propagate_traceparent(const sentry_options_t *opts);

/* The organisation, instead of what the DSN's host says. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_org_id(sentry_options_t *opts, const char *org_id);
SENTRY_EXPERIMENTAL_API void sentry_options_set_org_id_n(
  sentry_options_t *opts, const char *org_id, size_t org_id_len);

/* Whether traces of unknown organisations are not continued. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_strict_trace_continuation(
  sentry_options_t *opts, int strict_trace_continuation);
SENTRY_EXPERIMENTAL_API int sentry_options_get_strict_trace_continuation(const sentry_options_t *opts);

/* Whether logs are sent; they are if nothing else is said. */
SENTRY_DEPRECATED("logs are on")
SENTRY_EXPERIMENTAL_API void sentry_options_set_enable_logs(sentry_options_t *opts, int enable_logs);
SENTRY_DEPRECATED("logs are on")
SENTRY_EXPERIMENTAL_API int sentry_options_get_enable_logs(const sentry_options_t *opts);

/* Whether what could not be sent is tried again later. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_http_retry(sentry_options_t *opts, int enabled);
SENTRY_EXPERIMENTAL_API int sentry_options_get_http_retry(const sentry_options_t *opts);

/* Whether attachments of 100 MiB and more are sent, in requests of their own. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_enable_large_attachments(
  sentry_options_t *opts, int enable_large_attachments);
SENTRY_EXPERIMENTAL_API int sentry_options_get_enable_large_attachments(const sentry_options_t *opts);

/* Whether the first argument behind the format of `sentry_log_info` and its siblings is an object of attributes. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_logs_with_attributes(
  sentry_options_t *opts, int logs_with_attributes);
SENTRY_EXPERIMENTAL_API int sentry_options_get_logs_with_attributes(const sentry_options_t *opts);

/* Whether the server is told of what was dropped. */
SENTRY_API void sentry_options_set_send_client_reports(sentry_options_t *opts, int val);
SENTRY_API int sentry_options_get_send_client_reports(const sentry_options_t *opts);

/* Called for each log. Returns it, or null to drop it. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_before_send_log(
  sentry_options_t *opts, sentry_before_send_log_function_t func, void *data);

/* Whether metrics are sent; they are if nothing else is said. */
SENTRY_DEPRECATED("metrics are on")
SENTRY_EXPERIMENTAL_API void sentry_options_set_enable_metrics(sentry_options_t *opts, int enable_metrics);
SENTRY_DEPRECATED("metrics are on")
SENTRY_EXPERIMENTAL_API int sentry_options_get_enable_metrics(const sentry_options_t *opts);

/* Whether a thread that stops calling `sentry_app_hang_heartbeat` makes an event. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_enable_app_hang_tracking(sentry_options_t *opts, int enable);
SENTRY_EXPERIMENTAL_API int sentry_options_get_enable_app_hang_tracking(const sentry_options_t *opts);

/* After how many milliseconds; at least 1000. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_app_hang_timeout(sentry_options_t *opts, uint64_t app_hang_timeout);
SENTRY_EXPERIMENTAL_API uint64_t sentry_options_get_app_hang_timeout(const sentry_options_t *opts);

/* Called for each metric. Returns it, or null to drop it. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_before_send_metric(
  sentry_options_t *opts, sentry_before_send_metric_function_t func, void *data);

/*
 * Whether the signal handler that was there before runs first. It does so for faults only. What it mends, by letting the thread
 * go on elsewhere or by making memory accessible, is no crash.
 */
SENTRY_EXPERIMENTAL_API void sentry_options_set_handler_strategy(
  sentry_options_t *opts, sentry_handler_strategy_t handler_strategy);
SENTRY_EXPERIMENTAL_API sentry_handler_strategy_t sentry_options_get_handler_strategy(const sentry_options_t *opts);

/* Called for each transaction. Returns it, or null to drop it. */
SENTRY_EXPERIMENTAL_API void sentry_options_set_before_transaction(
  sentry_options_t *opts, sentry_transaction_function_t func, void *data);

/* Called for each feedback, with a hint that takes attachments. Returns it, or null to drop it. */
SENTRY_API void sentry_options_set_before_send_feedback(
  sentry_options_t *opts, sentry_before_send_feedback_function_t func, void *user_data);

/* ---- Life cycle --------------------------------------------------------------------------------------------------- */

/*
 * Starts the SDK, and takes over the options in any case. Returns 0, or 1 when the database, the transport or the handler
 * cannot be used; nothing is started then. An invalid DSN is no failure, and neither is a system without libcurl or
 * certificates: reports wait in the database then. Closes an instance that runs.
 */
SENTRY_API int sentry_init(sentry_options_t *options);

/* Waits until everything was sent, `timeout` milliseconds at most. Returns 0 when it was. */
SENTRY_API int sentry_flush(uint64_t timeout);

/*
 * Ends the session and the SDK; what could not be sent stays for the next start. Returns how many envelopes these are.
 */
SENTRY_API int sentry_close(void);

/* The old name of `sentry_close`. */
SENTRY_DEPRECATED("use sentry_close")
SENTRY_API int sentry_shutdown(void);

/* The loaded modules as events have them, with a reference of its own. */
SENTRY_EXPERIMENTAL_API sentry_value_t sentry_get_modules_list(void);

/* Forgets the loaded modules; call it after `dlopen` and `dlclose`. */
SENTRY_EXPERIMENTAL_API void sentry_clear_modulecache(void);

/* Stops and starts the crash handler. Returns 0, or 1 when it does not start. */
SENTRY_EXPERIMENTAL_API int sentry_reinstall_backend(void);

/* The user agrees: what waited is sent. */
SENTRY_API void sentry_user_consent_give(void);

/* The user does not agree: nothing is sent. */
SENTRY_API void sentry_user_consent_revoke(void);

/* The user's decision is forgotten. */
SENTRY_API void sentry_user_consent_reset(void);

/* The user's decision. */
SENTRY_API sentry_user_consent_t sentry_user_consent_get(void);

/* The option `require_user_consent`. */
SENTRY_API int sentry_user_consent_is_required(void);

/* 1 when the last run crashed, 0 when it did not, -1 before the start. */
SENTRY_EXPERIMENTAL_API int sentry_get_crashed_last_run(void);

/* Makes the next start say that the last run did not crash. Returns 0, or 1 when that fails. */
SENTRY_EXPERIMENTAL_API int sentry_clear_crashed_last_run(void);

/* The library's version. */
SENTRY_EXPERIMENTAL_API const char *sentry_sdk_version(void);

/* The library's name when it was built. See `sentry_options_get_sdk_name`. */
SENTRY_DEPRECATED("use sentry_options_get_sdk_name")
SENTRY_EXPERIMENTAL_API const char *sentry_sdk_name(void);

/* Name and version when the library was built. See `sentry_options_get_user_agent`. */
SENTRY_DEPRECATED("use sentry_options_get_user_agent")
SENTRY_EXPERIMENTAL_API const char *sentry_sdk_user_agent(void);

/* Reports a crash signal that the application has caught. May be called in a signal handler. */
SENTRY_EXPERIMENTAL_API void sentry_handle_exception(const sentry_ucontext_t *uctx);

/* The calling thread is alive. The first caller's thread is the one that is watched. */
SENTRY_EXPERIMENTAL_API void sentry_app_hang_heartbeat(void);

/* The watched thread may be silent until its next heartbeat. */
SENTRY_EXPERIMENTAL_API void sentry_app_hang_pause(void);

/* ---- Scope -------------------------------------------------------------------------------------------------------- */

/*
 * What is set here goes into everything that is captured, and into crash reports. Functions with `scope` in their name work
 * on a scope of the application's own, which one thread may use at a time. They ignore NULL.
 */

/* A scope for one capture, which frees it. */
SENTRY_API sentry_scope_t *sentry_local_scope_new(void);

/* A scope for any number of captures, to be freed with `sentry_scope_free`. */
SENTRY_API sentry_scope_t *sentry_scope_new(void);

/* Frees a scope; NULL is allowed. Not for scopes of `sentry_local_scope_new` that were captured with. */
SENTRY_API void sentry_scope_free(sentry_scope_t *scope);

/* A copy of a scope, to be freed with `sentry_scope_free`. */
SENTRY_API sentry_scope_t *sentry_scope_clone(const sentry_scope_t *scope);

/* Empties a scope. */
SENTRY_API void sentry_scope_clear(sentry_scope_t *scope);

/* The event that was captured last; nil when there is none. */
SENTRY_API sentry_uuid_t sentry_get_last_event_id(void);

/* The event that was captured last with a scope; nil when there is none. */
SENTRY_API sentry_uuid_t sentry_scope_get_last_event_id(const sentry_scope_t *scope);

/* Sets the user, an object like that of `sentry_value_new_user`. */
SENTRY_API void sentry_set_user(sentry_value_t user);
SENTRY_API void sentry_scope_set_user(sentry_scope_t *scope, sentry_value_t user);

/* Removes the user. */
SENTRY_API void sentry_remove_user(void);

/* Replaces the release of the options. */
SENTRY_API void sentry_set_release(const char *release);
SENTRY_API void sentry_set_release_n(const char *release, size_t release_len);

/* Replaces the environment of the options. */
SENTRY_API void sentry_set_environment(const char *environment);
SENTRY_API void sentry_set_environment_n(const char *environment, size_t environment_len);

/* Sets a tag. */
SENTRY_API void sentry_set_tag(const char *key, const char *value);
SENTRY_API void sentry_set_tag_n(const char *key, size_t key_len, const char *value, size_t value_len);
SENTRY_API void sentry_scope_set_tag(sentry_scope_t *scope, const char *key, const char *value);
SENTRY_API void sentry_scope_set_tag_n(
  sentry_scope_t *scope, const char *key, size_t key_len, const char *value, size_t value_len);

/* Sets the texts of an object as tags. */
SENTRY_API void sentry_set_tags(sentry_value_t tags);
SENTRY_API void sentry_scope_set_tags(sentry_scope_t *scope, sentry_value_t tags);

/* Removes a tag. */
SENTRY_API void sentry_remove_tag(const char *key);
SENTRY_API void sentry_remove_tag_n(const char *key, size_t key_len);

/* Sets a member of `extra`. */
SENTRY_API void sentry_set_extra(const char *key, sentry_value_t value);
SENTRY_API void sentry_set_extra_n(const char *key, size_t key_len, sentry_value_t value);
SENTRY_API void sentry_scope_set_extra(sentry_scope_t *scope, const char *key, sentry_value_t value);
SENTRY_API void sentry_scope_set_extra_n(
  sentry_scope_t *scope, const char *key, size_t key_len, sentry_value_t value);

/* Removes a member of `extra`. */
SENTRY_API void sentry_remove_extra(const char *key);
SENTRY_API void sentry_remove_extra_n(const char *key, size_t key_len);

/* Sets an attribute of all logs and metrics, see `sentry_value_new_attribute`. */
SENTRY_API void sentry_set_attribute(const char *key, sentry_value_t attribute);
SENTRY_API void sentry_set_attribute_n(const char *key, size_t key_len, sentry_value_t attribute);
SENTRY_API void sentry_scope_set_attribute(sentry_scope_t *scope, const char *key, sentry_value_t attribute);
SENTRY_API void sentry_scope_set_attribute_n(
  sentry_scope_t *scope, const char *key, size_t key_len, sentry_value_t attribute);

/* Removes an attribute. */
SENTRY_API void sentry_remove_attribute(const char *key);
SENTRY_API void sentry_remove_attribute_n(const char *key, size_t key_len);
SENTRY_API void sentry_scope_remove_attribute(sentry_scope_t *scope, const char *key);
SENTRY_API void sentry_scope_remove_attribute_n(sentry_scope_t *scope, const char *key, size_t key_len);

/* Sets a context. */
SENTRY_API void sentry_set_context(const char *key, sentry_value_t value);
SENTRY_API void sentry_set_context_n(const char *key, size_t key_len, sentry_value_t value);
SENTRY_API void sentry_scope_set_context(sentry_scope_t *scope, const char *key, sentry_value_t value);
SENTRY_API void sentry_scope_set_context_n(
  sentry_scope_t *scope, const char *key, size_t key_len, sentry_value_t value);

/* Adds to a context; objects in it are merged, new values win. */
SENTRY_API void sentry_update_context(const char *key, sentry_value_t value);
SENTRY_API void sentry_update_context_n(const char *key, size_t key_len, sentry_value_t value);
SENTRY_API void sentry_scope_update_context(sentry_scope_t *scope, const char *key, sentry_value_t value);
SENTRY_API void sentry_scope_update_context_n(
  sentry_scope_t *scope, const char *key, size_t key_len, sentry_value_t value);

/* Removes a context. */
SENTRY_API void sentry_remove_context(const char *key);
SENTRY_API void sentry_remove_context_n(const char *key, size_t key_len);

/* Sets what events are grouped by. With lengths, each text is followed by its length. NULL ends the list. */
SENTRY_API void sentry_set_fingerprint(const char *fingerprint, ...);
SENTRY_API void sentry_set_fingerprint_n(const char *fingerprint, size_t fingerprint_len, ...);
SENTRY_API void sentry_scope_set_fingerprint(sentry_scope_t *scope, const char *fingerprint, ...);
SENTRY_API void sentry_scope_set_fingerprint_n(
  sentry_scope_t *scope, const char *fingerprint, size_t fingerprint_len, ...);

/* Sets what events are grouped by, from a list. */
SENTRY_API void sentry_scope_set_fingerprints(sentry_scope_t *scope, sentry_value_t fingerprints);

/* Events are grouped by the server again. */
SENTRY_API void sentry_remove_fingerprint(void);
SENTRY_API void sentry_scope_remove_fingerprint(sentry_scope_t *scope);

/* Continues a trace that began elsewhere. */
SENTRY_API void sentry_set_trace(const char *trace_id, const char *parent_span_id);
SENTRY_API void sentry_set_trace_n(
  const char *trace_id, size_t trace_id_len, const char *parent_span_id, size_t parent_span_id_len);

/* Begins a new trace. */
SENTRY_EXPERIMENTAL_API void sentry_regenerate_trace(void);

/* Names what the program is doing; also renames the transaction of the scope. */
SENTRY_API void sentry_set_transaction(const char *transaction);
SENTRY_API void sentry_set_transaction_n(const char *transaction, size_t transaction_len);

/* The level of events that have none. */
SENTRY_API void sentry_set_level(sentry_level_t level);
SENTRY_API void sentry_scope_set_level(sentry_scope_t *scope, sentry_level_t level);

/* Adds a breadcrumb, and takes it over. */
SENTRY_API void sentry_add_breadcrumb(sentry_value_t breadcrumb);
SENTRY_API void sentry_scope_add_breadcrumb(sentry_scope_t *scope, sentry_value_t breadcrumb);

/* ---- Capturing ---------------------------------------------------------------------------------------------------- */

/*
 * Captures return the identifier of what will be sent, or nil when nothing will be. They do not wait for the network.
 */

/* Captures an event, and takes it over. A transaction is refused and stays the caller's. */
SENTRY_API sentry_uuid_t sentry_capture_event(sentry_value_t event);

/*
 * Captures an event with a scope beside the global one. Both are taken over, but for scopes of `sentry_scope_new`.
 */
SENTRY_API sentry_uuid_t sentry_scope_capture_event(sentry_scope_t *scope, sentry_value_t event);

/* The old name of `sentry_scope_capture_event`. */
SENTRY_DEPRECATED("use sentry_scope_capture_event")
SENTRY_API sentry_uuid_t sentry_capture_event_with_scope(sentry_value_t event, sentry_scope_t *scope);

/* Captures a minidump; nil when the file cannot be read. */
SENTRY_API sentry_uuid_t sentry_capture_minidump(const char *path);
SENTRY_API sentry_uuid_t sentry_capture_minidump_n(const char *path, size_t path_len);

/* Starts a session, and ends the one that runs. */
SENTRY_API void sentry_start_session(void);

/* Ends the session normally. */
SENTRY_API void sentry_end_session(void);

/* Ends the session with a status. */
SENTRY_EXPERIMENTAL_API void sentry_end_session_with_status(sentry_session_status_t status);

/* A feedback of a user. Everything but the message may be NULL. */
SENTRY_API sentry_value_t sentry_value_new_feedback(
  const char *message, const char *contact_email, const char *name, const sentry_uuid_t *associated_event_id);
SENTRY_API sentry_value_t sentry_value_new_feedback_n(
  const char *message, size_t message_len, const char *contact_email, size_t contact_email_len, const char *name,
  size_t name_len, const sentry_uuid_t *associated_event_id);

/* Captures a feedback, and takes it over. */
SENTRY_API void sentry_capture_feedback(sentry_value_t user_feedback);

/* Captures a feedback with attachments, and takes both over. */
SENTRY_API void sentry_capture_feedback_with_hint(sentry_value_t user_feedback, sentry_hint_t *hint);

/* Captures a feedback with a scope beside the global one. */
SENTRY_API sentry_uuid_t sentry_scope_capture_feedback(
  sentry_scope_t *scope, sentry_value_t user_feedback, sentry_hint_t *hint);

/* Attachments for one capture. */
SENTRY_API sentry_hint_t *sentry_hint_new(void);

/* Adds a file to a hint. */
SENTRY_API sentry_attachment_t *sentry_hint_attach_file(sentry_hint_t *hint, const char *path);
SENTRY_API sentry_attachment_t *sentry_hint_attach_file_n(sentry_hint_t *hint, const char *path, size_t path_len);

/* Adds a copy of bytes to a hint. */
SENTRY_API sentry_attachment_t *sentry_hint_attach_bytes(
  sentry_hint_t *hint, const char *buf, size_t buf_len, const char *filename);
SENTRY_API sentry_attachment_t *sentry_hint_attach_bytes_n(
  sentry_hint_t *hint, const char *buf, size_t buf_len, const char *filename, size_t filename_len);

/* A report of a user on an event. Use `sentry_value_new_feedback`. */
SENTRY_DEPRECATED("use sentry_value_new_feedback")
SENTRY_API sentry_value_t sentry_value_new_user_feedback(
  const sentry_uuid_t *uuid, const char *name, const char *email, const char *comments);
SENTRY_DEPRECATED("use sentry_value_new_feedback")
SENTRY_API sentry_value_t sentry_value_new_user_feedback_n(
  const sentry_uuid_t *uuid, const char *name, size_t name_len, const char *email, size_t email_len, const char
  *comments, size_t comments_len);

/* Captures a report of a user. Use `sentry_capture_feedback`. */
SENTRY_DEPRECATED("use sentry_capture_feedback")
SENTRY_API void sentry_capture_user_feedback(sentry_value_t user_report);

/* ---- Attachments -------------------------------------------------------------------------------------------------- */

/* Attachments belong to their scope, and live until they are removed. More than 1 GiB is refused. */

/* Adds a file, which is read when something is captured. The same file is added once. NULL for an empty path. */
SENTRY_API sentry_attachment_t *sentry_attach_file(const char *path);
SENTRY_API sentry_attachment_t *sentry_attach_file_n(const char *path, size_t path_len);
SENTRY_API sentry_attachment_t *sentry_scope_attach_file(sentry_scope_t *scope, const char *path);
SENTRY_API sentry_attachment_t *sentry_scope_attach_file_n(sentry_scope_t *scope, const char *path, size_t path_len);

/* Adds a copy of bytes under a file name. */
SENTRY_API sentry_attachment_t *sentry_attach_bytes(const char *buf, size_t buf_len, const char *filename);
SENTRY_API sentry_attachment_t *sentry_attach_bytes_n(
  const char *buf, size_t buf_len, const char *filename, size_t filename_len);
SENTRY_API sentry_attachment_t *sentry_scope_attach_bytes(
  sentry_scope_t *scope, const char *buf, size_t buf_len, const char *filename);
SENTRY_API sentry_attachment_t *sentry_scope_attach_bytes_n(
  sentry_scope_t *scope, const char *buf, size_t buf_len, const char *filename, size_t filename_len);

/* Removes all attachments of the global scope. */
SENTRY_API void sentry_clear_attachments(void);

/* Removes one attachment of the global scope. */
SENTRY_API void sentry_remove_attachment(sentry_attachment_t *attachment);

/* The type, one of `SENTRY_ATTACHMENT_TYPE_GENERIC` and its siblings; NULL removes it. */
SENTRY_API void sentry_attachment_set_type(sentry_attachment_t *attachment, const char *type);
SENTRY_API void sentry_attachment_set_type_n(sentry_attachment_t *attachment, const char *type, size_t type_len);

/* The MIME type; NULL removes it. */
SENTRY_API void sentry_attachment_set_content_type(sentry_attachment_t *attachment, const char *content_type);
SENTRY_API void sentry_attachment_set_content_type_n(
  sentry_attachment_t *attachment, const char *content_type, size_t content_type_len);

/* The file name that the server is told. */
SENTRY_API void sentry_attachment_set_filename(sentry_attachment_t *attachment, const char *filename);
SENTRY_API void sentry_attachment_set_filename_n(
  sentry_attachment_t *attachment, const char *filename, size_t filename_len);

/* ---- Tracing ------------------------------------------------------------------------------------------------------ */

/*
 * Transactions and spans are counted references: `start` gives one, `finish` and `discard` take it back. NULL is ignored
 * everywhere. Times are microseconds since 1970.
 */

/* What a transaction will be. */
SENTRY_EXPERIMENTAL_API sentry_transaction_context_t *sentry_transaction_context_new(
  const char *name, const char *operation);
SENTRY_EXPERIMENTAL_API sentry_transaction_context_t *sentry_transaction_context_new_n(
  const char *name, size_t name_len, const char *operation, size_t operation_len);

/* Renames it. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_set_name(
  sentry_transaction_context_t *tx_ctx, const char *name);
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_set_name_n(
  sentry_transaction_context_t *tx_ctx, const char *name, size_t name_len);

/* Lends its name. */
SENTRY_EXPERIMENTAL_API const char *sentry_transaction_context_get_name(const sentry_transaction_context_t *tx_ctx);

/* Sets its operation. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_set_operation(
  sentry_transaction_context_t *tx_ctx, const char *operation);
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_set_operation_n(
  sentry_transaction_context_t *tx_ctx, const char *operation, size_t operation_len);

/* Lends its operation. */
SENTRY_EXPERIMENTAL_API const char *sentry_transaction_context_get_operation(
  const sentry_transaction_context_t *tx_ctx);

/* Decides that it is sent, or not. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_set_sampled(
  sentry_transaction_context_t *tx_ctx, int sampled);

/* Takes the decision back. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_remove_sampled(sentry_transaction_context_t *tx_ctx);

/* Continues the trace of a request: knows the headers `sentry-trace` and `baggage`. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_update_from_header(
  sentry_transaction_context_t *tx_ctx, const char *key, const char *value);
SENTRY_EXPERIMENTAL_API void sentry_transaction_context_update_from_header_n(
  sentry_transaction_context_t *tx_ctx, const char *key, size_t key_len, const char *value, size_t value_len);

/* Starts a transaction, and takes over the context and the value, which the sampler sees. */
SENTRY_EXPERIMENTAL_API sentry_transaction_t *sentry_transaction_start(
  sentry_transaction_context_t *tx_ctx, sentry_value_t custom_sampling_ctx);
SENTRY_EXPERIMENTAL_API sentry_transaction_t *sentry_transaction_start_ts(
  sentry_transaction_context_t *tx_ctx, sentry_value_t custom_sampling_ctx, uint64_t timestamp);

/* Ends and sends a transaction. Returns its event's identifier; nil when it is not sent. */
SENTRY_EXPERIMENTAL_API sentry_uuid_t sentry_transaction_finish(sentry_transaction_t *tx);
SENTRY_EXPERIMENTAL_API sentry_uuid_t sentry_transaction_finish_ts(sentry_transaction_t *tx, uint64_t timestamp);

/* Ends a transaction without sending it. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_discard(sentry_transaction_t *tx);

/* Makes it the scope's: events and logs belong to it. */
SENTRY_EXPERIMENTAL_API void sentry_set_transaction_object(sentry_transaction_t *tx);
SENTRY_EXPERIMENTAL_API void sentry_scope_set_transaction_object(sentry_scope_t *scope, sentry_transaction_t *tx);

/* Makes a span the scope's: events and logs belong to it. */
SENTRY_EXPERIMENTAL_API void sentry_set_span(sentry_span_t *span);
SENTRY_EXPERIMENTAL_API void sentry_scope_set_span(sentry_scope_t *scope, sentry_span_t *span);

/* Starts a span in a transaction; NULL when that has ended or has too many. */
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_transaction_start_child(
  sentry_transaction_t *parent, const char *operation, const char *description);
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_transaction_start_child_n(
  sentry_transaction_t *parent, const char *operation, size_t operation_len, const char *description, size_t
  description_len);
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_transaction_start_child_ts(
  sentry_transaction_t *parent, const char *operation, const char *description, uint64_t timestamp);
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_transaction_start_child_ts_n(
  sentry_transaction_t *parent, const char *operation, size_t operation_len, const char *description, size_t
  description_len, uint64_t timestamp);

/* Starts a span in a span; NULL when the transaction has ended or has too many. */
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_span_start_child(
  sentry_span_t *parent, const char *operation, const char *description);
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_span_start_child_n(
  sentry_span_t *parent, const char *operation, size_t operation_len, const char *description, size_t
  description_len);
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_span_start_child_ts(
  sentry_span_t *parent, const char *operation, const char *description, uint64_t timestamp);
SENTRY_EXPERIMENTAL_API sentry_span_t *sentry_span_start_child_ts_n(
  sentry_span_t *parent, const char *operation, size_t operation_len, const char *description, size_t
  description_len, uint64_t timestamp);

/* Ends a span. */
SENTRY_EXPERIMENTAL_API void sentry_span_finish(sentry_span_t *span);
SENTRY_EXPERIMENTAL_API void sentry_span_finish_ts(sentry_span_t *span, uint64_t timestamp);

/* Ends a span, which is forgotten. */
SENTRY_EXPERIMENTAL_API void sentry_span_discard(sentry_span_t *span);

/* Sets a tag; at most 200 bytes of its value are kept. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_set_tag(
  sentry_transaction_t *transaction, const char *tag, const char *value);
SENTRY_EXPERIMENTAL_API void sentry_transaction_set_tag_n(
  sentry_transaction_t *transaction, const char *tag, size_t tag_len, const char *value, size_t value_len);
SENTRY_EXPERIMENTAL_API void sentry_span_set_tag(sentry_span_t *span, const char *tag, const char *value);
SENTRY_EXPERIMENTAL_API void sentry_span_set_tag_n(
  sentry_span_t *span, const char *tag, size_t tag_len, const char *value, size_t value_len);

/* Removes a tag. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_remove_tag(sentry_transaction_t *transaction, const char *tag);
SENTRY_EXPERIMENTAL_API void sentry_transaction_remove_tag_n(
  sentry_transaction_t *transaction, const char *tag, size_t tag_len);
SENTRY_EXPERIMENTAL_API void sentry_span_remove_tag(sentry_span_t *span, const char *tag);
SENTRY_EXPERIMENTAL_API void sentry_span_remove_tag_n(sentry_span_t *span, const char *tag, size_t tag_len);

/* Sets a member of `data`. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_set_data(
  sentry_transaction_t *transaction, const char *key, sentry_value_t value);
SENTRY_EXPERIMENTAL_API void sentry_transaction_set_data_n(
  sentry_transaction_t *transaction, const char *key, size_t key_len, sentry_value_t value);
SENTRY_EXPERIMENTAL_API void sentry_span_set_data(sentry_span_t *span, const char *key, sentry_value_t value);
SENTRY_EXPERIMENTAL_API void sentry_span_set_data_n(
  sentry_span_t *span, const char *key, size_t key_len, sentry_value_t value);

/* Removes a member of `data`. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_remove_data(sentry_transaction_t *transaction, const char *key);
SENTRY_EXPERIMENTAL_API void sentry_transaction_remove_data_n(
  sentry_transaction_t *transaction, const char *key, size_t key_len);
SENTRY_EXPERIMENTAL_API void sentry_span_remove_data(sentry_span_t *span, const char *key);
SENTRY_EXPERIMENTAL_API void sentry_span_remove_data_n(sentry_span_t *span, const char *key, size_t key_len);

/* Renames a transaction. */
SENTRY_EXPERIMENTAL_API void sentry_transaction_set_name(sentry_transaction_t *transaction, const char *name);
SENTRY_EXPERIMENTAL_API void sentry_transaction_set_name_n(
  sentry_transaction_t *transaction, const char *name, size_t name_len);

/* Sets how it went. */
SENTRY_EXPERIMENTAL_API void sentry_span_set_status(sentry_span_t *span, sentry_span_status_t status);
SENTRY_EXPERIMENTAL_API void sentry_transaction_set_status(sentry_transaction_t *tx, sentry_span_status_t status);

/* Calls back with each header that lets another service continue the trace. */
SENTRY_EXPERIMENTAL_API void sentry_span_iter_headers(
  sentry_span_t *span, sentry_iter_headers_function_t callback, void *userdata);
SENTRY_EXPERIMENTAL_API void sentry_transaction_iter_headers(
  sentry_transaction_t *tx, sentry_iter_headers_function_t callback, void *userdata);

/* ---- Logs --------------------------------------------------------------------------------------------------------- */

/*
 * Logs like `printf`. Each argument becomes an attribute. If the option `logs_with_attributes` is on, the first argument is
 * an object of attributes, which is taken over.
 */
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_log_trace(const char *message, ...);
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_log_debug(const char *message, ...);
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_log_info(const char *message, ...);
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_log_warn(const char *message, ...);
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_log_error(const char *message, ...);
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_log_fatal(const char *message, ...);

/* Logs a text as it is, and takes over the object of attributes, which may be null. */
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_log(
  sentry_level_t level, const char *body, sentry_value_t attributes);

/* Logs with a scope beside the global one. */
SENTRY_EXPERIMENTAL_API log_return_value_t sentry_scope_capture_log(
  sentry_scope_t *scope, sentry_level_t level, const char *body, sentry_value_t attributes);

/* ---- Metrics ------------------------------------------------------------------------------------------------------ */

/* Counts something. Attributes are an object, which is taken over, or null. */
SENTRY_EXPERIMENTAL_API sentry_metrics_result_t sentry_metrics_count(
  const char *name, int64_t value, sentry_value_t attributes);

/* A value that goes up and down. `unit` may be NULL. */
SENTRY_EXPERIMENTAL_API sentry_metrics_result_t sentry_metrics_gauge(
  const char *name, double value, const char *unit, sentry_value_t attributes);

/* One value of many. `unit` may be NULL. */
SENTRY_EXPERIMENTAL_API sentry_metrics_result_t sentry_metrics_distribution(
  const char *name, double value, const char *unit, sentry_value_t attributes);

/* A metric of any type with a scope beside the global one. */
SENTRY_EXPERIMENTAL_API sentry_metrics_result_t sentry_scope_capture_metric(
  sentry_scope_t *scope, sentry_metric_type_t type, const char *name, sentry_value_t value, const char *unit,
  sentry_value_t attributes);

#ifdef __cplusplus
}
#endif
#endif
