// Provides threads to crash on and threads that only wait.
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crash_zoo.h"

int zoo_thread_id(void) { return (int)syscall(SYS_gettid); }

void zoo_wait_forever(void) {
  for (;;) pause();
}

struct start {
  const char *name;
  int thread;
  sem_t ready;
};

static void *idle(void *argument) {
  struct start *start = argument;
  pthread_setname_np(pthread_self(), start->name);
  start->thread = zoo_thread_id();
  sem_post(&start->ready);
  zoo_wait_forever();
  return NULL;
}

int zoo_start_idle_thread(const char *name) {
  struct start start = {.name = name, .thread = -1};
  sem_init(&start.ready, 0, 0);
  pthread_t thread;
  if (pthread_create(&thread, NULL, idle, &start) != 0) return -1;
  while (sem_wait(&start.ready) != 0) {
  }
  sem_destroy(&start.ready);
  return start.thread;
}

static void *run(void *argument) {
  ((void (*)(void))argument)();
  return NULL;
}

void zoo_run_on_thread(void (*body)(void)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run, (void *)body) != 0) _exit(3);
  zoo_wait_forever();
}

void zoo_write_line(const char *line) {
  size_t length = strlen(line);
  while (length > 0) {
    ssize_t written = write(STDOUT_FILENO, line, length);
    if (written <= 0) return;
    line += written;
    length -= (size_t)written;
  }
}

void zoo_wait_for_gate(const char *fifo) {
  if (mkfifo(fifo, 0600) != 0) return;
  int gate = open(fifo, O_RDONLY | O_CLOEXEC);
  if (gate >= 0) close(gate);
}
