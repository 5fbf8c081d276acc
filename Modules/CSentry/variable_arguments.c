// Provides the functions with a variable list of arguments, which Swift cannot define.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "csentry.h"

// ---- Fingerprints ----------------------------------------------------------------------------------------------------

static void set_fingerprint(sentry_scope_t *scope, const char *text, va_list *arguments) {
  sentry_value_t list = sentry_value_new_list();
  for (; text; text = va_arg(*arguments, const char *)) sentry_value_append(list, sentry_value_new_string(text));
  csentry_set_fingerprint(scope, list);
}

static void set_fingerprint_n(sentry_scope_t *scope, const char *text, size_t length, va_list *arguments) {
  sentry_value_t list = sentry_value_new_list();
  while (text) {
    sentry_value_append(list, sentry_value_new_string_n(text, length));
    text = va_arg(*arguments, const char *);
    if (text) length = va_arg(*arguments, size_t);
  }
  csentry_set_fingerprint(scope, list);
}

void sentry_set_fingerprint(const char *fingerprint, ...) {
  va_list arguments;
  va_start(arguments, fingerprint);
  set_fingerprint(NULL, fingerprint, &arguments);
  va_end(arguments);
}

void sentry_set_fingerprint_n(const char *fingerprint, size_t fingerprint_len, ...) {
  va_list arguments;
  va_start(arguments, fingerprint_len);
  set_fingerprint_n(NULL, fingerprint, fingerprint_len, &arguments);
  va_end(arguments);
}

void sentry_scope_set_fingerprint(sentry_scope_t *scope, const char *fingerprint, ...) {
  if (!scope) return;
  va_list arguments;
  va_start(arguments, fingerprint);
  set_fingerprint(scope, fingerprint, &arguments);
  va_end(arguments);
}

void sentry_scope_set_fingerprint_n(
    sentry_scope_t *scope, const char *fingerprint, size_t fingerprint_len, ...) {
  if (!scope) return;
  va_list arguments;
  va_start(arguments, fingerprint_len);
  set_fingerprint_n(scope, fingerprint, fingerprint_len, &arguments);
  va_end(arguments);
}

// ---- Logs ------------------------------------------------------------------------------------------------------------

enum length_modifier { plain, hh, h, l, ll, j, z, t, big };

static const char *skip_modifier(const char *format, enum length_modifier *modifier) {
  *modifier = plain;
  switch (*format) {
    case 'h': *modifier = format[1] == 'h' ? hh : h; return format + (format[1] == 'h' ? 2 : 1);
    case 'l': *modifier = format[1] == 'l' ? ll : l; return format + (format[1] == 'l' ? 2 : 1);
    case 'q': *modifier = ll; return format + 1;
    case 'j': *modifier = j; return format + 1;
    case 'z': *modifier = z; return format + 1;
    case 't': *modifier = t; return format + 1;
    case 'L': *modifier = big; return format + 1;
    default: return format;
  }
}

static int64_t signed_argument(va_list *arguments, enum length_modifier modifier) {
  switch (modifier) {
    case hh: return (signed char)va_arg(*arguments, int);
    case h: return (short)va_arg(*arguments, int);
    case l: return va_arg(*arguments, long);
    case ll: return va_arg(*arguments, long long);
    case j: return va_arg(*arguments, intmax_t);
    case z: return (int64_t)va_arg(*arguments, size_t);
    case t: return va_arg(*arguments, ptrdiff_t);
    default: return va_arg(*arguments, int);
  }
}

static uint64_t unsigned_argument(va_list *arguments, enum length_modifier modifier) {
  switch (modifier) {
    case hh: return (unsigned char)va_arg(*arguments, unsigned int);
    case h: return (unsigned short)va_arg(*arguments, unsigned int);
    case l: return va_arg(*arguments, unsigned long);
    case ll: return va_arg(*arguments, unsigned long long);
    case j: return va_arg(*arguments, uintmax_t);
    case z: return va_arg(*arguments, size_t);
    case t: return (uint64_t)va_arg(*arguments, ptrdiff_t);
    default: return va_arg(*arguments, unsigned int);
  }
}

static sentry_value_t integer_parameter(int64_t number) {
  if (number >= INT32_MIN && number <= INT32_MAX) return sentry_value_new_int32((int32_t)number);
  return sentry_value_new_int64(number);
}

