// Provides a start of our own for threads that any module of the process makes: the slots through which modules call
// pthread_create and thrd_create lead here. Why slots: docs/adr/0005-thread-creation.md.
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

#include "crash_installation.h"
#include "csentry.h"

#if defined(__x86_64__)
enum { jump_slot = R_X86_64_JUMP_SLOT, address_slot = R_X86_64_GLOB_DAT };
#elif defined(__aarch64__)
enum { jump_slot = R_AARCH64_JUMP_SLOT, address_slot = R_AARCH64_GLOB_DAT };
#endif

typedef int (*create_function)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int (*c11_create_function)(thrd_t *, thrd_start_t, void *);
typedef void *(*symbol_function)(void *, const char *);

// What the slots led to; set before the first slot is changed.
static create_function real_create;
static c11_create_function real_c11_create;
static symbol_function real_symbol;

static pthread_mutex_t scanning = PTHREAD_MUTEX_INITIALIZER;
// How many modules had ever been loaded when their slots were last looked at.
static unsigned long long scanned;

// ---- The functions that slots lead to --------------------------------------------------------------------------------

struct start_request {
  void *(*routine)(void *);
  thrd_start_t c11_routine;
  void *argument;
};

static struct start_request take_request(void *parameter) {
  struct start_request request = *(struct start_request *)parameter;
  free(parameter);
  crash_thread_start start = crash_get_thread_start();
  if (start) start();
  return request;
}

static void *run_thread(void *parameter) {
  struct start_request request = take_request(parameter);
  return request.routine(request.argument);
}

static int run_c11_thread(void *parameter) {
  struct start_request request = take_request(parameter);
  return request.c11_routine(request.argument);
}

// `NULL`: the thread is made as if we were not there.
static struct start_request *make_request(void *(*routine)(void *), thrd_start_t c11_routine, void *argument) {
  if (!crash_get_thread_start()) return NULL;
  csentry_cover_new_modules();
  struct start_request *request = malloc(sizeof *request);
  if (request) *request = (struct start_request){routine, c11_routine, argument};
  return request;
}

static int create_covered(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument) {
  struct start_request *request = make_request(routine, NULL, argument);
  if (!request) return real_create(thread, attributes, routine, argument);
  int failure = real_create(thread, attributes, run_thread, request);
  if (failure) free(request);
  return failure;
}

static int create_c11_covered(thrd_t *thread, thrd_start_t routine, void *argument) {
  struct start_request *request = make_request(NULL, routine, argument);
  if (!request) return real_c11_create(thread, routine, argument);
  int result = real_c11_create(thread, run_c11_thread, request);
  if (result != thrd_success) free(request);
  return result;
}

// Whoever has loaded a module asks for its functions next, so its slots are in order before they are called. dlopen
// itself is left alone: it looks at who calls it. So does dlsym, which therefore is jumped to, not called.
static void *find_symbol(void *handle, const char *name) {
  if (crash_get_thread_start()) csentry_cover_new_modules();
  __attribute__((musttail)) return real_symbol(handle, name);
}

// ---- Slots -----------------------------------------------------------------------------------------------------------

// What can be written. That a slot cannot, after its module's relocation, its page alone says.
struct writable {
  uintptr_t start, end;
};
struct rights {
  struct writable *ranges;
  size_t count;
};

static int read_rights(struct rights *rights) {
  FILE *maps = fopen("/proc/self/maps", "re");
  if (!maps) return 0;
  size_t capacity = 0;
  char line[512], mode[5];
  unsigned long start, end;
  int is_start_of_line = 1;
  while (fgets(line, sizeof line, maps)) {
    int begins = is_start_of_line;
    is_start_of_line = strchr(line, '\n') != NULL;
    if (!begins || sscanf(line, "%lx-%lx %4s", &start, &end, mode) != 3 || mode[1] != 'w') continue;
    if (rights->count == capacity) {
      capacity = capacity ? capacity * 2 : 64;
      struct writable *more = realloc(rights->ranges, capacity * sizeof *more);
      if (!more) break;
      rights->ranges = more;
    }
    rights->ranges[rights->count++] = (struct writable){start, end};
  }
  fclose(maps);
  return 1;
}

