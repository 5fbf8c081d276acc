// Provides mutexes that no other thread holds at the moment of a fork, so that the child finds them free and what they
// guard complete.
#ifndef FORK_LOCKS_H
#define FORK_LOCKS_H

#include "gnu_source.h"

#include <pthread.h>

// More locks than this are not held.
#define FORK_LOCK_SLOTS 16

extern pthread_mutex_t *_Nullable fork_lock_storage[FORK_LOCK_SLOTS];
__attribute__((weak)) pthread_mutex_t *_Nullable fork_lock_storage[FORK_LOCK_SLOTS] = {0};
// Guards the slots, and is held during forks itself.
extern pthread_mutex_t fork_lock_guard;
__attribute__((weak)) pthread_mutex_t fork_lock_guard = PTHREAD_MUTEX_INITIALIZER;
extern int fork_lock_is_registered;
__attribute__((weak)) int fork_lock_is_registered = 0;

static inline void fork_lock_prepare(void) {
  pthread_mutex_lock(&fork_lock_guard);
  for (int slot = 0; slot < FORK_LOCK_SLOTS; slot++)
    if (fork_lock_storage[slot]) pthread_mutex_lock(fork_lock_storage[slot]);
}
static inline void fork_lock_release(void) {
  for (int slot = FORK_LOCK_SLOTS - 1; slot >= 0; slot--)
    if (fork_lock_storage[slot]) pthread_mutex_unlock(fork_lock_storage[slot]);
  pthread_mutex_unlock(&fork_lock_guard);
}

// Whether there was a slot.
static inline int fork_lock_add(pthread_mutex_t *_Nonnull lock) {
  int added = 0;
  pthread_mutex_lock(&fork_lock_guard);
  if (!fork_lock_is_registered)
    fork_lock_is_registered = pthread_atfork(fork_lock_prepare, fork_lock_release, fork_lock_release) == 0;
  for (int slot = 0; slot < FORK_LOCK_SLOTS && !added; slot++)
    if (fork_lock_is_registered && !fork_lock_storage[slot]) {
      fork_lock_storage[slot] = lock;
      added = 1;
    }
  pthread_mutex_unlock(&fork_lock_guard);
  return added;
}

static inline void fork_lock_remove(pthread_mutex_t *_Nonnull lock) {
  pthread_mutex_lock(&fork_lock_guard);
  for (int slot = 0; slot < FORK_LOCK_SLOTS; slot++)
    if (fork_lock_storage[slot] == lock) fork_lock_storage[slot] = 0;
  pthread_mutex_unlock(&fork_lock_guard);
}

#endif
