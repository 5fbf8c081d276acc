// A target of C needs a file of C; libFuzzer looks for this function by its name.
#include "fuzz_driver.h"

static size_t (*mutator)(uint8_t *data, size_t size, size_t room, unsigned seed);

void fuzz_use_mutator(size_t (*function)(uint8_t *data, size_t size, size_t room, unsigned seed)) {
  mutator = function;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
  return mutator ? mutator(data, size, room, seed) : LLVMFuzzerMutate(data, size, room);
}
