// Provides the pieces of the smallest possible Crashpad client, by which any handler can be measured from outside.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A handler that was started on a socket shared with this process.
struct handler {
  pid_t process;
  int socket;
  // Bytes of a request: what Sentry's handlers demand, or what Chromium's do.
  size_t message_size;
};

// What a process has that a handler must look at.
struct process_shape {
  int threads;
  // A folder of shared objects, or "".
  const char *modules;
  int mappings;
  // MiB of heap, touched.
  long heap;
  // Crashpad's, in a list.
  int annotations;
};

// Makes it so.
void take_shape(const struct process_shape *shape);
void touch_memory(long mebibytes);

// Nanoseconds of CLOCK_MONOTONIC.
uint64_t now_ns(void);

// Says what went wrong and ends the program.
void fail(const char *what) __attribute__((noreturn));

// Starts `path` as a client library does. The database directory must exist.
struct handler handler_start(const char *path, const char *database);

// Sends a request of `type`.
void handler_send(struct handler handler, uint32_t type, uint64_t stack, uint64_t exception_information);

// Waits for the answer to a request for credentials; ends the program after ten seconds without one.
void handler_await_credentials(struct handler handler);

// Closes the socket, whereupon a handler ends, and waits for that; kills it after five seconds.
void handler_end(struct handler handler);

// Removes the reports that a handler has left in a database. Ends the program where there is no dump: a handler that
// answers without one would win every race.
void handler_take_reports(const char *database);

// `idle RUNS HANDLER DATABASE...`: a line "index start_ms rss_kb pss_kb anonymous_kb" for each handler and run.
int measure_idle(int runs, int count, char **handlers);

// `capture THREADS RUNS MODULES MAPPINGS ANNOTATIONS HANDLER DATABASE...`: a line "index complete_ms stopped_ms" for each
// handler and run. Two of the threads are the program's own.
int measure_capture(const struct process_shape *shape, int runs, int count, char **handlers);

// `crash THREADS RUNS MODULES MAPPINGS HEAP HANDLER DATABASE...`: a line "index end_ms cpu_ms" for each handler and run:
// from the crash to the end of the process, and CPU time of its handler. The handler `none` stands for a process without.
int measure_crash(const struct process_shape *shape, int runs, int count, char **handlers);

// `hold MEBIBYTES UNTOUCHED`: has so much memory until its input ends.
int hold_memory(long mebibytes, long untouched);

// `copy PROCESS FILE`: all readable memory, read and written in pieces of 1 MiB, and nothing else.
int copy_memory(pid_t process, const char *target);
