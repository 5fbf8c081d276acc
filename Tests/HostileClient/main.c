// Provides a client of a shared handler that owns its memory layout, and means no good.
//
// Usage: HostileClient SOCKET MODE SEED
// Says "ready" when everything lies as it is to lie, asks for dumps of itself, and says how often it was released.
//   registers   contexts whose registers point anywhere, records full of bad pointers
//   circles     a list of modules without an end, program headers and dynamic sections that lie about sizes
//   changing    the same memory all the time rewritten, mapped and unmapped by a process that is not stopped
//   mappings    as many mappings as the kernel gives
//   names       threads, files and mappings with names of any bytes
//   requests    dump requests without an end, for addresses that lead nowhere, without waiting
//   silence     a channel for the conversation, on which nobody answers
//   babble      the same, with an answer of random bytes to everything
//   words       packets of every kind with random content
#define _GNU_SOURCE 1
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// docs/formats/handler-protocol.md
struct __attribute__((packed)) exception_information {
  uint64_t siginfo, context;
  int32_t thread;
};
struct __attribute__((packed)) message {
  int32_t version;
  uint32_t type;
  uint64_t stack, exception, sanitization, time;
};
#define CHANNEL_MARK UINT64_C(0x6c6e616843577753)

static int handler = -1;
static uint64_t state;

