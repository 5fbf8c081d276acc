// Provides which pages of a process have ever been touched: PAGEMAP_SCAN of Linux 6.7, and holes of files.
#ifndef PAGE_SCAN_H
#define PAGE_SCAN_H

#include "gnu_source.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

// As in <linux/fs.h>, which older headers have without it.
struct page_scan_region {
  uint64_t start, end, categories;
};
struct page_scan_request {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGE_SCAN_PRESENT 8u
#define PAGE_SCAN_SWAPPED 16u
#define PAGE_SCAN_ZERO 32u

// Finds what lies in memory or in swap and is not the one page of zeros that reading maps. Returns the number of regions, or
// -1 with errno; `walked` is how far they reach.
static inline long page_scan(
    int file, uint64_t start, uint64_t end, struct page_scan_region *_Nonnull regions, size_t count,
    uint64_t *_Nonnull walked) {
  struct page_scan_request request = {
      .size = sizeof request,
      .start = start,
      .end = end,
      .vec = (uintptr_t)regions,
      .vec_len = count,
      .category_inverted = PAGE_SCAN_ZERO,
      .category_mask = PAGE_SCAN_ZERO,
      .category_anyof_mask = PAGE_SCAN_PRESENT | PAGE_SCAN_SWAPPED,
      .return_mask = PAGE_SCAN_PRESENT,
  };
  long found = ioctl(file, _IOWR('f', 16, struct page_scan_request), &request);
  *walked = request.walk_end;
  return found;
}

// Whether a file's bytes are memory and no disk.
static inline int file_is_in_memory(int file) {
  struct statfs status;
  return fstatfs(file, &status) == 0 && status.f_type == 0x01021994;
}

#endif
