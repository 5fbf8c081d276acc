// Provides a start of our own for threads that any module of the process makes: the slots through which modules call
// pthread_create and thrd_create lead here. Why slots: docs/adr/0005-thread-creation.md.
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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
// Looks that came too early for a module. A module that is never ready, as another loader may have it, costs no more.
static int early_looks;
enum { most_early_looks = 64 };

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

// Another thread may be loading a module meanwhile: it is in the loader's list before it is relocated, and nothing of ours
// waits for that, since whoever starts a thread must not wait for a constructor. So a slot is changed only where the loader
// is done with it. In a program that opened libcurl in two threads, a page of a plugin of SASL, which had been mapped
// after its rights were looked at, was made read-only while the loader wrote its addresses there (scenario
// threads_while_modules_load).

// Whether the word can be written: the kernel ORs it with nothing, in one piece, and says so. No file of /proc is needed,
// and no memory; the loader's lock is held.
enum access { is_read_only, is_writable, is_unknown };
static enum access access_of(uintptr_t *word) {
  uint32_t nobody = 0;
  long woken = syscall(
      SYS_futex, &nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0, word, FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0));
  return woken >= 0 ? is_writable : errno == EFAULT ? is_read_only : is_unknown;
}

struct tables {
  uintptr_t base, size;
  const char *names;
  const ElfW(Sym) * symbols;
  // Pages that the loader protects when it has relocated the module.
  uintptr_t protected_start, protected_end;
  // Set when the module was not ready: another look is due.
  int *is_incomplete;
};

static void set_slot(const struct tables *tables, uintptr_t address, uintptr_t target) {
  uintptr_t *slot = (uintptr_t *)address;
  if (address % sizeof target != 0) return;
  uintptr_t value = __atomic_load_n(slot, __ATOMIC_RELAXED);
  if (value == target) return;
  // What the file has there: nothing, or an address of the module, to which the loader will add the base.
  if (value == 0 || (tables->base != 0 && value < tables->size)) {
    *tables->is_incomplete = 1;
    return;
  }
  int is_protected = address >= tables->protected_start && address < tables->protected_end;
  enum access access = access_of(slot);
  if (is_protected && access == is_writable) *tables->is_incomplete = 1;
  // A page that is read-only for a reason that is not known here is left alone.
  if (access != (is_protected ? is_read_only : is_writable)) return;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = address & ~(page - 1);
  if (is_protected && mprotect((void *)start, page, PROT_READ | PROT_WRITE) != 0) return;
  // Not over what a first call has found meanwhile; it is there the next time.
  __atomic_compare_exchange_n(slot, &value, target, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
  if (is_protected) mprotect((void *)start, page, PROT_READ);
}

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
    if (target) set_slot(tables, tables->base + entries[i].r_offset, target);
  }
}

// While it runs the list stays as it is: each module in it is mapped, and none is unmapped.
static int cover_module(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  const ElfW(Dyn) *dynamic = NULL;
  struct tables tables = {info->dlpi_addr, 0, NULL, NULL, 0, 0, data};
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_DYNAMIC) dynamic = (const ElfW(Dyn) *)start;
    if (header->p_type == PT_LOAD && header->p_vaddr + header->p_memsz > tables.size) {
      tables.size = header->p_vaddr + header->p_memsz;
    }
    if (header->p_type == PT_GNU_RELRO) {
      // The loader rounds both ends down.
      uintptr_t mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
      tables.protected_start = start & mask;
      tables.protected_end = (start + header->p_memsz) & mask;
    }
  }
  // The kernel's module calls nobody, and its tables are not relocated.
  if (!dynamic || (info->dlpi_name && strncmp(info->dlpi_name, "linux-vdso", 10) == 0)) return 0;
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
  int is_incomplete = 0, error = errno;
  dl_iterate_phdr(cover_module, &is_incomplete);
  errno = error;
  early_looks = is_incomplete ? early_looks + 1 : 0;
  if (!is_incomplete || early_looks >= most_early_looks) {
    early_looks = 0;
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
  return 1;
}
