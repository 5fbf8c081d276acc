// Provides how long a process stands still while a handler captures it, and how long until the dump is complete.
#define _GNU_SOURCE 1
#include "handler_client.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static void *idle_thread(void *unused) {
  (void)unused;
  // A stack that looks used: its pages exist.
  volatile char frame[6000];
  for (size_t i = 0; i < sizeof frame; i += 512) frame[i] = 1;
  for (;;) pause();
  return NULL;
}

// Set while a capture is measured.
static atomic_bool watching, watched;
static atomic_ullong longest_gap;

// Looks at the clock without pause. The longest gap between two looks is the time during which this thread stood still.
static void *observer_thread(void *unused) {
  (void)unused;
  for (;;) {
    if (!atomic_load(&watching)) {
      atomic_store(&watched, false);
      usleep(500);
      continue;
    }
    uint64_t last = now_ns(), longest = 0;
    atomic_store(&watched, true);
    bool more;
    // Once more after the end: this thread may be the last one to run again.
    do {
      more = atomic_load_explicit(&watching, memory_order_relaxed);
      const uint64_t now = now_ns();
      if (now - last > longest) longest = now - last;
      last = now;
    } while (more);
    atomic_store(&longest_gap, longest);
    atomic_store(&watched, false);
  }
  return NULL;
}

static void start_thread(void *(*body)(void *)) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  pthread_t thread;
  if ((errno = pthread_create(&thread, &attributes, body, NULL)) != 0) fail("pthread_create");
  pthread_attr_destroy(&attributes);
}

static void load_modules(const char *directory) {
  DIR *stream = opendir(directory);
  if (!stream) fail(directory);
  struct dirent *entry;
  while ((entry = readdir(stream))) {
    if (!strstr(entry->d_name, ".so")) continue;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    if (!dlopen(path, RTLD_NOW | RTLD_LOCAL)) fail(dlerror());
  }
  closedir(stream);
}

// What a handler reads of the requesting thread. Static: the addresses are given away.
static struct __attribute__((packed)) {
  uint64_t siginfo, ucontext;
  int32_t thread;
} information;
static siginfo_t signal_information;
static ucontext_t context;

// One dump, as Crashpad's "dump without crash" asks for it. The process lives on.
static void measure_one(int index, struct handler handler, bool report) {
  sigset_t release;
  sigemptyset(&release);
  sigaddset(&release, SIGCONT);
  getcontext(&context);
  signal_information.si_signo = -1;  // Crashpad's number for a dump without a signal
  information.siginfo = (uint64_t)(uintptr_t)&signal_information;
  information.ucontext = (uint64_t)(uintptr_t)&context;
  information.thread = (int32_t)syscall(SYS_gettid);

  atomic_store(&watching, true);
  while (!atomic_load(&watched)) sched_yield();
  const uint64_t began = now_ns();
  char mark;
  handler_send(handler, 1, (uint64_t)(uintptr_t)&mark, (uint64_t)(uintptr_t)&information);
  // Being traced interrupts the wait.
  const struct timespec limit = {.tv_sec = 30};
  int signal_number;
  while ((signal_number = sigtimedwait(&release, NULL, &limit)) < 0 && errno == EINTR) continue;
  if (signal_number != SIGCONT) fail("the handler did not release its client");
  const uint64_t released = now_ns();
  atomic_store(&watching, false);
  while (atomic_load(&watched)) sched_yield();
  if (report)
    printf("%d %.3f %.3f\n", index, (double)(released - began) / 1e6, (double)atomic_load(&longest_gap) / 1e6);
}

// Pages with every second one protected: the kernel keeps so many areas of memory for them.
static void make_mappings(int count) {
  const size_t page = 4096;
  if (count <= 0) return;
  char *pages = mmap(NULL, (size_t)count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) fail("mmap");
  for (int i = 0; i < count; i += 2)
    if (mprotect(pages + (size_t)i * page, page, PROT_READ) != 0) fail("mprotect");
}

// What Crashpad's handlers find in a module by its note: docs/formats/process-snapshot.md.
struct annotation {
  void *link, *name, *value;
  uint32_t size;
  uint16_t kind;
  uint16_t guard;
};
static struct {
  struct annotation *tail_pointer, head, tail;
} annotation_list = {.tail_pointer = &annotation_list.tail, .head = {.link = &annotation_list.tail}};
__attribute__((used, visibility("hidden"))) struct {
  uint32_t signature, size, version, limits[2], behaviours;
  void *ranges, *dictionary, *streams, *annotations;
} handler_client_info = {
  .signature = 0x43506164, .size = sizeof handler_client_info, .version = 1, .annotations = &annotation_list};
__asm__(
  "  .pushsection .note.crashpad.info, \"a\", %note\n"
  "  .balign 4\n"
  "  .long 9, 8, 0x4f464e49\n"
  "  .asciz \"Crashpad\"\n"
  "  .balign 4\n"
  "  .quad handler_client_info - .\n"
  "  .popsection\n");

static void annotate(int count) {
  struct annotation *annotations = calloc((size_t)count, sizeof *annotations);
  if (count > 0 && !annotations) fail("calloc");
  for (int i = 0; i < count; i++) {
    char name[32];
    snprintf(name, sizeof name, "annotation-%d", i);
    annotations[i] = (struct annotation){
      .link = annotation_list.head.link, .name = strdup(name), .value = "value of an annotation", .size = 22, .kind = 1};
    annotation_list.head.link = &annotations[i];
  }
}

void take_shape(const struct process_shape *shape) {
  if (*shape->modules) load_modules(shape->modules);
  make_mappings(shape->mappings);
  touch_memory(shape->heap);
  annotate(shape->annotations);
  for (int i = 1; i < shape->threads; i++) start_thread(idle_thread);
}

int measure_capture(const struct process_shape *shape, int runs, int count, char **handlers) {
  sigset_t release;
  sigemptyset(&release);
  sigaddset(&release, SIGCONT);
  sigprocmask(SIG_BLOCK, &release, NULL);
  start_thread(observer_thread);
  // The observer is one of them.
  struct process_shape rest = *shape;
  rest.threads--;
  take_shape(&rest);
  struct handler started[8];
  if (count > 8) count = 8;
  for (int i = 0; i < count; i++) {
    started[i] = handler_start(handlers[2 * i], handlers[2 * i + 1]);
    handler_send(started[i], 0, 0, 0);
    handler_await_credentials(started[i]);
  }
  // The first round warms up and is not reported. Each round begins with another handler.
  for (int run = -1; run < runs; run++)
    for (int i = 0; i < count; i++) {
      const int index = (i + run + 1) % count;
      measure_one(index, started[index], run >= 0);
      handler_take_reports(handlers[2 * index + 1]);
    }
  for (int i = 0; i < count; i++) handler_end(started[i]);
  return 0;
}