static void set_slot(const struct rights *rights, uintptr_t address, uintptr_t target) {
  uintptr_t *slot = (uintptr_t *)address;
  if (address % sizeof target != 0 || __atomic_load_n(slot, __ATOMIC_RELAXED) == target) return;
  int is_writable = 0;
  for (size_t i = 0; i < rights->count && !is_writable; i++) {
    is_writable = address >= rights->ranges[i].start && address < rights->ranges[i].end;
  }
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = address & ~(page - 1);
  if (!is_writable && mprotect((void *)start, page, PROT_READ | PROT_WRITE) != 0) return;
  __atomic_store_n(slot, target, __ATOMIC_RELEASE);
  if (!is_writable) mprotect((void *)start, page, PROT_READ);
}

struct tables {
  uintptr_t base;
  const char *names;
  const ElfW(Sym) * symbols;
  const struct rights *rights;
};

static void look_through(const struct tables *tables, uintptr_t address, uint64_t size) {
  const ElfW(Rela) *entries = (const ElfW(Rela) *)address;
  if (!address) return;
  for (uint64_t i = 0; i < size / sizeof *entries; i++) {
    unsigned type = ELF64_R_TYPE(entries[i].r_info);
    if (type != jump_slot && type != address_slot) continue;
    const char *name = tables->names + tables->symbols[ELF64_R_SYM(entries[i].r_info)].st_name;
    uintptr_t target = strcmp(name, "pthread_create") == 0 && real_create ? (uintptr_t)create_covered
                       : strcmp(name, "thrd_create") == 0 && real_c11_create ? (uintptr_t)create_c11_covered
                       : strcmp(name, "dlsym") == 0 && real_symbol ? (uintptr_t)find_symbol
                                                                   : 0;
    if (target) set_slot(tables->rights, tables->base + entries[i].r_offset, target);
  }
}

static int cover_module(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  const ElfW(Dyn) *dynamic = NULL;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC) {
      dynamic = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    }
  }
  // The kernel's module calls nobody, and its tables are not relocated.
  if (!dynamic || (info->dlpi_name && strncmp(info->dlpi_name, "linux-vdso", 10) == 0)) return 0;
  struct tables tables = {info->dlpi_addr, NULL, NULL, data};
  uintptr_t jumps = 0, others = 0;
  uint64_t jumps_size = 0, others_size = 0;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    uintptr_t value = dynamic->d_un.d_ptr;
    // libc has made addresses of these; another loader may have left offsets.
    uintptr_t address = value < info->dlpi_addr ? value + info->dlpi_addr : value;
    switch (dynamic->d_tag) {
      case DT_STRTAB: tables.names = (const char *)address; break;
      case DT_SYMTAB: tables.symbols = (const ElfW(Sym) *)address; break;
      case DT_JMPREL: jumps = address; break;
      case DT_PLTRELSZ: jumps_size = value; break;
      case DT_RELA: others = address; break;
      case DT_RELASZ: others_size = value; break;
      default: break;
    }
  }
  if (!tables.names || !tables.symbols) return 0;
  look_through(&tables, jumps, jumps_size);
  look_through(&tables, others, others_size);
  return 0;
}

static int count_modules(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  *(unsigned long long *)data = info->dlpi_adds;
  return 1;
}

void csentry_cover_new_modules(void) {
  unsigned long long loaded = 0;
  dl_iterate_phdr(count_modules, &loaded);
  if (loaded == __atomic_load_n(&scanned, __ATOMIC_ACQUIRE)) return;
  // Who comes second need not wait: the first one does it all.
  if (pthread_mutex_trylock(&scanning) != 0) return;
  struct rights rights = {NULL, 0};
  if (read_rights(&rights)) {
    dl_iterate_phdr(cover_module, &rights);
    free(rights.ranges);
    __atomic_store_n(&scanned, loaded, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&scanning);
}

int csentry_cover_threads(void) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  return 0;
#endif
#endif
  // Slots must never lead to where nothing is: the library stays, whoever closes it.
  Dl_info self;
  if (!dladdr((const void *)csentry_cover_new_modules, &self) || !self.dli_fname) return 0;
  if (!dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)) return 0;
  // What a slot would lead to: the definition of whoever comes first, such as a sanitizer's runtime.
  real_create = (create_function)dlsym(RTLD_DEFAULT, "pthread_create");
  real_c11_create = (c11_create_function)dlsym(RTLD_DEFAULT, "thrd_create");
  real_symbol = (symbol_function)dlsym(RTLD_DEFAULT, "dlsym");
  if (!real_create) return 0;
  __atomic_store_n(&scanned, 0, __ATOMIC_RELEASE);
  csentry_cover_new_modules();
  return __atomic_load_n(&scanned, __ATOMIC_ACQUIRE) != 0;
}
