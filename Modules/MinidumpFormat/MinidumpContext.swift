// Provides the registers of a thread, whatever the CPU.

/// A register's name and value.
public struct MinidumpRegister: Hashable, Sendable {
  public let name: String
  public let value: UInt64

  public init(_ name: String, _ value: UInt64) {
    self.name = name
    self.value = value
  }
}

/// The registers of a thread. Boxed, so that a thread without registers costs a word.
public indirect enum MinidumpContext: Hashable, Sendable {
  case amd64(AMD64Context)
  case arm64(ARM64Context)
  case x86(X86Context)
  case arm(ARMContext)
  case riscv64(RISCV64Context)
  /// Any other CPU.
  case other(OtherContext)

  /// Named registers in the usual order; empty for an unknown CPU.
  public var registers: [MinidumpRegister] {
    switch self {
    case .amd64(let context): context.registers
    case .arm64(let context): context.registers
    case .x86(let context): context.registers
    case .arm(let context): context.registers
    case .riscv64(let context): context.registers
    case .other(let context): context.registers
    }
  }

  public var instructionPointer: UInt64? {
    switch self {
    case .amd64(let context): context.rip
    case .arm64(let context): context.pc
    case .x86(let context): UInt64(context.eip)
    case .arm(let context): context.r.count > 15 ? UInt64(context.r[15]) : nil
    case .riscv64(let context): context.pc
    case .other(let context): context.instructionPointer
    }
  }

  public var stackPointer: UInt64? {
    switch self {
    case .amd64(let context): context.rsp
    case .arm64(let context): context.sp
    case .x86(let context): UInt64(context.esp)
    case .arm(let context): context.r.count > 13 ? UInt64(context.r[13]) : nil
    case .riscv64(let context): context.x.count > 1 ? context.x[1] : nil
    case .other(let context): context.stackPointer
    }
  }

  /// - Returns: where the context lies in the buffer, and its size.
  internal func encode(into output: MinidumpEncoder) -> (Int, Int) {
    let size = encodedSize
    let record = output.reserve(size, alignment: 16)
    switch self {
    case .amd64(let context): context.encode(into: output, at: record)
    case .arm64(let context): context.encode(into: output, at: record)
    case .x86(let context): context.encode(into: output, at: record)
    case .arm(let context): context.encode(into: output, at: record)
    case .riscv64(let context): context.encode(into: output, at: record)
    case .other(let context): output.put(context.bytes, at: record)
    }
    return (record, size)
  }

  private var encodedSize: Int {
    switch self {
    case .amd64(let context): context.extendedState?.contextSize ?? AMD64Context.size + context.trailing.count
    case .arm64(let context): ARM64Context.size + context.trailing.count
    case .x86(let context):
      context.extendedState?.contextSize(behind: X86Context.size) ?? X86Context.size + context.trailing.count
    case .arm(let context): ARMContext.size + context.trailing.count
    case .riscv64(let context): RISCV64Context.size + context.trailing.count
    case .other(let context): context.bytes.count
    }
  }
}
