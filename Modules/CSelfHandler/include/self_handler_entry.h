// Provides what a program does in its roles: implemented in SentrySelfHandler.
#ifndef SELF_HANDLER_ENTRY_H
#define SELF_HANDLER_ENTRY_H

#include <stdint.h>

// Serves as the crash handler, as the command line says. The exit status.
int32_t self_handler_serve(int32_t count, char *_Nullable *_Nonnull arguments);
// Walks the stacks of one dump, as the command line says. The exit status.
int32_t self_handler_walk(int32_t count, char *_Nullable *_Nonnull arguments);

#endif
