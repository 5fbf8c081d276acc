// Provides starting a handler, talking to it, and ending it.
#define _GNU_SOURCE 1
#include "handler_client.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void fail(const char *what) {
  perror(what);
  exit(1);
}

struct handler handler_start(const char *path, const char *database) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) fail("socketpair");
  const int on = 1;
  for (int i = 0; i < 2; i++)
    if (setsockopt(pair[i], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) fail("SO_PASSCRED");
  char database_argument[4096], socket_argument[64];
  snprintf(database_argument, sizeof database_argument, "--database=%s", database);
  snprintf(socket_argument, sizeof socket_argument, "--initial-client-fd=%d", pair[1]);
  char *arguments[] = {(char *)path, database_argument, socket_argument, "--shared-client-connection", NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // A duplicate onto itself loses close-on-exec.
  posix_spawn_file_actions_adddup2(&actions, pair[1], pair[1]);
  // Some handlers complain about every file in /sys that a machine lacks.
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const size_t chromium = 40, sentry = 4112;
  struct handler handler = {
    .socket = pair[0], .message_size = strstr(path, "chrome_crashpad_handler") ? chromium : sentry};
  if (posix_spawn(&handler.process, path, &actions, NULL, arguments, environ) != 0) fail(path);
  posix_spawn_file_actions_destroy(&actions);
  close(pair[1]);
  return handler;
}

void handler_send(struct handler handler, uint32_t type, uint64_t stack, uint64_t exception_information) {
  struct __attribute__((packed)) {
    int32_t version;
    uint32_t type;
    uint64_t stack, exception_information;
    unsigned char rest[4112 - 24];
  } message = {.version = 1, .type = type, .stack = stack, .exception_information = exception_information};
  _Static_assert(sizeof message == 4112, "the larger one");
  if (send(handler.socket, &message, handler.message_size, MSG_NOSIGNAL) != (ssize_t)handler.message_size)
    fail("send to the handler");
}

void handler_await_credentials(struct handler handler) {
  struct pollfd request = {.fd = handler.socket, .events = POLLIN};
  if (poll(&request, 1, 10000) != 1) fail("no answer of the handler");
  unsigned char answer[64];
  if (recv(handler.socket, answer, sizeof answer, 0) != 8) fail("answer of the handler");
}

void handler_end(struct handler handler) {
  close(handler.socket);
  const int descriptor = (int)syscall(SYS_pidfd_open, handler.process, 0);
  struct pollfd request = {.fd = descriptor, .events = POLLIN};
  if (poll(&request, 1, 5000) != 1) kill(handler.process, SIGKILL);
  close(descriptor);
  waitpid(handler.process, NULL, 0);
}

void handler_take_reports(const char *database) {
  int dumps = 0;
  static const char *const folders[] = {"pending", "completed"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", database, folders[i]);
    DIR *stream = opendir(path);
    if (!stream) continue;
    struct dirent *entry;
    while ((entry = readdir(stream))) {
      if (entry->d_type != DT_REG) continue;
      if (strstr(entry->d_name, ".dmp")) dumps++;
      unlinkat(dirfd(stream), entry->d_name, 0);
    }
    closedir(stream);
  }
  if (dumps == 0) {
    fprintf(stderr, "no dump in %s\n", database);
    exit(1);
  }
}
