/* A library that is loaded at run time, and makes threads of its own. */
#include <pthread.h>

/* So many addresses that the loader has work for a while. */
static const char byte;
#define FOUR(...) __VA_ARGS__ __VA_ARGS__ __VA_ARGS__ __VA_ARGS__
extern const char *const plugin_addresses[4096];
const char *const plugin_addresses[4096] = {FOUR(FOUR(FOUR(FOUR(FOUR(FOUR(&byte, ))))))};

__attribute__((noinline)) static int overflow(int depth) {
  volatile char room[4096];
  room[depth % 4096] = (char)depth;
  return overflow(depth + 1) + room[(depth + 1) % 4096];
}

static void *use_up_the_stack(void *data) {
  (void)data;
  return (void *)(long)overflow(0);
}

int plugin_run(void);
int plugin_run(void) {
  pthread_t thread;
  if (pthread_create(&thread, 0, use_up_the_stack, 0) != 0) return 1;
  return pthread_join(thread, 0);
}
