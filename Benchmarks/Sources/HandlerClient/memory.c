// Provides a process with much memory, and the least that a dump of all of it can cost.
#define _GNU_SOURCE 1
#include "handler_client.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

void touch_memory(long mebibytes) {
  if (mebibytes <= 0) return;
  const size_t size = (size_t)mebibytes << 20;
  uint64_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  for (size_t i = 0; i < size / 8; i += 8) memory[i] = i * 0x9e3779b97f4a7c15u | 1;
}

int hold_memory(long mebibytes, long untouched) {
  touch_memory(mebibytes);
  if (untouched > 0) {
    void *memory = mmap(NULL, (size_t)untouched << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
  }
  puts("ready");
  fflush(stdout);
  // Until whoever started it has seen enough.
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}

int copy_memory(pid_t process, const char *target) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%d/maps", (int)process);
  FILE *maps = fopen(path, "r");
  if (!maps) fail(path);
  const int file = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail(target);
  const size_t size = 1 << 20;
  char *buffer = malloc(size);
  if (!buffer) fail("malloc");
  while (fgets(line, sizeof line, maps)) {
    uint64_t start, end;
    char flags[5];
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, flags) != 3 || flags[0] != 'r' || strstr(line, "[v"))
      continue;
    while (start < end) {
      const size_t wanted = end - start < size ? end - start : size;
      struct iovec local = {buffer, wanted}, remote = {(void *)(uintptr_t)start, wanted};
      const ssize_t count = process_vm_readv(process, &local, 1, &remote, 1, 0);
      if (count <= 0) break;
      if (write(file, buffer, (size_t)count) != count) fail("write");
      start += (uint64_t)count;
    }
  }
  fclose(maps);
  close(file);
  free(buffer);
  return 0;
}
