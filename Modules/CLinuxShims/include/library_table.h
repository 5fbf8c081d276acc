// Provides the filling of tables of functions of libraries that are opened when they are first needed.
//
// A table's header lists its functions once, as a macro of pairs, and gets the structure and its filler from it:
//
//   #define ELF_FUNCTIONS(F) F(version, elf_version) F(memory, elf_memory)
//   struct elf_table { ELF_FUNCTIONS(LIBRARY_TABLE_MEMBER) };
//   LIBRARY_TABLE_FILLER(elf_table, ELF_FUNCTIONS)
//
// The types come from the library's own header, so that a change there is an error here. A second name that is a macro
// is expanded: libunwind's functions are.
#ifndef LIBRARY_TABLE_H
#define LIBRARY_TABLE_H

#include <stddef.h>

// Gives the address of a symbol, or NULL.
typedef void *_Nullable (*library_table_lookup)(const char *_Nonnull, void *_Nullable);

#define LIBRARY_TABLE_NAME(function) LIBRARY_TABLE_TEXT(function)
#define LIBRARY_TABLE_TEXT(text) #text
#define LIBRARY_TABLE_MEMBER(member, function) __typeof__(&function) _Null_unspecified member;
#define LIBRARY_TABLE_ENTRY(member, function)                            \
  *(void **)&table->member = lookup(LIBRARY_TABLE_NAME(function), argument); \
  if (!table->member) complete = 0;

// NAME_fill(table, lookup, argument) fills a `struct NAME` and returns 1 when nothing is missing.
#define LIBRARY_TABLE_FILLER(name, functions)                                                                  \
  static inline int name##_fill(                                                                               \
      struct name *_Nonnull table, library_table_lookup _Nonnull lookup, void *_Nullable argument) {           \
    int complete = 1;                                                                                          \
    functions(LIBRARY_TABLE_ENTRY) return complete;                                                            \
  }

#endif
