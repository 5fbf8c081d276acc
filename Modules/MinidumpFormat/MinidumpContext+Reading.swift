// Provides the decoding of registers.

extension MinidumpContext {
  /// Registers of a CPU. The flags of contexts are unreliable (some producers set only the CPU's bit), so everything
  /// that the bytes cover is taken.
  ///
  /// - Returns: nil when there are too few bytes for the integer registers.
  internal init?(decoding record: MinidumpRecord, architecture: MinidumpProcessorArchitecture) {
    switch architecture.instructionSet {
    case .amd64:
      if record.count < 256 { return nil }
      self = .amd64(AMD64Context(decoding: record))
    case .x86:
      if record.count < 204 { return nil }
      self = .x86(X86Context(decoding: record))
    case .arm64:
      if record.count < 272 { return nil }
      self = .arm64(
        Self.isBreakpadARM64(record, architecture)
          ? ARM64Context(decodingBreakpad: record) : ARM64Context(decoding: record))
    case .arm:
      if record.count < 72 { return nil }
      self = .arm(ARMContext(decoding: record))
    case .riscv64:
      if record.count < 264 { return nil }
      self = .riscv64(RISCV64Context(decoding: record))
    case .unknown:
      if let guess = Self.guess(record) {
        self.init(decoding: record, architecture: guess)
      } else {
        self = .other(OtherContext(architecture: architecture, byteOrder: record.order, bytes: record.copied()))
      }
    default:
      self = .other(OtherContext(architecture: architecture, byteOrder: record.order, bytes: record.copied()))
    }
  }

  /// Both layouts occur under both architectures' numbers: the flags tell them apart, then the size.
  private static func isBreakpadARM64(
    _ record: MinidumpRecord, _ architecture: MinidumpProcessorArchitecture
  ) -> Bool {
    let flags = record.u32(0)
    if flags & 0x8000_0000 != 0 { return true }
    if flags & ARM64Context.cpuFlag != 0 { return false }
    return architecture == .arm64Breakpad && record.count < ARM64Context.size
  }

  /// The CPU by a context's size and flags, for dumps without SystemInfo.
  private static func guess(_ record: MinidumpRecord) -> MinidumpProcessorArchitecture? {
    let flags = record.u32(0)
    if record.count >= AMD64Context.size, record.u32(48) & 0xffff_0000 == AMD64Context.cpuFlag { return .amd64 }
    switch flags & 0xfff_0000 {
    case X86Context.cpuFlag where record.count >= X86Context.size: return .x86
    case ARM64Context.cpuFlag where record.count >= ARM64Context.size: return .arm64
    default: break
    }
    if record.count == ARM64Context.breakpadSize, flags & 0x8000_0000 != 0 { return .arm64Breakpad }
    if record.count == ARMContext.size, flags & 0x4000_0000 != 0 { return .arm }
    if record.count == RISCV64Context.size, flags & RISCV64Context.cpuFlag != 0 { return .riscv64 }
    return nil
  }
}
