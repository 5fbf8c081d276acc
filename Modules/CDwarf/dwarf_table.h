// Provides the functions of libdw as a table that is filled when the library is opened.
//
// libdw is optional: without it frames have names and no source lines. The member types are taken from the installed
// header.
#ifndef CDWARF_TABLE_H
#define CDWARF_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"
#include "../CLinuxShims/include/library_table.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>
#include <stddef.h>

// libelf is what libdw is made of: its functions are found through libdw.
#define DWARF_FUNCTIONS(F) \
  F(elf_version, elf_version) \
  F(elf_memory, elf_memory) \
  F(elf_end, elf_end) \
  F(begin, dwarf_begin) \
  F(begin_elf, dwarf_begin_elf) \
  F(end, dwarf_end) \
  F(nextcu, dwarf_nextcu) \
  F(offdie, dwarf_offdie) \
  F(ranges, dwarf_ranges) \
  F(child, dwarf_child) \
  F(siblingof, dwarf_siblingof) \
  F(haspc, dwarf_haspc) \
  F(dieoffset, dwarf_dieoffset) \
  F(tag, dwarf_tag) \
  F(attr_integrate, dwarf_attr_integrate) \
  F(formstring, dwarf_formstring) \
  F(formudata, dwarf_formudata) \
  F(getsrc_die, dwarf_getsrc_die) \
  F(getsrcfiles, dwarf_getsrcfiles) \
  F(filesrc, dwarf_filesrc) \
  F(linesrc, dwarf_linesrc) \
  F(lineno, dwarf_lineno)

/// Functions of libdw 1. All pointers are set once `dwarf_table_fill` has returned 1.
struct dwarf_table {
  DWARF_FUNCTIONS(LIBRARY_TABLE_MEMBER)
};
LIBRARY_TABLE_FILLER(dwarf_table, DWARF_FUNCTIONS)

#endif
