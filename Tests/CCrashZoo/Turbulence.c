// Provides a process in which everything changes while it crashes.
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "crash_zoo.h"

static void rest(long microseconds) {
  struct timespec time = {0, microseconds * 1000};
  nanosleep(&time, NULL);
}

static void *live_shortly(void *argument) {
  rest((long)(uintptr_t)argument);
  return NULL;
}

static void *give_birth(void *argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  for (uintptr_t count = 0;; count++) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, live_shortly, (void *)(count * 37 % 2000)) != 0) rest(1000);
    if (count % 16 == 0) rest(500);
  }
  return argument;
}

static void *load_and_unload(void *argument) {
  static const char *const names[] = {"libanl.so.1", "libthread_db.so.1", "libBrokenLocale.so.1", "libnss_compat.so.2"};
  for (unsigned count = 0;; count++) {
    void *library = dlopen(names[count % (sizeof names / sizeof *names)], RTLD_NOW | RTLD_LOCAL);
    rest(200);
    if (library) dlclose(library);
  }
  return argument;
}

// Its stack always points to something that is there or was there a moment ago.
static void *map_and_unmap(void *argument) {
  const size_t size = 64 << 10;
  char *volatile areas[64] = {0};
  for (unsigned count = 0;; count++) {
    unsigned index = count * 13 % 64;
    if (areas[index]) munmap(areas[index], size);
    char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) area = NULL;
    if (area) memset(area, (int)count, 4096);
    areas[index] = area;
    if (count % 64 == 0) rest(100);
  }
  return argument;
}

int zoo_start_turbulence(int idle_threads) {
  int started = 0;
  pthread_t thread;
  void *(*const bodies[])(void *) = {give_birth, load_and_unload, map_and_unmap};
  for (unsigned index = 0; index < sizeof bodies / sizeof *bodies; index++)
    started += pthread_create(&thread, NULL, bodies[index], NULL) == 0;
  for (int index = 0; index < idle_threads; index++) started += zoo_start_idle_thread("zoo-crowd") > 0;
  return started;
}
