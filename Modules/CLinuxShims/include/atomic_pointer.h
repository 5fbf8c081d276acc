// Provides atomic access to a pointer, which Embedded Swift has only in a library of its own.
#ifndef ATOMIC_POINTER_H
#define ATOMIC_POINTER_H

#include "gnu_source.h"

static inline void *_Nullable linux_atomic_load(void *_Nullable *_Nonnull slot) {
  return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

// Stores `value` if the slot holds `expected`; 1 when it did.
static inline int linux_atomic_exchange_if(
    void *_Nullable *_Nonnull slot, void *_Nullable expected, void *_Nullable value) {
  return __atomic_compare_exchange_n(slot, &expected, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ? 1 : 0;
}

#endif
