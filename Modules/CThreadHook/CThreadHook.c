// Provides pthread_create(3) for the executable that links this module, and so for every library in its process:
// symbols of the executable come first. See docs/adr/0005-thread-creation.md.
#include "thread_hook.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

#include "crash_installation.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define THREAD_HOOK_DISABLED 1  // its runtime must see each thread first
#endif
#endif

#ifdef THREAD_HOOK_DISABLED

int thread_hook_is_linked(void) { return 0; }

#else

int thread_hook_is_linked(void) { return 1; }

typedef int (*create_function)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

// libc's own definition in a static executable, where there is no next library to look in; absent in a dynamic one.
extern int __pthread_create_2_1(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
    __attribute__((weak));
// A weak reference takes nothing out of an archive. This public function of libc calls the one above, so naming it
// brings both into a static executable.
__attribute__((used)) static int (*const keep_libc_definition)(thrd_t *, thrd_start_t, void *) = thrd_create;

struct start_request {
  void *(*routine)(void *);
  void *argument;
};

static void *thread_hook_run(void *parameter) {
  struct start_request request = *(struct start_request *)parameter;
  free(parameter);
  crash_thread_start start = crash_get_thread_start();
  if (start) start();
  return request.routine(request.argument);
}

static create_function next_pthread_create(void) {
  static create_function found;
  create_function function = __atomic_load_n(&found, __ATOMIC_ACQUIRE);
  if (function) return function;
  function = __pthread_create_2_1;
  if (!function) function = (create_function)dlsym(RTLD_NEXT, "pthread_create");
  __atomic_store_n(&found, function, __ATOMIC_RELEASE);
  return function;
}

// Without an installed client this costs one load and a jump.
__attribute__((visibility("default"))) int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument) {
  create_function create = next_pthread_create();
  if (!create) return EAGAIN;
  if (!crash_get_thread_start()) return create(thread, attributes, routine, argument);
  struct start_request *request = malloc(sizeof *request);
  if (!request) return create(thread, attributes, routine, argument);
  request->routine = routine;
  request->argument = argument;
  int failure = create(thread, attributes, thread_hook_run, request);
  if (failure) free(request);
  return failure;
}

#endif
