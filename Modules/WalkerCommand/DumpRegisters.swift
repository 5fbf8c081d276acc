// Provides the registers of a dump as a walk starts with them.
internal import MinidumpFormat
internal import StackWalk

extension Registers {
  init(_ context: AMD64Context) {
    self.init()
    self[.rax] = context.rax
    self[.rdx] = context.rdx
    self[.rcx] = context.rcx
    self[.rbx] = context.rbx
    self[.rsi] = context.rsi
    self[.rdi] = context.rdi
    self[.rbp] = context.rbp
    self[.rsp] = context.rsp
    self[.r8] = context.r8
    self[.r9] = context.r9
    self[.r10] = context.r10
    self[.r11] = context.r11
    self[.r12] = context.r12
    self[.r13] = context.r13
    self[.r14] = context.r14
    self[.r15] = context.r15
    self[.rip] = context.rip
  }
}

extension MinidumpContext {
  /// What a walk by frame pointers needs of another processor's registers; `nil` when there is no instruction.
  var foreign: (registers: ForeignRegisters, architecture: StackArchitecture)? {
    guard let instruction = instructionPointer else { return nil }
    func registers(frame: UInt64?, link: UInt64? = nil) -> ForeignRegisters {
      ForeignRegisters(instruction: instruction, stackPointer: stackPointer, framePointer: frame, link: link)
    }
    switch self {
    case .x86(let context): return (registers(frame: UInt64(context.ebp)), .x86)
    case .arm64(let context):
      guard context.x.count > 30 else { return (registers(frame: nil), .arm64) }
      return (registers(frame: context.x[29], link: context.x[30]), .arm64)
    case .arm(let context):
      guard context.r.count > 14 else { return (registers(frame: nil), .arm) }
      // Thumb code, told by a bit of the status, keeps its frame pointer in r7.
      let frame = context.cpsr & 0x20 != 0 ? context.r[7] : context.r[11]
      return (registers(frame: UInt64(frame), link: UInt64(context.r[14])), .arm)
    case .riscv64(let context):
      // The array starts with x1.
      guard context.x.count > 7 else { return (registers(frame: nil), .riscv64) }
      return (registers(frame: context.x[7], link: context.x[0]), .riscv64)
    case .other(let context):
      let narrow: [MinidumpProcessorArchitecture] = [.ppc, .mips, .sparc]
      return (registers(frame: nil), .other(is64Bit: !narrow.contains(context.architecture)))
    case .amd64: return nil
    }
  }
}
