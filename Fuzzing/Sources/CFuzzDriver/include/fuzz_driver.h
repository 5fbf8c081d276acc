// Provides the entry of libFuzzer for programs with a main function of their own.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Runs libFuzzer with its own command line. `callback` sees each input; it returns 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

/// libFuzzer's own mutations, all of them: returns the new size, at most `room`.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

/// Has inputs mutated by this function instead, which knows their format. It returns the new size, at most `room`.
void fuzz_use_mutator(size_t (*function)(uint8_t *data, size_t size, size_t room, unsigned seed));

/// A file without a name: its descriptor.
static inline int fuzz_scratch_file(void) { return (int)syscall(SYS_memfd_create, "fuzz", 0); }
