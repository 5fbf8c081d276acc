// Provides what Embedded Swift asks of Unicode's tables: nothing is ever normalized.
//
// The toolchain's library of these tables brings 36 KB of them and as much code to life, for one purpose: that `==`,
// `<` and hashing see "é" in one scalar and in two as the same string. Here strings are keys, paths and words of wire
// formats, which every peer compares byte by byte. So in the binaries that ship strings are equal when their bytes are,
// and every scalar is a character (docs/adr/0002-embedded-subset.md). The ordinary build has all of Unicode.
#ifdef SENTRY_EMBEDDED
#include <stdbool.h>
#include <stdint.h>

// Of a scalar: combining class 0, and normalized as it is. The functions for what is not are never reached.
uint16_t _swift_stdlib_getNormData(uint32_t scalar) {
  (void)scalar;
  return 0;
}

const uint8_t *const _swift_stdlib_nfd_decompositions = 0;

uint32_t _swift_stdlib_getDecompositionEntry(uint32_t scalar) {
  (void)scalar;
  return 0;
}

// No two scalars become one.
uint32_t _swift_stdlib_getComposition(uint32_t first, uint32_t second) {
  (void)first, (void)second;
  return UINT32_MAX;
}

// Of a scalar: none of the properties that hold it to the next one.
uint8_t _swift_stdlib_getGraphemeBreakProperty(uint32_t scalar) {
  (void)scalar;
  return UINT8_MAX;
}

bool _swift_stdlib_isExtendedPictographic(uint32_t scalar) {
  (void)scalar;
  return false;
}

bool _swift_stdlib_isInCB_Consonant(uint32_t scalar) {
  (void)scalar;
  return false;
}
#endif
