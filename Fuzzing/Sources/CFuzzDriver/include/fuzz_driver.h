// Provides the entry of libFuzzer for programs with a main function of their own.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer with its own command line. `callback` sees each input; it returns 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
