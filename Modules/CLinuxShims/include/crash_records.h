// Provides the records that the crashing thread writes: what it tells the handler on the socket, and the static record
// that the handler reads out of the dead process. Byte layouts: docs/formats/handler-protocol.md.
#ifndef CRASH_RECORDS_H
#define CRASH_RECORDS_H

#include "gnu_source.h"

#include <stddef.h>
#include <stdint.h>

// A declaration that carries this may be called from Swift code that is compiled under @_noLocks @_noAllocation.
#ifndef CRASH_SAFE
#define CRASH_SAFE __attribute__((swift_attr("@_noLocks"), swift_attr("@_noAllocation")))
#endif

// Where and why a process stopped, as every Crashpad handler reads it: 20 bytes at the address that a dump request
// names. 64-bit addresses also in a 32-bit process.
struct __attribute__((packed)) crash_exception_information {
  uint64_t siginfo_address;   // siginfo_t
  uint64_t ucontext_address;  // ucontext_t
  int32_t thread_id;          // as seen in the client's PID namespace
};
_Static_assert(sizeof(struct crash_exception_information) == 20, "wire layout");

// "SwiftCrs" in memory order: says that the bytes after the 20 of the exception information are an extension of ours.
#define CRASH_RECORD_MAGIC 0x7372437466697753ull
#define CRASH_RECORD_VERSION 1

// Bits of crash_record.flags.
#define CRASH_RECORD_SIMULATED 1u  // a dump without a crash: the process lives on
#define CRASH_RECORD_WILL_DECIDE 2u  // the client says after the dump whether the report is kept

// The client's record: Crashpad's exception information, followed by what only our handler understands. A foreign
// handler reads the first 20 bytes and nothing more; our handler believes the rest only when magic and size fit.
struct __attribute__((packed, aligned(8))) crash_record {
  struct crash_exception_information exception;  // 0
  uint32_t size;                                 // 20: bytes of this whole record
  uint64_t magic;                                // 24: CRASH_RECORD_MAGIC
  uint32_t version;                              // 32: CRASH_RECORD_VERSION
  uint32_t flags;                                // 36: CRASH_RECORD_*
  uint64_t fatal_message_slot;  // 40: address of the Swift runtime's pointer to its last fatal message, or 0
  int64_t crash_time;           // 48: CLOCK_REALTIME in nanoseconds when the signal arrived, or 0
  uint64_t request_count;       // 56: dumps requested so far by this process, this one included
  uint8_t report_id[16];        // 64: the identifier that the report takes, big-endian; zero: the handler chooses
  uint64_t reserved[6];         // 80
};
_Static_assert(sizeof(struct crash_record) == 128, "wire layout");
_Static_assert(offsetof(struct crash_record, report_id) == 64, "wire layout");
_Static_assert(offsetof(struct crash_record, fatal_message_slot) == 40, "wire layout");

// Client to handler, upstream's dialect: exactly 40 bytes in one packet.
struct __attribute__((packed)) crash_client_information {
  uint64_t exception_information_address;
  uint64_t sanitization_information_address;  // 0: nothing is filtered
  uint64_t crash_loop_before_time;            // seconds; 0 everywhere but on ChromeOS
};
struct __attribute__((packed)) crash_client_message {
  int32_t version;         // 1
  uint32_t type;           // CRASH_CLIENT_*
  uint64_t stack_address;  // an address on the requesting thread's current stack
  struct crash_client_information information;
};
_Static_assert(sizeof(struct crash_client_message) == 40, "wire layout");

// Client to handler, Sentry's dialect: the same start, padded to 4112 bytes; a write carries more behind it.
struct __attribute__((packed)) crash_sentry_client_message {
  int32_t version;
  uint32_t type;
  uint64_t stack_address;
  union {
    struct crash_client_information information;
    struct __attribute__((packed)) {
      uint32_t path_size;     // NUL included: 1 ... 4096
      uint32_t payload_size;  // at most CRASH_MAXIMUM_PAYLOAD
      uint32_t operation;     // CRASH_WRITE_*
    } write;
    char path[4096];  // NUL-terminated
  };
};
_Static_assert(sizeof(struct crash_sentry_client_message) == 4112, "wire layout");

#define CRASH_CLIENT_CHECK_CREDENTIALS 0u
#define CRASH_CLIENT_DUMP_REQUEST 1u
#define CRASH_CLIENT_ADD_ATTACHMENT 2u
#define CRASH_CLIENT_REMOVE_ATTACHMENT 3u
#define CRASH_CLIENT_REQUEST_RETRY 4u
#define CRASH_CLIENT_WRITE_ATTACHMENT 5u
// Ours alone: what a client that was to decide has decided. Its `stack_address` is a CRASH_VERDICT_*.
#define CRASH_CLIENT_VERDICT 0x53570001u
#define CRASH_VERDICT_KEEP 0u
#define CRASH_VERDICT_CHANGED 1u  // keep, and read the event's file again
#define CRASH_VERDICT_DISCARD 2u
#define CRASH_WRITE_REPLACE 0u
#define CRASH_WRITE_APPEND 1u
#define CRASH_MAXIMUM_PAYLOAD 196608u

// Handler to client: 8 bytes in one packet.
struct __attribute__((packed)) crash_server_message {
  uint32_t type;       // CRASH_SERVER_*
  int32_t process_id;  // see docs/formats/handler-protocol.md; foreign handlers send 0 with credentials
};
_Static_assert(sizeof(struct crash_server_message) == 8, "wire layout");

#define CRASH_SERVER_CREDENTIALS 0u
#define CRASH_SERVER_FORK_BROKER 1u
#define CRASH_SERVER_SET_PTRACER 2u
#define CRASH_SERVER_DUMP_COMPLETE 3u
#define CRASH_SERVER_DUMP_FAILED 4u
// Ours: "answer the requests of the broker protocol yourself, about yourself." `process_id` is 0.
#define CRASH_SERVER_SERVE_MEMORY 0x53570001u

// Stands in the process_id of our handler's credentials. The low 16 bits are the version of what it understands.
#define CRASH_HANDLER_MARK 0x53570002
// Handlers from this version on take a channel: a socket of the client's own, sent along with its dump request, on
// which they speak as on a private connection.
#define CRASH_HANDLER_TAKES_CHANNEL 2
// Stands in the crash_loop_before_time of a request that a channel comes with.
#define CRASH_CHANNEL_MARK 0x6c6e616843577753ull

// The one record of this process. Weak with an initialiser, behind an accessor: a `static` variable in a header would
// give every Swift file (debug) or module (release) a copy of its own, and the signal handler would read another one
// than the installation wrote.
extern struct crash_record crash_record_storage;
__attribute__((weak)) struct crash_record crash_record_storage = {
    .size = sizeof(struct crash_record), .magic = CRASH_RECORD_MAGIC, .version = CRASH_RECORD_VERSION};
CRASH_SAFE static inline __attribute__((always_inline)) struct crash_record *_Nonnull crash_record_shared(void) {
  return &crash_record_storage;
}

// Where the identifier of the next report stands.
CRASH_SAFE static inline __attribute__((always_inline)) uint8_t *_Nonnull crash_record_identifier(void) {
  return crash_record_storage.report_id;
}

#endif
