// Provides crashes that are single instructions at known addresses, and registers full of known values.
#define _GNU_SOURCE 1
#include <stdint.h>
#include <sys/syscall.h>

#include "crash_zoo.h"

#if defined(__x86_64__)

// clang-format off
__asm__(
    ".text\n"
    ".globl zoo_ud2\n.type zoo_ud2,@function\n"
    "zoo_ud2:\n.cfi_startproc\n"
    "zoo_ud2_instruction: ud2\n ret\n"
    ".cfi_endproc\n.size zoo_ud2,.-zoo_ud2\n"

    ".globl zoo_int3\n.type zoo_int3,@function\n"
    "zoo_int3:\n.cfi_startproc\n int3\n ret\n"
    ".cfi_endproc\n.size zoo_int3,.-zoo_int3\n"

    ".globl zoo_divide\n.type zoo_divide,@function\n"
    "zoo_divide:\n.cfi_startproc\n xorl %ecx, %ecx\n movl $7, %eax\n cltd\n"
    "zoo_divide_instruction: idivl %ecx\n ret\n"
    ".cfi_endproc\n.size zoo_divide,.-zoo_divide\n"

    // movaps demands 16 bytes of alignment.
    ".globl zoo_misaligned_vector\n.type zoo_misaligned_vector,@function\n"
    "zoo_misaligned_vector:\n.cfi_startproc\n leaq zoo_vectors+1(%rip), %rax\n movaps (%rax), %xmm0\n ret\n"
    ".cfi_endproc\n.size zoo_misaligned_vector,.-zoo_misaligned_vector\n"

    ".globl zoo_seccomp_call\n.type zoo_seccomp_call,@function\n"
    "zoo_seccomp_call:\n.cfi_startproc\n movl $148, %eax\n xorl %edi, %edi\n xorl %esi, %esi\n syscall\n"
    "zoo_seccomp_return: ret\n"
    ".cfi_endproc\n.size zoo_seccomp_call,.-zoo_seccomp_call\n"

    ".globl zoo_registers\n.type zoo_registers,@function\n"
    "zoo_registers:\n.cfi_startproc\n"
    " pushq %rbp\n .cfi_adjust_cfa_offset 8\n .cfi_offset %rbp, -16\n"
    " leaq zoo_vectors(%rip), %rax\n"
    " cmpl $0, zoo_wide(%rip)\n je 1f\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqu \\n*32(%rax), %ymm\\n\n .endr\n"
    " jmp 2f\n"
    "1:\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movdqu \\n*32(%rax), %xmm\\n\n .endr\n"
    "2:\n"
    " leaq zoo_values(%rip), %rax\n"
    " movq 8(%rax), %rbx\n movq 16(%rax), %rcx\n movq 24(%rax), %rdx\n movq 32(%rax), %rsi\n movq 40(%rax), %rdi\n"
    " movq 48(%rax), %rbp\n movq 56(%rax), %r8\n movq 64(%rax), %r9\n movq 72(%rax), %r10\n movq 80(%rax), %r11\n"
    " movq 88(%rax), %r12\n movq 96(%rax), %r13\n movq 104(%rax), %r14\n movq 112(%rax), %r15\n movq (%rax), %rax\n"
    "zoo_registers_instruction: ud2\n"
    ".cfi_endproc\n.size zoo_registers,.-zoo_registers\n");
// clang-format on

extern const char zoo_ud2_instruction[], zoo_divide_instruction[], zoo_registers_instruction[], zoo_seccomp_return[];

uint64_t zoo_ud2_address(void) { return (uint64_t)(uintptr_t)zoo_ud2_instruction; }
uint64_t zoo_divide_address(void) { return (uint64_t)(uintptr_t)zoo_divide_instruction; }
uint64_t zoo_registers_address(void) { return (uint64_t)(uintptr_t)zoo_registers_instruction; }
uint64_t zoo_seccomp_address(void) { return (uint64_t)(uintptr_t)zoo_seccomp_return; }
_Static_assert(SYS_sched_rr_get_interval == 148, "the number in zoo_seccomp_call");

static const char *const names[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
                                    "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
#define BYTES(b) (0x0101010101010101ull * (b))
// Every value differs in every byte from its neighbours', and none is a small number or an address.
__attribute__((visibility("hidden"), used)) uint64_t zoo_values[15] = {
    BYTES(0xa1), BYTES(0xa2), BYTES(0xa3), BYTES(0xa4), BYTES(0xa5), BYTES(0xa6), BYTES(0xa7), BYTES(0xa8),
    BYTES(0xa9), BYTES(0xaa), BYTES(0xab), BYTES(0xac), BYTES(0xad), BYTES(0xae), BYTES(0xaf)};
#define VECTOR(n) \
  { BYTES(0x10 + n), BYTES(0x20 + n), BYTES(0x30 + n), BYTES(0x40 + n) }
__attribute__((visibility("hidden"), used, aligned(16))) uint64_t zoo_vectors[17][4] = {
    VECTOR(0), VECTOR(1), VECTOR(2),  VECTOR(3),  VECTOR(4),  VECTOR(5),  VECTOR(6),  VECTOR(7),
    VECTOR(8), VECTOR(9), VECTOR(10), VECTOR(11), VECTOR(12), VECTOR(13), VECTOR(14), VECTOR(15)};
__attribute__((visibility("hidden"), used)) int zoo_wide;

__attribute__((constructor)) static void find_wide(void) {
  __builtin_cpu_init();
  zoo_wide = __builtin_cpu_supports("avx") ? 1 : 0;
}

int zoo_register_count(void) { return sizeof names / sizeof names[0]; }
const char *zoo_register_name(int index) { return names[index]; }
uint64_t zoo_register_value(int index) { return zoo_values[index]; }
int zoo_vector_count(void) { return 16; }
uint64_t zoo_vector_half(int index, int half) { return zoo_vectors[index][half]; }
int zoo_has_wide_vectors(void) { return zoo_wide; }
uint64_t zoo_wide_vector_half(int index, int half) { return zoo_vectors[index][2 + half]; }

#else

// Other processors: the trap of the compiler, at an address that is not told.
uint64_t zoo_ud2_address(void) { return 0; }
uint64_t zoo_divide_address(void) { return 0; }
uint64_t zoo_registers_address(void) { return 0; }
uint64_t zoo_seccomp_address(void) { return 0; }
void zoo_ud2(void) { __builtin_trap(); }
void zoo_int3(void) { __builtin_debugtrap(); }
void zoo_divide(void) { zoo_raise(8); }
void zoo_misaligned_vector(void) { zoo_raise(11); }
void zoo_seccomp_call(void) { zoo_raise(31); }
void zoo_registers(void) { __builtin_trap(); }
int zoo_register_count(void) { return 0; }
const char *zoo_register_name(int index) { return ""; }
uint64_t zoo_register_value(int index) { return 0; }
int zoo_vector_count(void) { return 0; }
uint64_t zoo_vector_half(int index, int half) { return 0; }
int zoo_has_wide_vectors(void) { return 0; }
uint64_t zoo_wide_vector_half(int index, int half) { return 0; }

#endif
