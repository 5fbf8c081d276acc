// Provides how long a handler takes to answer after its start, and how much memory it holds when it has nothing to do.
#define _GNU_SOURCE 1
#include "handler_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct memory {
  long rss, pss, anonymous;
};

static struct memory memory_of(pid_t process) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
  FILE *file = fopen(path, "r");
  if (!file) fail(path);
  struct memory memory = {-1, -1, -1};
  while (fgets(line, sizeof line, file)) {
    sscanf(line, "Rss: %ld", &memory.rss);
    sscanf(line, "Pss: %ld", &memory.pss);
    sscanf(line, "Anonymous: %ld", &memory.anonymous);
  }
  fclose(file);
  return memory;
}

int measure_idle(int runs, int count, char **handlers) {
  // The first round fills the page cache and is not reported.
  for (int run = -1; run < runs; run++) {
    for (int i = 0; i < count; i++) {
      const uint64_t began = now_ns();
      struct handler handler = handler_start(handlers[2 * i], handlers[2 * i + 1]);
      handler_send(handler, 0, 0, 0);
      handler_await_credentials(handler);
      const uint64_t answered = now_ns();
      // Threads that a handler starts beside its loop have settled by then, and ours has given back what it can.
      usleep(1200000);
      const struct memory memory = memory_of(handler.process);
      handler_end(handler);
      if (run < 0) continue;
      printf("%d %.3f %ld %ld %ld\n", i, (double)(answered - began) / 1e6, memory.rss, memory.pss, memory.anonymous);
    }
  }
  return 0;
}
