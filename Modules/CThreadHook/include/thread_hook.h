// Provides alternate signal stacks for all threads of the executable that links this: its pthread_create comes first.
#ifndef THREAD_HOOK_H
#define THREAD_HOOK_H

// Whether thread creation goes through this module: 1, or 0 in a build with a sanitizer, which does so itself.
// Calling it also keeps the linker from dropping the module.
int thread_hook_is_linked(void);

#endif
