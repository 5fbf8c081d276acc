// Provides ways to die that Swift cannot write down: faults at addresses known beforehand, instructions that trap,
// registers full of known values. Each function that crashes has the address that the kernel reports, where the
// kernel reports one.
#ifndef CRASH_ZOO_H
#define CRASH_ZOO_H

#include <stdint.h>

void zoo_null_write(void);
void zoo_non_canonical(void);
void zoo_jump_null(void);
// Address of the instruction that traps, for zoo_ud2, zoo_divide and zoo_registers.
uint64_t zoo_ud2_address(void);
uint64_t zoo_divide_address(void);
uint64_t zoo_registers_address(void);
void zoo_ud2(void);
void zoo_int3(void);
void zoo_divide(void);
void zoo_abort(void);
void zoo_misaligned_vector(void);
void zoo_stack_overflow(void);
void zoo_double_free(void);

// A mapping of a file that has become shorter: prepare returns the address that zoo_bus_write then touches.
uint64_t zoo_bus_prepare(void);
void zoo_bus_write(void);

// A system call that a seccomp filter of this thread answers with SIGSYS: 0, or an error number when there is no
// seccomp here.
int zoo_seccomp_prepare(void);
uint64_t zoo_seccomp_address(void);
void zoo_seccomp_call(void);

// Sends `signal` to the calling thread, as tgkill(2) does.
void zoo_raise(int signal);

// Fills every general register and every vector register with a value that zoo_register_* tell, then traps.
void zoo_registers(void);
// Number of general registers that are filled, their names and values; the stack pointer is not among them.
int zoo_register_count(void);
const char *_Nonnull zoo_register_name(int index);
uint64_t zoo_register_value(int index);
// Halves of 128-bit vector register `index`.
int zoo_vector_count(void);
uint64_t zoo_vector_half(int index, int half);
// Whether the upper halves of 256-bit registers are filled as well, and with what.
int zoo_has_wide_vectors(void);
uint64_t zoo_wide_vector_half(int index, int half);

// Starts a thread that waits for ever under the given name (15 bytes at most); its thread id, or -1.
int zoo_start_idle_thread(const char *_Nonnull name);
// Starts threads that start and end threads, load and unload libraries, map and unmap memory, for ever, and so many that
// do nothing. How many were started.
int zoo_start_turbulence(int idle_threads);
// Runs `body` on a new thread of pthread_create(3) and waits for ever.
void zoo_run_on_thread(void (*_Nonnull body)(void));
int zoo_thread_id(void);
void zoo_wait_forever(void);
// Makes a FIFO and waits until somebody opens it for writing.
void zoo_wait_for_gate(const char *_Nonnull fifo);
// Writes all bytes to standard output with one system call, past every buffer.
void zoo_write_line(const char *_Nonnull line);

// A handler of SIGSEGV that mends the faults of its own code and gives others to the handler before it, as those of
// virtual machines do; such a fault: 1 when it was mended.
void zoo_install_mending_handler(void);
int zoo_mend(void);

// A handler of SIGSEGV that makes a page accessible and has the instruction tried again, as those of garbage collectors do,
// and takes itself out at any other fault; such a fault: 1 when it was mended.
void zoo_install_unlocking_handler(void);
int zoo_unlock(void);
// Blocks a signal in this thread.
void zoo_block(int signal);
// Sends a signal to this process and takes it by signalfd(2); its number.
int zoo_take_by_signalfd(int signal);

// Bytes of the heap that are in use.
uint64_t zoo_heap_size(void);

// Calls `body`, which comes back by itself (0) or by zoo_jump_back in a signal handler (1).
int zoo_recover(void (*_Nonnull body)(void));
void zoo_jump_back(void);

#endif
