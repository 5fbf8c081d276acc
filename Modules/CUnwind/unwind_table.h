// Provides the functions of libunwind's remote interface as a table that is filled when the library is opened.
//
// No binary links libunwind: a process that never walks a stack must not pay for it, and one that does must be able to
// say that it is missing. The member types are taken from the installed header, so that a change there is an error here.
#ifndef CUNWIND_TABLE_H
#define CUNWIND_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"

#include <libunwind-x86_64.h>
#include <stddef.h>

/// Functions of libunwind 1.x for x86-64. All pointers are set once `unwind_table_fill` has returned 1.
struct unwind_table {
  __typeof__(&unw_create_addr_space) _Null_unspecified create_addr_space;
  __typeof__(&unw_destroy_addr_space) _Null_unspecified destroy_addr_space;
  __typeof__(&unw_set_caching_policy) _Null_unspecified set_caching_policy;
  __typeof__(&unw_init_remote) _Null_unspecified init_remote;
  __typeof__(&unw_step) _Null_unspecified step;
  __typeof__(&unw_get_reg) _Null_unspecified get_reg;
  // Exported by every libunwind since 1.0 for its own libunwind-ptrace, though no header declares it: finds the FDE of
  // `ip` in the sorted table of an .eh_frame_hdr that lies in the other process, and parses it.
  int (*_Null_unspecified search_unwind_table)(
      unw_addr_space_t _Nullable as, unw_word_t ip, unw_dyn_info_t *_Nonnull table, unw_proc_info_t *_Nonnull info,
      int need_unwind_info, void *_Nullable argument);
};

/// Fills `table` from `lookup`, which returns the address of a symbol or NULL. Returns 1 when nothing is missing.
static inline int unwind_table_fill(
    struct unwind_table *_Nonnull table, void *_Nullable (*_Nonnull lookup)(const char *_Nonnull, void *_Nullable),
    void *_Nullable argument) {
  *(void **)&table->create_addr_space = lookup("_Ux86_64_create_addr_space", argument);
  *(void **)&table->destroy_addr_space = lookup("_Ux86_64_destroy_addr_space", argument);
  *(void **)&table->set_caching_policy = lookup("_Ux86_64_set_caching_policy", argument);
  *(void **)&table->init_remote = lookup("_Ux86_64_init_remote", argument);
  *(void **)&table->step = lookup("_Ux86_64_step", argument);
  *(void **)&table->get_reg = lookup("_Ux86_64_get_reg", argument);
  *(void **)&table->search_unwind_table = lookup("_Ux86_64_dwarf_search_unwind_table", argument);
  return table->create_addr_space && table->destroy_addr_space && table->set_caching_policy && table->init_remote &&
         table->step && table->get_reg && table->search_unwind_table;
}

#endif
