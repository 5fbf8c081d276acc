// Provides how much of the heap is in use.
#define _GNU_SOURCE 1
#include <malloc.h>

#include "crash_zoo.h"

uint64_t zoo_heap_size(void) { return mallinfo2().uordblks; }
