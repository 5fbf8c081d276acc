// Provides the modules that are loaded in this process.
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csentry.h"

struct visit {
  csentry_module_function function;
  void *context;
};

static uint64_t aligned(uint64_t offset) { return (offset + 3) & ~(uint64_t)3; }

// The build ID in a segment of notes, which is mapped.
static const unsigned char *find_build_id(const unsigned char *notes, uint64_t size, uint64_t *length) {
  uint64_t offset = 0;
  while (size - offset >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    memcpy(&note, notes + offset, sizeof note);
    uint64_t name = offset + sizeof note, description = name + aligned(note.n_namesz);
    if (description > size || note.n_descsz > size - description) return NULL;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0) {
      *length = note.n_descsz;
      return notes + description;
    }
    offset = description + aligned(note.n_descsz);
    if (offset > size) return NULL;
  }
  return NULL;
}

static int visit_module(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  const struct visit *visit = data;
  uint64_t start = UINT64_MAX, end = 0, page = (uint64_t)sysconf(_SC_PAGESIZE);
  const unsigned char *build_id = NULL;
  uint64_t length = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type == PT_LOAD) {
      uint64_t from = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
      uint64_t to = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz + page - 1) & ~(page - 1);
      if (from < start) start = from;
      if (to > end) end = to;
    } else if (segment->p_type == PT_NOTE && !build_id) {
      build_id = find_build_id(
          (const unsigned char *)(uintptr_t)(info->dlpi_addr + segment->p_vaddr), segment->p_memsz, &length);
    }
  }
  if (end <= start) return 0;
  const char *name = info->dlpi_name ? info->dlpi_name : "";
  char executable[4096];
  if (!*name) {
    // The program itself; nothing else has no name.
    ssize_t read = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (read <= 0) return 0;
    executable[read] = 0;
    name = executable;
  } else if (strncmp(name, "linux-vdso", 10) == 0) {
    name = "linux-gate.so";
  }
  visit->function(visit->context, name, start, end - start, build_id, length);
  return 0;
}

void csentry_visit_modules(csentry_module_function function, void *context) {
  struct visit visit = {function, context};
  dl_iterate_phdr(visit_module, &visit);
}

// ---- Modules without a build ID --------------------------------------------------------------------------------------

// Adds up the first page of the section `.text`, 16 bytes at a time.
static int hash_file(const unsigned char *file, uint64_t size, unsigned char *sum) {
  enum { page = 4096, width = 16 };
  ElfW(Ehdr) head;
  if (size < sizeof head) return 0;
  memcpy(&head, file, sizeof head);
  if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_shentsize != sizeof(ElfW(Shdr))) return 0;
  if (head.e_shoff > size || (uint64_t)head.e_shnum * sizeof(ElfW(Shdr)) > size - head.e_shoff) return 0;
  if (head.e_shstrndx >= head.e_shnum) return 0;
  ElfW(Shdr) names, section;
  memcpy(&names, file + head.e_shoff + head.e_shstrndx * sizeof names, sizeof names);
  if (names.sh_offset > size || names.sh_size > size - names.sh_offset) return 0;
  for (unsigned i = 0; i < head.e_shnum; i++) {
    memcpy(&section, file + head.e_shoff + i * sizeof section, sizeof section);
    if (section.sh_name >= names.sh_size || names.sh_size - section.sh_name < sizeof ".text") continue;
    if (memcmp(file + names.sh_offset + section.sh_name, ".text", sizeof ".text") != 0) continue;
    if (section.sh_offset > size || section.sh_size > size - section.sh_offset) return 0;
    uint64_t length = section.sh_size < page ? section.sh_size : page;
    memset(sum, 0, width);
    for (uint64_t j = 0; j < length; j++) sum[j % width] ^= file[section.sh_offset + j];
    return length > 0;
  }
  return 0;
}

int csentry_hash_text(const char *path, unsigned char *sum) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  int is_found = 0;
  if (file < 0) return 0;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    uint64_t size = (uint64_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes != MAP_FAILED) {
      is_found = hash_file(bytes, size, sum);
      munmap(bytes, size);
    }
  }
  close(file);
  return is_found;
}
