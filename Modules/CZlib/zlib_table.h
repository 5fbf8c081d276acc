// Provides zlib as a table of functions that is filled by dlopen/dlsym when compression is first needed, so that no
// binary has libz in its NEEDED list. The header gives types and constants only.
#ifndef CZLIB_TABLE_H
#define CZLIB_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"

#include <stdlib.h>
#include <zlib.h>

// The functions used, by their addresses. deflateInit2 and inflateInit2 are macros over the functions with the
// underscore, which take the version and size of the structures that the caller was compiled with.
typedef struct zlib_table {
  void *_Nullable version;
  void *_Nullable deflate_init;
  void *_Nullable deflate;
  void *_Nullable deflate_end;
  void *_Nullable inflate_init;
  void *_Nullable inflate;
  void *_Nullable inflate_end;
} zlib_table;

// A stream that holds nothing yet. zlib keeps its address: it must not move between init and end.
static inline z_stream *_Nullable zlib_table_stream_create(void) { return (z_stream *)calloc(1, sizeof(z_stream)); }
static inline void zlib_table_stream_destroy(z_stream *_Nullable stream) { free(stream); }

static inline const char *_Nullable zlib_table_version(const zlib_table *_Nonnull table) {
  return ((const char *(*)(void))table->version)();
}
static inline int zlib_table_deflate_init(
    const zlib_table *_Nonnull table, z_stream *_Nonnull stream, int level, int window_bits, int memory_level) {
  return ((int (*)(z_stream *, int, int, int, int, int, const char *, int))table->deflate_init)(
      stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY, ZLIB_VERSION, (int)sizeof(z_stream));
}
static inline int zlib_table_deflate(const zlib_table *_Nonnull table, z_stream *_Nonnull stream, int flush) {
  return ((int (*)(z_stream *, int))table->deflate)(stream, flush);
}
static inline void zlib_table_deflate_end(const zlib_table *_Nonnull table, z_stream *_Nonnull stream) {
  ((int (*)(z_stream *))table->deflate_end)(stream);
}
static inline int zlib_table_inflate_init(
    const zlib_table *_Nonnull table, z_stream *_Nonnull stream, int window_bits) {
  return ((int (*)(z_stream *, int, const char *, int))table->inflate_init)(
      stream, window_bits, ZLIB_VERSION, (int)sizeof(z_stream));
}
static inline int zlib_table_inflate(const zlib_table *_Nonnull table, z_stream *_Nonnull stream, int flush) {
  return ((int (*)(z_stream *, int))table->inflate)(stream, flush);
}
static inline void zlib_table_inflate_end(const zlib_table *_Nonnull table, z_stream *_Nonnull stream) {
  ((int (*)(z_stream *))table->inflate_end)(stream);
}

#endif
