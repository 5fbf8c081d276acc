// Provides code that runs with known values in every register: rax 0x0101…, rbx 0x0202…, xmm0 0xa0a0…, upper halves of
// ymm0 0xb0b0…, and so on. With AVX when the first argument is not 0.
  .text
  .macro load_all
  test %edi, %edi
  jz 1f
  lea fixture_patterns(%rip), %rax
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  vmovdqu 32*\n(%rax), %ymm\n
  .endr
  jmp 2f
1:
  lea fixture_patterns(%rip), %rax
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movdqu 32*\n(%rax), %xmm\n
  .endr
2:
  movabs $0x0202020202020202, %rbx
  movabs $0x0303030303030303, %rcx
  movabs $0x0404040404040404, %rdx
  movabs $0x0505050505050505, %rsi
  movabs $0x0606060606060606, %rdi
  movabs $0x0707070707070707, %rbp
  movabs $0x0808080808080808, %r8
  movabs $0x0909090909090909, %r9
  movabs $0x0a0a0a0a0a0a0a0a, %r10
  movabs $0x0b0b0b0b0b0b0b0b, %r11
  movabs $0x0c0c0c0c0c0c0c0c, %r12
  movabs $0x0d0d0d0d0d0d0d0d, %r13
  movabs $0x0e0e0e0e0e0e0e0e, %r14
  movabs $0x0f0f0f0f0f0f0f0f, %r15
  movabs $0x0101010101010101, %rax
  .endm

  .globl fixture_spin
  .type fixture_spin, @function
fixture_spin:
  push %rbp
  load_all
  movl $1, fixture_filled(%rip)
fixture_spin_loop:
  jmp fixture_spin_loop

  .globl fixture_fault
  .type fixture_fault, @function
fixture_fault:
  push %rbp
  load_all
fixture_fault_instruction:
  movl %eax, 0x10
  ud2

  .globl fixture_spin_loop
  .globl fixture_fault_instruction

  .section .rodata
  .balign 32
fixture_patterns:
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  .fill 16, 1, 0xa0+\n
  .fill 16, 1, 0xb0+\n
  .endr

  .bss
  .globl fixture_filled
  .balign 4
fixture_filled:
  .zero 4
// How a Crashpad client makes itself known: the distance from the descriptor to its structure.
  .section .note.crashpad.info, "a", @note
  .balign 4
  .long 9, 8, 0x4f464e49
  .asciz "Crashpad"
  .balign 4
fixture_note:
  .quad fixture_crashpad_info - fixture_note

  .section .note.GNU-stack, "", @progbits
