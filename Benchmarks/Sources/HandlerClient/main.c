// Provides the command line of the client by which handlers are measured.
#include "handler_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  if (count >= 5 && strcmp(arguments[1], "idle") == 0)
    return measure_idle(atoi(arguments[2]), (count - 3) / 2, arguments + 3);
  if (count >= 7 && strcmp(arguments[1], "capture") == 0)
    return measure_capture(atoi(arguments[2]), atoi(arguments[3]), arguments[4], (count - 5) / 2, arguments + 5);
  fprintf(stderr,
          "usage: handler-client idle RUNS HANDLER DATABASE...\n"
          "       handler-client capture THREADS RUNS MODULES HANDLER DATABASE...\n");
  return 2;
}
