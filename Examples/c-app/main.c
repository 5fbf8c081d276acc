/* A C program that reports an error, then crashes: both arrive with its tags, user and breadcrumbs. */
#include <sentry.h>
#include <stdio.h>
#include <string.h>

static int *nothing = NULL;

int main(int argc, char **argv) {
  sentry_options_t *options = sentry_options_new(); /* SENTRY_DSN says where to */
  const char *handler = argc > 1 ? argv[1] : NULL;
  sentry_options_set_release(options, "c-app@1.0.0");
  sentry_options_set_database_path(options, ".c-app");
  /* Without this, the handler is looked for beside the program. */
  if (handler) sentry_options_set_handler_path(options, handler);
  if (sentry_init(options) != 0) {
    fprintf(stderr, "crashes are not reported: the database cannot be used\n");
    return 1;
  }
  sentry_set_tag("shop", "berlin");
  sentry_set_user(sentry_value_new_user("42", "joe", NULL, NULL));
  sentry_add_breadcrumb(sentry_value_new_breadcrumb("default", "the program has started"));
  sentry_capture_event(sentry_value_new_message_event(SENTRY_LEVEL_WARNING, "c-app", "about to crash"));
  sentry_flush(5000);
  if (argc > 2 && strcmp(argv[2], "stay") == 0) return sentry_close();
  printf("crashing\n");
  fflush(stdout);
  return *nothing;
}
