// Provides the functions of libelf as a table that is filled when the library is opened.
//
// No binary links libelf (see unwind_table.h for why). The member types are taken from the installed header.
#ifndef CELF_TABLE_H
#define CELF_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"

#include <gelf.h>
#include <libelf.h>
#include <stddef.h>

/// Functions of libelf 1. All pointers are set once `elf_table_fill` has returned 1.
struct elf_table {
  __typeof__(&elf_version) _Null_unspecified version;
  __typeof__(&elf_memory) _Null_unspecified memory;
  __typeof__(&elf_end) _Null_unspecified end;
  __typeof__(&elf_kind) _Null_unspecified kind;
  __typeof__(&elf_nextscn) _Null_unspecified nextscn;
  __typeof__(&elf_ndxscn) _Null_unspecified ndxscn;
  __typeof__(&elf_getshdrstrndx) _Null_unspecified getshdrstrndx;
  __typeof__(&elf_strptr) _Null_unspecified strptr;
  __typeof__(&gelf_getshdr) _Null_unspecified getshdr;
};

/// Fills `table` from `lookup`, which returns the address of a symbol or NULL. Returns 1 when nothing is missing.
static inline int elf_table_fill(
    struct elf_table *_Nonnull table, void *_Nullable (*_Nonnull lookup)(const char *_Nonnull, void *_Nullable),
    void *_Nullable argument) {
  *(void **)&table->version = lookup("elf_version", argument);
  *(void **)&table->memory = lookup("elf_memory", argument);
  *(void **)&table->end = lookup("elf_end", argument);
  *(void **)&table->kind = lookup("elf_kind", argument);
  *(void **)&table->nextscn = lookup("elf_nextscn", argument);
  *(void **)&table->ndxscn = lookup("elf_ndxscn", argument);
  *(void **)&table->getshdrstrndx = lookup("elf_getshdrstrndx", argument);
  *(void **)&table->strptr = lookup("elf_strptr", argument);
  *(void **)&table->getshdr = lookup("gelf_getshdr", argument);
  return table->version && table->memory && table->end && table->kind && table->nextscn && table->ndxscn &&
         table->getshdrstrndx && table->strptr && table->getshdr;
}

#endif
