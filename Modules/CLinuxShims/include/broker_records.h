// Provides the records of the broker protocol: how a handler that may not look at a process itself asks a process that may.
// Byte layouts and conversation: docs/formats/handler-protocol.md.
#ifndef BROKER_RECORDS_H
#define BROKER_RECORDS_H

#include "gnu_source.h"

#include <stddef.h>
#include <stdint.h>

#define BROKER_VERSION 1

// Handler to broker: 24 bytes in one packet. A path follows in a packet of its own, without a NUL.
struct __attribute__((packed)) broker_request {
  uint16_t version;  // BROKER_VERSION
  uint16_t type;     // BROKER_*
  int32_t thread;
  uint64_t base;  // of memory; the length of the path otherwise
  uint64_t size;  // of memory
};
_Static_assert(sizeof(struct broker_request) == 24, "wire layout");

#define BROKER_ATTACH 0         // answer: one byte 1, or one byte 0 and then an errno
#define BROKER_IS_64_BIT 1      // answer: one byte
#define BROKER_THREAD_INFO 2    // answer: registers, and an errno when there are none
#define BROKER_READ_MEMORY 3    // answer: chunks
#define BROKER_READ_FILE 4      // answer: the result of the opening, then chunks
#define BROKER_LIST_DIRECTORY 5  // answer: the same, with the records of getdents64(2)
#define BROKER_EXIT 6           // no answer

// Results of an opening: 0, an errno, or these.
#define BROKER_ACCESS_DENIED (-2)
#define BROKER_TOO_LONG (-1)
// A chunk's count: 0 the end, -1 an error, whose number follows: an errno or this.
#define BROKER_READ_DENIED (-1)
#define BROKER_CHUNK 4096
#define BROKER_PATH 4096

#if defined(__x86_64__)
#define BROKER_REGISTERS_SIZE 216
#define BROKER_FLOATS_SIZE 512
#define BROKER_TLS_OFFSET 728
#elif defined(__aarch64__)
#define BROKER_REGISTERS_SIZE 272
#define BROKER_FLOATS_SIZE 528
#define BROKER_TLS_OFFSET 800
#else
#error "the broker protocol has no layout for this machine"
#endif

// General registers as the kernel's NT_PRSTATUS has them, floating-point registers, the thread's own pointer (8 bytes), one
// byte that says whether all that is there. Chromium 156 has 8 bytes more before the thread's pointer, which it does not
// use; Sentry 0.14 has not. The size of the packet tells which.
#define BROKER_THREAD_INFO_SIZE (BROKER_TLS_OFFSET + 9)
#define BROKER_PADDED_THREAD_INFO_SIZE (BROKER_TLS_OFFSET + 17)

#endif
