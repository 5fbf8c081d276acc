// Provides the entry of libFuzzer for programs with a main function of their own.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Runs libFuzzer with its own command line. `callback` sees each input; it returns 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

/// A file without a name: its descriptor.
static inline int fuzz_scratch_file(void) { return (int)syscall(SYS_memfd_create, "fuzz", 0); }
