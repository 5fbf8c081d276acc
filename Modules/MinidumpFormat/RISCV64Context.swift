// Provides the registers of a 64-bit RISC-V thread as minidumps store them.

/// The registers of a 64-bit RISC-V thread: 528 bytes.
///
/// Offsets: `docs/formats/minidump.md`, section "RISC-V context".
public struct RISCV64Context: Hashable, Sendable {
  /// Which parts are valid: 0x8000000 with integer 1, floating point 2.
  public var contextFlags: UInt32 = 0x0800_0003
  public var version: UInt32 = 1
  public var pc: UInt64 = 0
  /// x1...x31. Missing ones are written as 0, the reader gives 31.
  public var x: [UInt64]
  /// f0...f31. Empty stands for all zero, and the reader gives empty for all zero.
  public var f: [UInt64] = []
  public var fcsr: UInt32 = 0
  /// Bytes behind the fixed part that are nothing known; empty in practice.
  public var trailing: [UInt8] = []

  public init(x: [UInt64] = Array(repeating: 0, count: 31)) { self.x = x }

  /// Bytes.
  public static let size = 528
  internal static let cpuFlag: UInt32 = 0x0800_0000
}

extension RISCV64Context {
  internal func encode(into output: MinidumpEncoder, at record: Int) {
    output.put(contextFlags, at: record)
    output.put(version, at: record + 4)
    output.put(pc, at: record + 8)
    for (index, value) in x.prefix(31).enumerated() { output.put(value, at: record + 16 + index * 8) }
    for (index, value) in f.prefix(32).enumerated() { output.put(value, at: record + 264 + index * 8) }
    output.put(fcsr, at: record + 520)
    output.put(trailing, at: record + Self.size)
  }

  internal init(decoding input: MinidumpRecord) {
    self.init(x: (0..<31).map { input.u64(16 + $0 * 8) })
    contextFlags = input.u32(0)
    version = input.u32(4)
    pc = input.u64(8)
    let vector = (0..<32).map { input.u64(264 + $0 * 8) }
    if vector.contains(where: { $0 != 0 }) { f = vector }
    fcsr = input.u32(520)
    trailing = input.trailing(Self.size)
  }

  /// The names of the calling convention, x1...x31.
  internal static let names = [
    "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3",
    "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
  ]

  internal var registers: [MinidumpRegister] {
    [MinidumpRegister("pc", pc)]
      + Self.names.enumerated().map { MinidumpRegister($1, $0 < x.count ? x[$0] : 0) }
  }
}
