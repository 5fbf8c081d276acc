// Provides the functions of libelf as a table that is filled when the library is opened.
//
// No binary links libelf (see unwind_table.h for why). The member types are taken from the installed header.
#ifndef CELF_TABLE_H
#define CELF_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"
#include "../CLinuxShims/include/library_table.h"

#include <gelf.h>
#include <libelf.h>
#include <stddef.h>

#define ELF_FUNCTIONS(F) \
  F(version, elf_version) \
  F(memory, elf_memory) \
  F(end, elf_end) \
  F(kind, elf_kind) \
  F(nextscn, elf_nextscn) \
  F(getshdrstrndx, elf_getshdrstrndx) \
  F(strptr, elf_strptr) \
  F(getshdr, gelf_getshdr)

/// Functions of libelf 1. All pointers are set once `elf_table_fill` has returned 1.
struct elf_table {
  ELF_FUNCTIONS(LIBRARY_TABLE_MEMBER)
};
LIBRARY_TABLE_FILLER(elf_table, ELF_FUNCTIONS)

#endif
