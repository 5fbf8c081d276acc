// Provides the registers of CPUs that are read but never written: PowerPC, MIPS, SPARC, 32-bit RISC-V.

/// The registers of a CPU that has no type of its own here, as bytes with names for the important ones.
///
/// Offsets: `docs/formats/minidump.md`, section "Other contexts".
public struct OtherContext: Hashable, Sendable {
  public var architecture: MinidumpProcessorArchitecture
  public var byteOrder: MinidumpByteOrder
  public var bytes: [UInt8]

  public init(architecture: MinidumpProcessorArchitecture, byteOrder: MinidumpByteOrder, bytes: [UInt8]) {
    self.architecture = architecture
    self.byteOrder = byteOrder
    self.bytes = bytes
  }

  /// Where a register lies.
  private struct Field {
    let name: String
    let offset: Int
    let size: Int
    init(_ name: String, _ offset: Int, _ size: Int) {
      self.name = name
      self.offset = offset
      self.size = size
    }
  }

  private static func numbered(_ prefix: String, _ count: Int, at offset: Int, size: Int) -> [Field] {
    (0..<count).map { Field("\(prefix)\($0)", offset + $0 * size, size) }
  }

  private var fields: [Field] {
    switch architecture {
    case .ppc:
      [Field("srr0", 4, 4), Field("srr1", 8, 4)] + Self.numbered("r", 32, at: 12, size: 4)
        + [
          Field("cr", 140, 4), Field("xer", 144, 4), Field("lr", 148, 4), Field("ctr", 152, 4), Field("mq", 156, 4),
          Field("vrsave", 160, 4),
        ]
    case .ppc64:
      [Field("srr0", 8, 8), Field("srr1", 16, 8)] + Self.numbered("r", 32, at: 24, size: 8)
        + [
          Field("cr", 280, 8), Field("xer", 288, 8), Field("lr", 296, 8), Field("ctr", 304, 8), Field("vrsave", 312, 8),
        ]
    case .mips, .mips64:
      Self.mipsNames.enumerated().map { Field($1, 8 + $0 * 8, 8) }
        + [Field("hi", 264, 8), Field("lo", 272, 8), Field("pc", 312, 8)]
    case .sparc:
      Self.sparcNames.enumerated().map { Field($1, 8 + $0 * 8, 8) }
        + [Field("ccr", 264, 8), Field("pc", 272, 8), Field("npc", 280, 8), Field("y", 288, 8)]
    case .riscv: [Field("pc", 8, 4)] + RISCV64Context.names.enumerated().map { Field($1, 12 + $0 * 4, 4) }
    default: []
    }
  }

  private static let mipsNames = [
    "zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "s0", "s1", "s2",
    "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "fp", "ra",
  ]

  private static let sparcNames = [
    "g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "l0", "l1", "l2",
    "l3", "l4", "l5", "l6", "l7", "i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7",
  ]

  /// Registers that the bytes cover.
  internal var registers: [MinidumpRegister] {
    bytes.withUnsafeBufferPointer { buffer in
      let record = MinidumpRecord(bytes: UnsafeRawBufferPointer(buffer), order: byteOrder)
      return fields.compactMap { field in
        if field.offset + field.size > record.count { return nil }
        let value = field.size == 4 ? UInt64(record.u32(field.offset)) : record.u64(field.offset)
        return MinidumpRegister(field.name, value)
      }
    }
  }

  private func register(_ name: String) -> UInt64? {
    for register in registers where register.name.utf8.elementsEqual(name.utf8) { return register.value }
    return nil
  }

  internal var instructionPointer: UInt64? {
    switch architecture {
    case .ppc, .ppc64: register("srr0")
    default: register("pc")
    }
  }

  internal var stackPointer: UInt64? {
    switch architecture {
    case .ppc, .ppc64: register("r1")
    case .sparc: register("o6")
    default: register("sp")
    }
  }
}