static uint64_t any(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

// Addresses that break arithmetic, or that are somewhere.
static uint64_t address(void) {
  static char here[1 << 16];
  uint64_t known[] = {
      0,          1,          4095,        ~0ull,           ~0ull - 7,          1ull << 63, (1ull << 47) - 1, 1ull << 47,
      ~0ull << 47, (uint64_t)(uintptr_t)here, (uint64_t)(uintptr_t)&known, (uint64_t)(uintptr_t)here + sizeof here - 4,
      (uint64_t)(uintptr_t)address, 0xffffffffff600000ull};
  uint64_t pick = any() % (sizeof known / sizeof *known + 2);
  return pick < sizeof known / sizeof *known ? known[pick] : any();
}

static void say(const char *text) {
  if (write(1, text, strlen(text)) < 0) _exit(4);
}

static int send_request(uint64_t record, uint64_t stack, uint64_t sanitization, int channel, int flags) {
  struct message message = {1, 1, stack, record, sanitization, channel >= 0 ? CHANNEL_MARK : 0};
  struct iovec part = {&message, sizeof message};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
  if (channel >= 0) {
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &channel, sizeof channel);
  }
  return sendmsg(handler, &header, flags | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int wait_for_release(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCONT);
  struct timespec limit = {60, 0};
  for (;;) {
    int result = sigtimedwait(&set, NULL, &limit);
    if (result == SIGCONT) return 1;
    if (errno != EINTR) return 0;
  }
}

static siginfo_t information;
static ucontext_t context;
static struct exception_information record;

// Asks for one dump with what the record says, and waits.
static int ask(void) {
  if (send_request((uint64_t)(uintptr_t)&record, (uint64_t)(uintptr_t)&record, 0, -1, 0)) return 0;
  return wait_for_release();
}

static void prepare_record(void) {
  memset(&information, 0, sizeof information);
  information.si_signo = SIGSEGV;
  information.si_code = 1;
  getcontext(&context);
  record = (struct exception_information){
      (uint64_t)(uintptr_t)&information, (uint64_t)(uintptr_t)&context, (int32_t)syscall(SYS_gettid)};
}

static int registers(void) {
  int released = 0;
  for (int round = 0; round < 12; round++) {
    prepare_record();
    for (int index = 0; index < NGREG; index++) context.uc_mcontext.gregs[index] = (greg_t)address();
    if (round % 3 == 1) context.uc_mcontext.fpregs = (void *)(uintptr_t)address();
    if (round % 4 == 2) record.siginfo = address();
    if (round % 4 == 3) record.context = address();
    if (round % 5 == 4) record.thread = (int32_t)any();
    released += ask();
  }
  return released;
}

static int spoil(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size;
  (void)unused;
  if (!info->dlpi_phdr || info->dlpi_phnum == 0) return 0;
  uintptr_t page = (uintptr_t)info->dlpi_phdr & ~(uintptr_t)4095;
  size_t length = ((uintptr_t)(info->dlpi_phdr + info->dlpi_phnum) - page + 4095) & ~(size_t)4095;
  // The vDSO and the loader's own pages may refuse.
  if (mprotect((void *)page, length, PROT_READ | PROT_WRITE | PROT_EXEC)) return 0;
  ElfW(Phdr) *headers = (ElfW(Phdr) *)info->dlpi_phdr;
  for (int index = 0; index < info->dlpi_phnum; index++) {
    switch (any() % 4) {
      case 0: headers[index].p_memsz = headers[index].p_filesz = any(); break;
      case 1: headers[index].p_vaddr = address(); break;
      case 2: headers[index].p_type = any() % 8; break;
      default: break;
    }
  }
  ElfW(Ehdr) *header = (ElfW(Ehdr) *)page;
  if (!memcmp(header->e_ident, ELFMAG, SELFMAG)) {
    if (any() % 2) header->e_phnum = 0xffff;
    if (any() % 4 == 0) header->e_phoff = any();
    if (any() % 4 == 0) header->e_phentsize = 0;
  }
  return 0;
}

static struct dl_phdr_info images[64];
static int image_count;

static int collect(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size;
  (void)unused;
  if (image_count < 64) images[image_count++] = *info;
  return 0;
}

static int circles(void) {
  // The loader itself would walk in the circle for ever.
  dl_iterate_phdr(collect, NULL);
  prepare_record();
  int released = ask();
  struct link_map *first = _r_debug.r_map;
  struct link_map *last = first;
  while (last->l_next) last = last->l_next;
  last->l_next = first;
  released += ask();
  // Names without an end, dynamic sections anywhere, a circle of one.
  static char long_name[1 << 20];
  memset(long_name, 'x', sizeof long_name);
  first->l_name = long_name;
  first->l_ld = (ElfW(Dyn) *)(uintptr_t)address();
  first->l_addr = address();
  last->l_next = last;
  last->l_name = (char *)(uintptr_t)address();
  released += ask();
  _r_debug.r_map = (struct link_map *)(uintptr_t)address();
  for (int index = 0; index < image_count; index++) spoil(&images[index], 0, NULL);
  released += ask();
  return released;
}

static volatile int ended;
static char *shared;
#define SHARED_SIZE (4u << 20)

static int change(void *argument) {
  // It would live on when the first one is killed, and hold the handler.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  uint64_t own = *(uint64_t *)argument;
  while (!ended) {
    own = own * 6364136223846793005ull + 1;
    size_t offset = (own >> 20) % (SHARED_SIZE - 64);
    memcpy(shared + offset, &own, sizeof own);
    memcpy(&context.uc_mcontext.gregs[own % NGREG], &own, sizeof own);
    if (own % 16 == 0) {
      char *page = shared + (offset & ~(size_t)4095);
      munmap(page, 4096);
      mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    if (own % 64 == 1) {
      void *more = mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (more != MAP_FAILED) munmap(more, 1 << 16);
    }
  }
  return 0;
}

static int changing(void) {
  shared = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // Another process in this memory: who stops all threads of this one does not stop it.
  static char stack[1 << 16] __attribute__((aligned(16)));
  uint64_t seed = any();
  int child = clone(change, stack + sizeof stack, CLONE_VM | SIGCHLD, &seed);
  if (child < 0) return 0;
  int released = 0;
  // Its stack lies in what changes, and is full of pointers into it.
  for (int round = 0; round < 8; round++) {
    prepare_record();
    context.uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)(shared + (any() % (SHARED_SIZE / 2) & ~15ull));
    for (size_t offset = 0; offset < SHARED_SIZE; offset += 4096) {
      char *page = mmap(shared + offset, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      // The other one may have taken the page away again: writing to it must not end this process.
      uint64_t word = (uint64_t)(uintptr_t)(shared + any() % SHARED_SIZE);
      struct iovec from = {&word, sizeof word}, to = {page, sizeof word};
      if (page != MAP_FAILED) process_vm_writev(getpid(), &from, 1, &to, 1, 0);
    }
    released += ask();
  }
  ended = 1;
  while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR) {
  }
  return released;
}

static int mappings(void) {
  // Pages of different access do not become one mapping. The kernel has a limit for each process.
  size_t most = 1100000;
  char *area = mmap(NULL, most * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  size_t count = 0;
  while (area != MAP_FAILED && count < most && mprotect(area + count * 4096, 4096, PROT_READ) == 0) count += 2;
  // Room for what the answer needs.
  for (size_t index = 0; area != MAP_FAILED && index < 64 && index * 2 < count; index++)
    mprotect(area + index * 2 * 4096, 4096, PROT_NONE);
  prepare_record();
  return ask();
}

static void *named(void *argument) {
  char name[16] = {0};
  uint64_t seed = (uint64_t)(uintptr_t)argument * 0x9e3779b97f4a7c15ull;
  for (int index = 0; index < 15; index++) name[index] = (char)((seed >> (index * 4)) | 1);
  prctl(PR_SET_NAME, name);
  for (;;) pause();
}

static int names(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1 << 16);
  for (uintptr_t index = 1; index < 65; index++) {
    pthread_t thread;
    pthread_create(&thread, &attributes, named, (void *)index);
  }
  const char *temporary = getenv("TMPDIR");
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%s/hostile-names-XXXXXX", temporary && *temporary ? temporary : "/tmp");
  if (!mkdtemp(folder)) return 0;
  int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int round = 0; round < 64; round++) {
    char name[256] = {0};
    int length = round < 4 ? 255 : 1 + (int)(any() % 250);
    for (int index = 0; index < length; index++) {
      do name[index] = (char)any();
      while (name[index] == '/' || name[index] == 0);
    }
    if (round % 8 == 0) memcpy(name, "\n7f0000000000-7f0000001000 r-xp 0 0:0 0 ", 40);
    if (round % 8 == 1) memcpy(name, " (deleted)\n", 11);
    int file = openat(place, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) continue;
    // A module whose name and content are anything.
    char page[4096];
    for (size_t index = 0; index < sizeof page; index++) page[index] = (char)any();
    memcpy(page, ELFMAG "\2\1\1", 7);
    if (write(file, page, sizeof page) < 0) return 0;
    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    close(file);
    unlinkat(place, name, 0);
  }
  rmdir(folder);
  prepare_record();
  return ask();
}

