// Provides the registers that a signal interrupted, out of the frame that the kernel pushed.
internal import CallFrames
internal import ProcessMemory

/// The frame of a signal handler where no call frame information describes it.
enum SignalFrame {
  /// `mov $15, %rax; syscall`: what every C library returns from a signal handler with.
  private static let trampoline: [UInt8] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05]

  /// The order of the registers in `uc_mcontext`, by DWARF number.
  ///
  /// Source: `struct sigcontext` in the kernel's arch/x86/include/uapi/asm/sigcontext.h.
  private static let order: [DWARFRegister] = [
    .r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15, .rdi, .rsi, .rbp, .rbx, .rdx, .rax, .rcx, .rsp, .rip,
  ]

  /// - Returns: `nil` when `frame` is no trampoline or its stack cannot be read.
  static func interruptedRegisters(at frame: StackFrame, memory: CodeMemory) -> Registers? {
    guard frame.trust != .context, let stackPointer = frame.registers.stackPointer,
      memory.readAvailable(at: frame.instruction, count: trampoline.count) == trampoline
    else { return nil }
    // The handler has returned in this view: its return address is popped, a `ucontext` is on top. The machine context
    // comes after two words and a stack_t of three.
    var result = Registers()
    for (index, register) in order.enumerated() {
      guard let value = memory.word(at: stackPointer &+ 40 &+ UInt64(index) * 8) else { return nil }
      result[register] = value
    }
    return result
  }
}
