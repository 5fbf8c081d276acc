// Provides a process for others to look at: each mode brings it into a state that a test knows. It writes a line that
// starts with "ready" when it is there, and waits to be killed.
#define _GNU_SOURCE 1
#include <assert.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

void fixture_spin(int avx);
void fixture_fault(int avx);
extern char fixture_spin_loop[], fixture_fault_instruction[];
extern volatile int fixture_filled;

static int thread_id(void) { return (int)syscall(SYS_gettid); }
static int has_avx(void) { return __builtin_cpu_supports("avx") != 0; }
static void wait_forever(void) {
  for (;;) pause();
}
static void *waiting_thread(void *name) {
  if (name) prctl(PR_SET_NAME, name, 0, 0, 0);
  wait_forever();
  return NULL;
}

static void *spinning_thread(void *argument) {
  *(volatile int *)argument = thread_id();
  fixture_spin(has_avx());
  return NULL;
}
static void registers(void) {
  static volatile int spinner;
  pthread_t thread;
  pthread_create(&thread, NULL, spinning_thread, (void *)&spinner);
  while (!fixture_filled) sched_yield();
  printf("ready %d %lx %d\n", spinner, (unsigned long)fixture_spin_loop, has_avx());
}

static void threads(int count) {
  char *names[] = {"plain", "a) b (c", "two\nlines", "\xff\xfe", "exactly15chars_"};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  for (int index = 0; index < count; index++) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, waiting_thread, names[index % 5])) _exit(3);
  }
  printf("ready\n");
}

// Threads that end as fast as new ones come.
static void *short_thread(void *unused) { return unused; }
static void *spawning_thread(void *unused) {
  for (;;) {
    pthread_t thread;
    if (!pthread_create(&thread, NULL, short_thread, NULL)) pthread_join(thread, NULL);
  }
  return unused;
}

static struct __attribute__((packed)) {
  uint64_t information, context;
  int32_t thread;
} record;
static void *alternate;
static void on_crash(int signal, siginfo_t *information, void *context) {
  (void)signal;
  record.information = (uint64_t)information;
  record.context = (uint64_t)context;
  record.thread = thread_id();
  printf(
      "ready %lx %lx %d %lx %lx\n", (unsigned long)&record, (unsigned long)&signal, record.thread,
      (unsigned long)fixture_fault_instruction, (unsigned long)alternate);
  fflush(stdout);
  wait_forever();
}
static void install(int signal) {
  stack_t stack = {.ss_size = 256 << 10};
  stack.ss_sp = alternate = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(signal, &action, NULL);
}
static void *crashing_thread(void *unused) {
  install(SIGSEGV);
  fixture_fault(has_avx());
  return unused;
}
__attribute__((noinline)) static int overflow(volatile char *above) {
  volatile char block[4096];
  block[0] = above[0];
  return overflow(block) + block[1];
}

// A page between two others that cannot be read, with a pattern.
static void memory(void) {
  size_t page = 4096;
  unsigned char *area = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t index = 0; index < 4 * page; index++) area[index] = (unsigned char)(index * 7 >> 3);
  munmap(area + 2 * page, page);
  printf("ready %lx\n", (unsigned long)area);
}

static volatile sig_atomic_t signals;
static void count_signal(int signal) {
  (void)signal;
  signals++;
}
static void counting(void) {
  struct sigaction action = {.sa_handler = count_signal};
  sigaction(SIGUSR1, &action, NULL);
  printf("ready\n");
  fflush(stdout);
  for (sig_atomic_t seen = 0;;) {
    if (seen != signals) {
      seen = signals;
      printf("signal %d\n", (int)seen);
      fflush(stdout);
    }
    usleep(1000);
  }
}

static pthread_t leader;
static void *outliving_thread(void *unused) {
  // Joining the main thread works: it is gone when this returns.
  pthread_join(leader, NULL);
  printf("ready\n");
  fflush(stdout);
  wait_forever();
  return unused;
}

// Puts the modules' list into a state that no loader leaves behind.
static void damage_list(const char *how) {
  struct link_map *first = _r_debug.r_map;
  if (!strcmp(how, "circle")) first->l_next->l_next = first;
  if (!strcmp(how, "dangling")) first->l_next = (struct link_map *)0x41414141;
  if (!strcmp(how, "version")) _r_debug.r_version = 0;
  if (!strcmp(how, "name")) first->l_next->l_name = (char *)0x41414141;
  printf("ready\n");
  fflush(stdout);
  for (;;) syscall(SYS_pause);
}