static int requests(void) {
  int sent = 0;
  for (int round = 0; round < 400; round++) {
    prepare_record();
    int result;
    do {
      result = send_request(address(), address(), any() % 4 ? 0 : address(), -1, MSG_DONTWAIT);
      if (result == -EAGAIN) sched_yield();
    } while (result == -EAGAIN);
    sent += result == 0;
  }
  return sent;
}

static int silence(int babbles) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) return 0;
  prepare_record();
  // Nothing can be traced, so that the handler has to ask.
  prctl(PR_SET_DUMPABLE, 0);
  if (send_request((uint64_t)(uintptr_t)&record, (uint64_t)(uintptr_t)&record, 0, ends[1], 0)) return 0;
  close(ends[1]);
  char packet[4096];
  ssize_t count;
  int heard = 0;
  // Until the handler gives up.
  while ((count = recv(ends[0], packet, sizeof packet, 0)) > 0) {
    heard++;
    if (!babbles) continue;
    for (int answer = 0; answer < 3; answer++) {
      size_t length = 1 + any() % sizeof packet;
      for (size_t index = 0; index < length; index++) packet[index] = (char)any();
      if (send(ends[0], packet, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    }
  }
  return heard > 0;
}

static int words(void) {
  static char packet[1 << 16];
  int sent = 0;
  for (int round = 0; round < 2000; round++) {
    size_t length = any() % 3 == 0 ? 4112 : any() % 3 == 0 ? 40 : any() % sizeof packet;
    for (size_t index = 0; index < length && index < 8192; index++) packet[index] = (char)any();
    int32_t version = any() % 4 == 0 ? (int32_t)any() : 1;
    // No kind that would do something in files: those of the owner are tested elsewhere.
    uint32_t kinds[] = {0, 2, 3, 4, 5, 6, 0x53570001u, 0x53570002u, (uint32_t)any() | 0x100};
    uint32_t kind = kinds[any() % (sizeof kinds / sizeof *kinds)];
    memcpy(packet, &version, 4);
    memcpy(packet + 4, &kind, 4);
    ssize_t result;
    do result = send(handler, packet, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (result < 0 && errno == EAGAIN && sched_yield() == 0);
    sent += result >= 0;
  }
  return sent;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  handler = atoi(arguments[1]);
  state = strtoull(arguments[3], NULL, 10) * 0x9e3779b97f4a7c15ull | 1;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCONT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  const char *mode = arguments[2];
  int result = -1;
  if (!strcmp(mode, "registers")) result = registers();
  if (!strcmp(mode, "circles")) result = circles();
  if (!strcmp(mode, "changing")) result = changing();
  if (!strcmp(mode, "mappings")) result = mappings();
  if (!strcmp(mode, "names")) result = names();
  if (!strcmp(mode, "requests")) result = requests();
  if (!strcmp(mode, "silence")) result = silence(0);
  if (!strcmp(mode, "babble")) result = silence(1);
  if (!strcmp(mode, "words")) result = words();
  if (result < 0) return 2;
  char text[64] = "answered 00000\n";
  for (int index = 13, rest = result; index > 8; index--, rest /= 10) text[index] = (char)('0' + rest % 10);
  say(text);
  // The loader's tables are spoilt: no exit handlers.
  _exit(0);
}
