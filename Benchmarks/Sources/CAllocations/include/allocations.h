// Provides the number of allocations that a thread has made.
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

// By malloc and its like, in this thread, since it began. The program that links this counts.
unsigned long allocations_of_thread(void);

#endif
