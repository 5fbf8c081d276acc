// Provides the registers of an ARM64 thread as minidumps store them.

/// The registers of an ARM64 thread: 912 bytes.
///
/// Offsets: `docs/formats/minidump.md`, section "ARM64 context".
public struct ARM64Context: Hashable, Sendable {
  /// Which parts are valid: 0x400000 with control 1, integer 2, floating point 4, debug 8.
  public var contextFlags: UInt32 = 0x0040_0007
  public var cpsr: UInt32 = 0
  /// x0...x28, fp (x29), lr (x30). Missing ones are written as 0, the reader gives 31.
  public var x: [UInt64]
  public var sp: UInt64 = 0
  public var pc: UInt64 = 0
  /// v0...v31, 16 bytes each, 512 together. Empty stands for all zero, and the reader gives empty for all zero.
  public var v: [UInt8] = []
  public var fpcr: UInt32 = 0
  public var fpsr: UInt32 = 0
  /// Eight breakpoint controls and values, two watchpoint controls and values: 120 bytes. Empty stands for all zero.
  public var debugRegisters: [UInt8] = []
  /// Bytes behind the fixed part that are nothing known; empty in practice.
  public var trailing: [UInt8] = []

  public init(x: [UInt64] = Array(repeating: 0, count: 31)) { self.x = x }

  /// Bytes.
  public static let size = 912
  /// Bytes of the layout that Breakpad used before 2020 (architecture 0x8003). Read, never written.
  internal static let breakpadSize = 796
  internal static let cpuFlag: UInt32 = 0x0040_0000
}

extension ARM64Context {
  internal func encode(into output: MinidumpEncoder, at record: Int) {
    output.put(contextFlags, at: record)
    output.put(cpsr, at: record + 4)
    for (index, value) in x.prefix(31).enumerated() { output.put(value, at: record + 8 + index * 8) }
    output.put(sp, at: record + 256)
    output.put(pc, at: record + 264)
    output.put(v, limit: 512, at: record + 272)
    output.put(fpcr, at: record + 784)
    output.put(fpsr, at: record + 788)
    output.put(debugRegisters, limit: 120, at: record + 792)
    output.put(trailing, at: record + Self.size)
  }

  internal init(decoding input: MinidumpRecord) {
    self.init(x: (0..<31).map { input.u64(8 + $0 * 8) })
    contextFlags = input.u32(0)
    cpsr = input.u32(4)
    sp = input.u64(256)
    pc = input.u64(264)
    v = input.nonzeroBytes(272, count: 512)
    fpcr = input.u32(784)
    fpsr = input.u32(788)
    debugRegisters = input.nonzeroBytes(792, count: 120)
    trailing = input.trailing(Self.size)
  }

  /// Breakpad's older layout: 64-bit flags, x0...x30, sp, pc, cpsr, fpsr, fpcr, v0...v31.
  internal init(decodingBreakpad input: MinidumpRecord) {
    self.init(x: (0..<31).map { input.u64(8 + $0 * 8) })
    // The value is that of the other layout from here on; there, sp and pc count as control registers.
    contextFlags = Self.cpuFlag | 1 | input.u32(0) & 0xff
    sp = input.u64(256)
    pc = input.u64(264)
    cpsr = input.u32(272)
    fpsr = input.u32(276)
    fpcr = input.u32(280)
    v = input.nonzeroBytes(284, count: 512)
    trailing = input.trailing(Self.breakpadSize)
  }

  internal var registers: [MinidumpRegister] {
    var result: [MinidumpRegister] = []
    for index in 0..<31 {
      let name = index == 29 ? "fp" : index == 30 ? "lr" : "x\(index)"
      result.append(MinidumpRegister(name, index < x.count ? x[index] : 0))
    }
    result.append(MinidumpRegister("sp", sp))
    result.append(MinidumpRegister("pc", pc))
    result.append(MinidumpRegister("cpsr", UInt64(cpsr)))
    return result
  }
}
