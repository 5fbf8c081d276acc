// Provides the functions of libdw as a table that is filled when the library is opened.
//
// libdw is optional: without it frames have names and no source lines. The member types are taken from the installed
// header.
#ifndef CDWARF_TABLE_H
#define CDWARF_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stddef.h>

/// Functions of libdw 1. All pointers are set once `dwarf_table_fill` has returned 1.
struct dwarf_table {
  __typeof__(&dwarf_begin) _Null_unspecified begin;
  __typeof__(&dwarf_end) _Null_unspecified end;
  __typeof__(&dwarf_nextcu) _Null_unspecified nextcu;
  __typeof__(&dwarf_offdie) _Null_unspecified offdie;
  __typeof__(&dwarf_ranges) _Null_unspecified ranges;
  __typeof__(&dwarf_getscopes) _Null_unspecified getscopes;
  __typeof__(&dwarf_getscopes_die) _Null_unspecified getscopes_die;
  __typeof__(&dwarf_dieoffset) _Null_unspecified dieoffset;
  __typeof__(&dwarf_tag) _Null_unspecified tag;
  __typeof__(&dwarf_attr_integrate) _Null_unspecified attr_integrate;
  __typeof__(&dwarf_formstring) _Null_unspecified formstring;
  __typeof__(&dwarf_formudata) _Null_unspecified formudata;
  __typeof__(&dwarf_getsrc_die) _Null_unspecified getsrc_die;
  __typeof__(&dwarf_getsrcfiles) _Null_unspecified getsrcfiles;
  __typeof__(&dwarf_filesrc) _Null_unspecified filesrc;
  __typeof__(&dwarf_linesrc) _Null_unspecified linesrc;
  __typeof__(&dwarf_lineno) _Null_unspecified lineno;
};

/// Fills `table` from `lookup`, which returns the address of a symbol or NULL. Returns 1 when nothing is missing.
static inline int dwarf_table_fill(
    struct dwarf_table *_Nonnull table, void *_Nullable (*_Nonnull lookup)(const char *_Nonnull, void *_Nullable),
    void *_Nullable argument) {
  *(void **)&table->begin = lookup("dwarf_begin", argument);
  *(void **)&table->end = lookup("dwarf_end", argument);
  *(void **)&table->nextcu = lookup("dwarf_nextcu", argument);
  *(void **)&table->offdie = lookup("dwarf_offdie", argument);
  *(void **)&table->ranges = lookup("dwarf_ranges", argument);
  *(void **)&table->getscopes = lookup("dwarf_getscopes", argument);
  *(void **)&table->getscopes_die = lookup("dwarf_getscopes_die", argument);
  *(void **)&table->dieoffset = lookup("dwarf_dieoffset", argument);
  *(void **)&table->tag = lookup("dwarf_tag", argument);
  *(void **)&table->attr_integrate = lookup("dwarf_attr_integrate", argument);
  *(void **)&table->formstring = lookup("dwarf_formstring", argument);
  *(void **)&table->formudata = lookup("dwarf_formudata", argument);
  *(void **)&table->getsrc_die = lookup("dwarf_getsrc_die", argument);
  *(void **)&table->getsrcfiles = lookup("dwarf_getsrcfiles", argument);
  *(void **)&table->filesrc = lookup("dwarf_filesrc", argument);
  *(void **)&table->linesrc = lookup("dwarf_linesrc", argument);
  *(void **)&table->lineno = lookup("dwarf_lineno", argument);
  return table->begin && table->end && table->nextcu && table->offdie && table->ranges && table->getscopes &&
         table->getscopes_die && table->dieoffset &&
         table->tag && table->attr_integrate && table->formstring && table->formudata &&
         table->getsrc_die && table->getsrcfiles && table->filesrc && table->linesrc && table->lineno;
}

#endif
