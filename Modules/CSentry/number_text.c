// Provides the text of a double.
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "csentry.h"

int csentry_format_double(char *buffer, uint64_t size, double value) {
  int length = snprintf(buffer, size, "%.16g", value);
  if (length < 0 || (uint64_t)length >= size) return 0;
  // The locale's decimal point may be another character, or several.
  int out = 0;
  for (int in = 0; in < length; in++) {
    char c = buffer[in];
    if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e') {
      buffer[out++] = c;
    } else if (out == 0 || buffer[out - 1] != '.') {
      buffer[out++] = '.';
    }
  }
  buffer[out] = 0;
  return out;
}

int csentry_read_double(const char *text, double *value) {
  locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  if (!c) return 0;
  char *end;
  *value = strtod_l(text, &end, c);
  freelocale(c);
  if (end == text) return 0;
  while (isspace((unsigned char)*end)) end++;
  return *end == 0 && isfinite(*value);
}
