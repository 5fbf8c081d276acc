// Provides the crash handler inside the executable that links this: where the environment says so, the program does the
// handler's work in place of its own, before its main. See docs/self-handler.md.
#include "self_handler_entry.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "self_handler.h"

// In the executable's list of initialisers, behind those of its libraries, and behind the one that tells Swift's runtime
// of the executable's types, which the linker puts first.
__attribute__((constructor, used)) static void self_handler_start(int count, char **arguments, char **environment) {
  (void)environment;
  self_handler_set_state(SELF_HANDLER_LINKED);
  const char *value = getenv(SELF_HANDLER_VARIABLE);
  // Whoever starts a program with more rights than his own must not choose what it does.
  if (!value || getauxval(AT_SECURE) != 0) return;
  int is_handler = strcmp(value, SELF_HANDLER_ROLE_HANDLER) == 0;
  int is_walker = strcmp(value, SELF_HANDLER_ROLE_WALKER) == 0;
  unsetenv(SELF_HANDLER_VARIABLE);
  if (!is_handler && !is_walker) return;
  self_handler_set_state(SELF_HANDLER_LINKED | SELF_HANDLER_ACTS);
  prctl(PR_SET_NAME, is_handler ? "crashpad_handler" : "crashpad_walker", 0, 0, 0);
  // Nothing of the application has begun, so nothing of it is to be ended.
  _exit(is_handler ? self_handler_serve(count, arguments) : self_handler_walk(count, arguments));
}
