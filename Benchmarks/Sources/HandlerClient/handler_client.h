// Provides the pieces of the smallest possible Crashpad client, by which any handler can be measured from outside.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A handler that was started on a socket shared with this process.
struct handler {
  pid_t process;
  int socket;
};

// Nanoseconds of CLOCK_MONOTONIC.
uint64_t now_ns(void);

// Says what went wrong and ends the program.
void fail(const char *what) __attribute__((noreturn));

// Starts `path` as a client library does. The database directory must exist.
struct handler handler_start(const char *path, const char *database);

// Sends a request of `type` in the form that Sentry's handlers take: 4112 bytes.
void handler_send(struct handler handler, uint32_t type, uint64_t stack, uint64_t exception_information);

// Waits for the answer to a request for credentials; ends the program after ten seconds without one.
void handler_await_credentials(struct handler handler);

// Closes the socket, whereupon a handler ends, and waits for that; kills it after five seconds.
void handler_end(struct handler handler);

// `idle RUNS HANDLER DATABASE...`: a line "index start_ms rss_kb pss_kb anonymous_kb" for each handler and run.
int measure_idle(int runs, int count, char **handlers);

// `capture THREADS RUNS MODULES HANDLER DATABASE...`: a line "index complete_ms stopped_ms" for each handler and run.
int measure_capture(int threads, int runs, const char *modules, int count, char **handlers);
