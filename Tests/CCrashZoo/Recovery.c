// Provides a way out of a signal handler, as runtimes have it that provoke faults.
#define _GNU_SOURCE 1
#include <setjmp.h>

#include "crash_zoo.h"

static sigjmp_buf recovery;

int zoo_recover(void (*body)(void)) {
  if (sigsetjmp(recovery, 1) != 0) return 1;
  body();
  return 0;
}

void zoo_jump_back(void) { siglongjmp(recovery, 1); }
