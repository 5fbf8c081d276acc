// Provides the registers of a 32-bit ARM thread as minidumps store them.

/// The registers of a 32-bit ARM thread: 368 bytes.
///
/// Offsets: `docs/formats/minidump.md`, section "ARM context".
public struct ARMContext: Hashable, Sendable {
  /// Which parts are valid: 0x40000000 with integer 2, floating point 4.
  public var contextFlags: UInt32 = 0x4000_0006
  /// r0...r10, fp (r11), ip (r12), sp, lr, pc. Missing ones are written as 0, the reader gives 16.
  public var r: [UInt32]
  public var cpsr: UInt32 = 0
  public var fpscr: UInt64 = 0
  /// d0...d31. Empty stands for all zero, and the reader gives empty for all zero.
  public var d: [UInt64] = []
  /// Eight words that no kernel fills. Empty stands for all zero.
  public var extra: [UInt32] = []
  /// Bytes behind the fixed part that are nothing known; empty in practice.
  public var trailing: [UInt8] = []

  public init(r: [UInt32] = Array(repeating: 0, count: 16)) { self.r = r }

  /// Bytes.
  public static let size = 368
  internal static let cpuFlag: UInt32 = 0x4000_0000
}

extension ARMContext {
  internal func encode(into output: MinidumpEncoder, at record: Int) {
    output.put(contextFlags, at: record)
    for (index, value) in r.prefix(16).enumerated() { output.put(value, at: record + 4 + index * 4) }
    output.put(cpsr, at: record + 68)
    output.put(fpscr, at: record + 72)
    for (index, value) in d.prefix(32).enumerated() { output.put(value, at: record + 80 + index * 8) }
    for (index, value) in extra.prefix(8).enumerated() { output.put(value, at: record + 336 + index * 4) }
    output.put(trailing, at: record + Self.size)
  }

  internal init(decoding input: MinidumpRecord) {
    self.init(r: (0..<16).map { input.u32(4 + $0 * 4) })
    contextFlags = input.u32(0)
    cpsr = input.u32(68)
    fpscr = input.u64(72)
    let vector = (0..<32).map { input.u64(80 + $0 * 8) }
    if vector.contains(where: { $0 != 0 }) { d = vector }
    let words = (0..<8).map { input.u32(336 + $0 * 4) }
    if words.contains(where: { $0 != 0 }) { extra = words }
    trailing = input.trailing(Self.size)
  }

  internal var registers: [MinidumpRegister] {
    var result: [MinidumpRegister] = []
    for index in 0..<16 {
      let name =
        switch index {
        case 11: "fp"
        case 12: "ip"
        case 13: "sp"
        case 14: "lr"
        case 15: "pc"
        default: "r\(index)"
        }
      result.append(MinidumpRegister(name, index < r.count ? UInt64(r[index]) : 0))
    }
    result.append(MinidumpRegister("cpsr", UInt64(cpsr)))
    return result
  }
}
