// Provides the word by which a program knows that it can be its own crash handler, and that it is one now.
#ifndef SELF_HANDLER_H
#define SELF_HANDLER_H

#include "gnu_source.h"

#include <stdint.h>
#include <sys/auxv.h>

// The variable of the environment that makes such a program a part of crash handling before its main, and its values.
// Only what this project starts has it: each process takes it out of its environment at once.
#define SELF_HANDLER_VARIABLE "SENTRY_NATIVE_ROLE"
#define SELF_HANDLER_ROLE_HANDLER "handler"
#define SELF_HANDLER_ROLE_WALKER "walker"

// Whether the module is linked, and whether this process is a handler by it.
#define SELF_HANDLER_LINKED 1
#define SELF_HANDLER_ACTS 2

// One word in a process, written before main. See crash_path.h for why it is weak.
extern uint32_t self_handler_state_storage;
__attribute__((weak)) uint32_t self_handler_state_storage = 0;
static inline uint32_t self_handler_state(void) { return self_handler_state_storage; }
static inline void self_handler_set_state(uint32_t state) { self_handler_state_storage = state; }

#endif