// The arguments of a format, each as an attribute named by its number.
static sentry_value_t parameters(const char *format, va_list *arguments) {
  sentry_value_t object = sentry_value_new_null();
  int number = 0;
  while ((format = strchr(format, '%'))) {
    format++;
    if (*format == '%') {
      format++;
      continue;
    }
    while (*format && strchr("-+ #0'", *format)) format++;
    if (*format == '*') {
      (void)va_arg(*arguments, int);
      format++;
    } else {
      while (*format >= '0' && *format <= '9') format++;
    }
    if (*format == '.') {
      format++;
      if (*format == '*') {
        (void)va_arg(*arguments, int);
        format++;
      } else {
        while (*format >= '0' && *format <= '9') format++;
      }
    }
    enum length_modifier modifier;
    format = skip_modifier(format, &modifier);
    if (!*format) break;
    char text[64];
    sentry_value_t value;
    switch (*format) {
      case 'd':
      case 'i': value = integer_parameter(signed_argument(arguments, modifier)); break;
      case 'u':
      case 'x':
      case 'X':
      case 'o': {
        uint64_t bits = unsigned_argument(arguments, modifier);
        const char *form = *format == 'u' ? "%llu" : *format == 'x' ? "%llx" : *format == 'X' ? "%llX" : "%llo";
        snprintf(text, sizeof text, form, (unsigned long long)bits);
        value = sentry_value_new_string(text);
        break;
      }
      case 'f':
      case 'F':
      case 'e':
      case 'E':
      case 'g':
      case 'G':
      case 'a':
      case 'A':
        value = sentry_value_new_double(
            modifier == big ? (double)va_arg(*arguments, long double) : va_arg(*arguments, double));
        break;
      case 'c':
        text[0] = (char)va_arg(*arguments, int);
        value = sentry_value_new_string_n(text, 1);
        break;
      case 's':
        if (modifier == l) {
          // A text of wide characters: the bytes that printf would write.
          const wchar_t *wide = va_arg(*arguments, const wchar_t *);
          char narrow[1024];
          int written = wide ? snprintf(narrow, sizeof narrow, "%ls", wide) : -1;
          value = sentry_value_new_string(wide ? (written < 0 ? "(unknown)" : narrow) : "(null)");
        } else {
          const char *argument = va_arg(*arguments, const char *);
          value = sentry_value_new_string(argument ? argument : "(null)");
        }
        break;
      case 'p':
        snprintf(text, sizeof text, "%p", va_arg(*arguments, void *));
        value = sentry_value_new_string(text);
        break;
      default:
        (void)va_arg(*arguments, void *);
        value = sentry_value_new_string("(unknown)");
        break;
    }
    format++;
    if (sentry_value_is_null(object)) object = sentry_value_new_object();
    snprintf(text, sizeof text, "sentry.message.parameter.%d", number++);
    sentry_value_set_by_key(object, text, sentry_value_new_attribute(value, NULL));
  }
  return object;
}

static log_return_value_t log_formatted(sentry_level_t level, const char *format, va_list *arguments) {
  sentry_value_t attributes = sentry_value_new_null();
  if (csentry_logs_have_attributes()) attributes = va_arg(*arguments, sentry_value_t);
  if (!format || !csentry_logs_are_enabled()) {
    sentry_value_decref(attributes);
    return SENTRY_LOG_RETURN_DISABLED;
  }
  va_list copy;
  va_copy(copy, *arguments);
  char short_text[512];
  char *text = short_text;
  int length = vsnprintf(short_text, sizeof short_text, format, copy);
  va_end(copy);
  if (length >= (int)sizeof short_text) {
    text = sentry_malloc((size_t)length + 1);
    if (!text) {
      sentry_value_decref(attributes);
      return SENTRY_LOG_RETURN_FAILED;
    }
    va_copy(copy, *arguments);
    vsnprintf(text, (size_t)length + 1, format, copy);
    va_end(copy);
  }
  if (length < 0) {
    // A format that printf refuses is the text.
    length = snprintf(short_text, sizeof short_text, "%s", format);
    if (length >= (int)sizeof short_text) length = (int)sizeof short_text - 1;
  }
  va_copy(copy, *arguments);
  sentry_value_t values = parameters(format, &copy);
  va_end(copy);
  log_return_value_t result =
      (log_return_value_t)csentry_log_formatted(level, text, (uint64_t)length, format, values, attributes);
  if (text != short_text) sentry_free(text);
  return result;
}

#define DEFINE_LOG(name, level)                         \
  log_return_value_t name(const char *message, ...) {   \
    va_list arguments;                                  \
    va_start(arguments, message);                       \
    log_return_value_t result = log_formatted(level, message, &arguments); \
    va_end(arguments);                                  \
    return result;                                      \
  }

DEFINE_LOG(sentry_log_trace, SENTRY_LEVEL_TRACE)
DEFINE_LOG(sentry_log_debug, SENTRY_LEVEL_DEBUG)
DEFINE_LOG(sentry_log_info, SENTRY_LEVEL_INFO)
DEFINE_LOG(sentry_log_warn, SENTRY_LEVEL_WARNING)
DEFINE_LOG(sentry_log_error, SENTRY_LEVEL_ERROR)
DEFINE_LOG(sentry_log_fatal, SENTRY_LEVEL_FATAL)

// ---- The logger ------------------------------------------------------------------------------------------------------

void csentry_call_logger(void *function, int level, void *user_data, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  ((sentry_logger_function_t)function)((sentry_level_t)level, format, arguments, user_data);
  va_end(arguments);
}

void sentry_options_set_logger(sentry_options_t *opts, sentry_logger_function_t func, void *userdata) {
  csentry_options_set_logger(opts, (void *)func, userdata);
}
