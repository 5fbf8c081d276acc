// Provides the stack of another thread of this process.
#ifndef THREAD_STACK_H
#define THREAD_STACK_H

#include "gnu_source.h"

#include <stddef.h>

// The stack of another thread, innermost frame first; 0 when it does not answer in time. One caller at a time. The thread
// is interrupted by a signal (SIGRTMAX - 5), whose action is the application's again afterwards.
size_t linux_stack_of_thread(int thread, void *_Nullable *_Nonnull out, size_t max);

#endif