// Neighbours of different rights are never joined, so each page is a mapping of its own.
static void mappings(int count) {
  size_t page = 4096;
  char *area = mmap(NULL, count * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  for (int index = 0; index < count; index += 2) mprotect(area + index * page, page, PROT_READ | PROT_WRITE);
  printf("ready\n");
}

// 24 MiB that were written, every fourth page with zeros, and 64 MiB that were not.
static void large(void) {
  size_t page = 4096, written = 24 << 20;
  unsigned char *area = mmap(NULL, 88 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t index = 0; index < written; index++) area[index] = index / page % 4 ? index * 7 >> 3 | 1 : 0;
  printf("ready %lx\n", (unsigned long)area);
}

// Objects on the heap that only a pointer on the stack leads to.
static void heap(void) {
  void *volatile object = malloc(100);
  memset(object, 0x5a, 100);
  // Far from the object, and nothing points there.
  volatile uint64_t hidden = ~(uint64_t)malloc(64 << 10);
  printf("ready %lx %lx\n", (unsigned long)object, (unsigned long)~hidden);
  fflush(stdout);
  wait_forever();
}

// A chain of contexts as Swift's asynchronous functions have them: {parent, function}. Only the first is on the stack.
struct context {
  struct context *parent;
  uint64_t resume;
  char frame[48];
};
static void contexts(void) {
  struct context *parent = NULL;
  unsigned long addresses[4];
  for (int index = 0; index < 4; index++) {
    struct context *child = aligned_alloc(16, 4096);
    child->parent = parent;
    child->resume = (uint64_t)wait_forever | (uint64_t)index << 60;
    memset(child->frame, 0x60 + index, sizeof child->frame);
    parent = child;
    addresses[index] = (unsigned long)child;
  }
  struct context *volatile youngest = parent;
  printf("ready %lx %lx %lx %lx\n", addresses[0], addresses[1], addresses[2], (unsigned long)youngest);
  fflush(stdout);
  memset(addresses, 0, sizeof addresses);
  __asm__ volatile("" : : "r"(addresses) : "memory");
  wait_forever();
}

// What the Swift runtime leaves behind when it gives up.
extern const char **swift_getFatalErrorMessageBuffer(void) __attribute__((weak));
static void runtime_message(void) {
  if (!swift_getFatalErrorMessageBuffer) _exit(4);
  *swift_getFatalErrorMessageBuffer() = strdup("Fatal error: the fixture gives up");
  printf("ready\n");
}

// A Crashpad client's data. All but the head is reached through pointers that a crash may have damaged.
struct annotation {
  struct annotation *next;
  const char *name;
  const void *value;
  uint32_t size;
  uint16_t kind;
  uint8_t guard_mode, guard;
};
struct stream {
  uint64_t next, address, size;
  uint32_t type, padding;
};
struct crashpad_info {
  uint32_t signature, size, version, memory_cap, padding;
  uint8_t behavior, forwarding, gather, padding2;
  void *ranges, *simple, *streams, *annotations;
} fixture_crashpad_info = {0x43506164, 56, 1, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL};
static char simple[64][2][256];
static struct {
  struct annotation *tail_pointer, head, tail;
} list = {&list.tail, {&list.tail}, {NULL}};
static struct annotation objects[3];
static struct stream streams[2];
static char long_value[20481];
static void annotations(const char *how) {
  strcpy(simple[5][0], "zebra"), strcpy(simple[5][1], "striped");
  strcpy(simple[9][0], "ant"), memset(simple[9][1], 'x', 256);
  strcpy(simple[10][0], "ant"), strcpy(simple[10][1], "the second");
  memset(long_value, 'l', sizeof long_value);
  objects[0] = (struct annotation){&list.tail, "text", "hello", 5, 1, 0, 0};
  objects[1] = (struct annotation){&objects[0], "unset", "x", 0, 1, 0, 0};
  objects[2] = (struct annotation){&objects[1], "own", long_value, sizeof long_value, 0x8001, 0, 0};
  list.head.next = &objects[2];
  streams[0] = (struct stream){0, (uint64_t)"first stream", 12, 0x4b6b0010, 0};
  streams[1] = (struct stream){(uint64_t)&streams[0], (uint64_t)"second", 6, 0x4b6b0011, 0};
  fixture_crashpad_info.simple = simple;
  fixture_crashpad_info.annotations = &list;
  fixture_crashpad_info.streams = &streams[1];
  fixture_crashpad_info.gather = 1;
  fixture_crashpad_info.memory_cap = 4096;
  fixture_crashpad_info.behavior = 2;
  if (!strcmp(how, "circle")) objects[0].next = &objects[0], streams[0].next = (uint64_t)&streams[1];
  if (!strcmp(how, "dangling")) {
    objects[2].name = (char *)0x41414141;
    objects[2].next = (struct annotation *)0x41414141;
    streams[1].size = UINT64_MAX;
    fixture_crashpad_info.simple = (void *)0x41414141;
  }
  if (!strcmp(how, "version")) fixture_crashpad_info.version = 2;
  if (!strcmp(how, "short")) fixture_crashpad_info.size = 32;
  if (!strcmp(how, "none")) fixture_crashpad_info.size = 0;
  printf("ready\n");
}

// Changes at each SIGUSR1: first what a Crashpad client says, and the loader's list, whose map stays as it is; then the map.
static void changing(void) {
  sigset_t signals;
  int number;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  annotations("sound");
  fflush(stdout);
  sigwait(&signals, &number);
  objects[0].value = "later";
  struct link_map *first = _r_debug.r_map, *second = first->l_next, *third = second->l_next;
  second->l_next = first;
  puts("changed");
  fflush(stdout);
  sigwait(&signals, &number);
  second->l_next = third;
  printf("loaded %d\n", dlopen("libanl.so.1", RTLD_NOW) != NULL);
}

// Waits inside the kernel, where no signal and no tracer reaches it, until the child is killed.
static void in_vfork(void) {
  printf("ready\n");
  fflush(stdout);
  if (vfork() == 0) {
    for (;;) pause();
  }
}

int main(int count, char **arguments) {
  const char *mode = count > 1 ? arguments[1] : "";
  pthread_t thread;
  if (!strcmp(mode, "registers")) {
    registers();
  } else if (!strcmp(mode, "threads") && count > 2) {
    threads(atoi(arguments[2]));
  } else if (!strcmp(mode, "spawning")) {
    for (int index = 0; index < 3; index++) pthread_create(&thread, NULL, spawning_thread, NULL);
    printf("ready\n");
  } else if (!strcmp(mode, "crash")) {
    pthread_create(&thread, NULL, crashing_thread, NULL);
  } else if (!strcmp(mode, "overflow")) {
    install(SIGSEGV);
    char start = 0;
    return overflow(&start);
  } else if (!strcmp(mode, "assert")) {
    install(SIGABRT);
    assert(count == 77 && "the fixture asserts");
  } else if (!strcmp(mode, "queue")) {
    install(SIGSEGV);
    raise(SIGSEGV);
  } else if (!strcmp(mode, "memory")) {
    memory();
  } else if (!strcmp(mode, "large")) {
    large();
  } else if (!strcmp(mode, "counting")) {
    counting();
  } else if (!strcmp(mode, "leaderless")) {
    leader = pthread_self();
    pthread_create(&thread, NULL, outliving_thread, NULL);
    pthread_exit(NULL);
  } else if (!strcmp(mode, "list") && count > 2) {
    damage_list(arguments[2]);
  } else if (!strcmp(mode, "heap")) {
    heap();
  } else if (!strcmp(mode, "contexts")) {
    contexts();
  } else if (!strcmp(mode, "message")) {
    runtime_message();
  } else if (!strcmp(mode, "annotations") && count > 2) {
    annotations(arguments[2]);
  } else if (!strcmp(mode, "changing")) {
    changing();
  } else if (!strcmp(mode, "mappings") && count > 2) {
    mappings(atoi(arguments[2]));
  } else if (!strcmp(mode, "vfork")) {
    in_vfork();
  } else if (!strcmp(mode, "stopped")) {
    printf("ready\n");
    fflush(stdout);
    raise(SIGSTOP);
    printf("continued\n");
  } else {
    printf("ready\n");
  }
  fflush(stdout);
  wait_forever();
}
