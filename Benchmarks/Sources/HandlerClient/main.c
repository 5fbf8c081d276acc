// Provides the command line of the client by which handlers are measured.
#include "handler_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  if (count >= 5 && strcmp(arguments[1], "idle") == 0)
    return measure_idle(atoi(arguments[2]), (count - 3) / 2, arguments + 3);
  if (count >= 9 && strcmp(arguments[1], "capture") == 0) {
    const struct process_shape shape = {
      .threads = atoi(arguments[2]), .modules = arguments[4], .mappings = atoi(arguments[5]),
      .annotations = atoi(arguments[6])};
    return measure_capture(&shape, atoi(arguments[3]), (count - 7) / 2, arguments + 7);
  }
  if (count >= 9 && strcmp(arguments[1], "crash") == 0) {
    const struct process_shape shape = {
      .threads = atoi(arguments[2]), .modules = arguments[4], .mappings = atoi(arguments[5]), .heap = atol(arguments[6])};
    return measure_crash(&shape, atoi(arguments[3]), (count - 7) / 2, arguments + 7);
  }
  if (count == 4 && strcmp(arguments[1], "hold") == 0) return hold_memory(atol(arguments[2]), atol(arguments[3]));
  if (count == 4 && strcmp(arguments[1], "copy") == 0) return copy_memory(atoi(arguments[2]), arguments[3]);
  fprintf(stderr,
          "usage: handler-client idle RUNS HANDLER DATABASE...\n"
          "       handler-client capture THREADS RUNS MODULES MAPPINGS ANNOTATIONS HANDLER DATABASE...\n"
          "       handler-client crash THREADS RUNS MODULES MAPPINGS HEAP HANDLER DATABASE...\n"
          "       handler-client hold MEBIBYTES UNTOUCHED\n"
          "       handler-client copy PROCESS FILE\n");
  return 2;
}
