/* Checks of the C interface's tests. Everything here compiles as C and as C++. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sentry.h"

#ifdef __cplusplus
#define NOTHING nullptr
#else
#define NOTHING NULL
#endif

static int failures = 0;
static int checks = 0;

static inline void note(int good, const char *file, int line, const char *what) {
  checks++;
  if (good) return;
  failures++;
  fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
}

static inline void note_text(const char *is, const char *expected, const char *file, int line) {
  checks++;
  if (is && expected && strcmp(is, expected) == 0) return;
  if (!is && !expected) return;
  failures++;
  fprintf(stderr, "%s:%d: is %s\n  expected %s\n", file, line, is ? is : "NULL", expected ? expected : "NULL");
}

/* Compares the JSON of a value, and gives the JSON back. */
static inline void note_json(sentry_value_t value, const char *expected, const char *file, int line) {
  char *json = sentry_value_to_json(value);
  note_text(json, expected, file, line);
  sentry_free(json);
}

#define CHECK(condition) note((condition) ? 1 : 0, __FILE__, __LINE__, #condition)
#define CHECK_TEXT(is, expected) note_text(is, expected, __FILE__, __LINE__)
#define CHECK_JSON(value, expected) note_json(value, expected, __FILE__, __LINE__)

/* The text is borrowed from the value. */
static inline const char *text_of(sentry_value_t object, const char *key) {
  return sentry_value_as_string(sentry_value_get_by_key(object, key));
}

static inline int finish(const char *name) {
  printf("%s: %d checks, %d failures\n", name, checks, failures);
  return failures ? 1 : 0;
}

/* A folder of this process's own, which `leave_folder` removes. */
static char folder[256];

static inline void enter_folder(void) {
  const char *base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/sentry-c.XXXXXX", base ? base : "/tmp");
  if (!mkdtemp(folder) || chdir(folder) != 0) {
    perror(folder);
    exit(2);
  }
}

static inline void leave_folder(void) {
  char command[400];
  if (chdir("/") != 0) return;
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (system(command) != 0) fprintf(stderr, "cannot remove %s\n", folder);
}

static inline void write_file(const char *path, const char *content) {
  FILE *file = fopen(path, "w");
  if (!file) {
    perror(path);
    exit(2);
  }
  fputs(content, file);
  fclose(file);
}

#endif
