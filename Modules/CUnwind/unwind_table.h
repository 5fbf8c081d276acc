// Provides the functions of libunwind's remote interface as a table that is filled when the library is opened.
//
// No binary links libunwind: a process that never walks a stack must not pay for it, and one that does must be able to
// say that it is missing. The member types are taken from the installed header, so that a change there is an error here.
#ifndef CUNWIND_TABLE_H
#define CUNWIND_TABLE_H

// The same view of libc as in CLinuxShims: one Swift file imports both.
#include "../CLinuxShims/include/gnu_source.h"
#include "../CLinuxShims/include/library_table.h"

#include <libunwind-x86_64.h>
#include <stddef.h>

// Exported by every libunwind since 1.0 for its own libunwind-ptrace, though no header declares it: finds the FDE of `ip`
// in the sorted table of an .eh_frame_hdr that lies in the other process, and parses it.
#define unwind_search_unwind_table _Ux86_64_dwarf_search_unwind_table
extern int unwind_search_unwind_table(
    unw_addr_space_t _Nullable as, unw_word_t ip, unw_dyn_info_t *_Nonnull table, unw_proc_info_t *_Nonnull info,
    int need_unwind_info, void *_Nullable argument);

#define UNWIND_FUNCTIONS(F) \
  F(create_addr_space, unw_create_addr_space) \
  F(destroy_addr_space, unw_destroy_addr_space) \
  F(set_caching_policy, unw_set_caching_policy) \
  F(init_remote, unw_init_remote) \
  F(step, unw_step) \
  F(get_reg, unw_get_reg) \
  F(search_unwind_table, unwind_search_unwind_table)

/// Functions of libunwind 1.x for x86-64. All pointers are set once `unwind_table_fill` has returned 1.
struct unwind_table {
  UNWIND_FUNCTIONS(LIBRARY_TABLE_MEMBER)
};
LIBRARY_TABLE_FILLER(unwind_table, UNWIND_FUNCTIONS)

#endif
