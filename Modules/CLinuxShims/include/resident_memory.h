// Provides what a process that only waits gives back: madvise(2) on what it has of files.
#ifndef RESIDENT_MEMORY_H
#define RESIDENT_MEMORY_H

#include "gnu_source.h"
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

// Advises the kernel on the parts of a loaded object that nobody writes: code, constants and symbols.
static int resident_advise_object(struct dl_phdr_info *_Nonnull object, size_t size, void *_Nonnull advice) {
  (void)size;
  uintptr_t rest = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_W)) continue;
    uintptr_t first = (object->dlpi_addr + part->p_vaddr) & ~rest;
    uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + rest) & ~rest;
    madvise((void *)first, end - first, *(int *)advice);
  }
  return 0;
}

static inline void resident_advise(int advice) { dl_iterate_phdr(resident_advise_object, &advice); }

// The pages are in the kernel's cache of files and only leave this process's tables.
static inline void resident_release(void) {
  malloc_trim(0);
  resident_advise(MADV_DONTNEED);
}

#endif
