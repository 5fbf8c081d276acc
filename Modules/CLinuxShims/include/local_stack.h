// Provides the stack of the calling thread: where its frames begin and where it ends.
#ifndef LOCAL_STACK_H
#define LOCAL_STACK_H

#include "gnu_source.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// The frame pointer of the function that this is inlined into; asking for it makes that function keep one.
static inline __attribute__((always_inline)) uintptr_t local_stack_frame(void) {
  return (uintptr_t)__builtin_frame_address(0);
}

// Whether the calling thread's stack holds `address`. The first call of a thread allocates, and on the main thread reads
// /proc/self/maps; later ones are a few loads. 0 where the bounds are unknown.
static inline int local_stack_contains(uintptr_t address) {
  static __thread uintptr_t lowest;
  static __thread uintptr_t end;
  if (end == 0) {
    pthread_attr_t attributes;
    end = 1;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      void *start = NULL;
      size_t size = 0;
      if (pthread_attr_getstack(&attributes, &start, &size) == 0) {
        lowest = (uintptr_t)start;
        end = lowest + size;
      }
      pthread_attr_destroy(&attributes);
    }
  }
  return address >= lowest && address < end;
}

// Where the Swift concurrency runtime runs a job; 0 in a process without that runtime. The weak reference links and loads
// either way.
static inline uintptr_t local_stack_job_run(void) {
  extern void swift_job_run(void) __attribute__((weak));
  return (uintptr_t)&swift_job_run;
}

// Two words at an address of this process, or 0 where nothing can be read there: the kernel copies, so it never faults.
static inline int local_stack_read(uintptr_t address, uintptr_t words[_Nonnull 2]) {
  struct iovec local = {words, 2 * sizeof(uintptr_t)};
  struct iovec remote = {(void *)address, 2 * sizeof(uintptr_t)};
  // libc keeps no process id, and a wrong one after fork would read another process.
  ssize_t count = syscall(SYS_process_vm_readv, (long)getpid(), &local, 1L, &remote, 1L, 0L);
  return count == (ssize_t)(2 * sizeof(uintptr_t));
}

#endif
