// Provides the auxiliary vector: what the kernel told a program at its start.
internal import ProcessMemory

/// Values of `/proc/PID/auxv` by type. Source: `getauxval(3)`.
struct AuxiliaryVector {
  static let programHeaders: UInt64 = 3, interpreterBase: UInt64 = 7, vdso: UInt64 = 33

  private let entries: [(type: UInt64, value: UInt64)]

  subscript(type: UInt64) -> UInt64? { entries.first { $0.type == type }?.value }

  init(_ bytes: [UInt8], is64Bit: Bool) {
    var entries: [(type: UInt64, value: UInt64)] = []
    let width = is64Bit ? 8 : 4
    func word(_ offset: Int) -> UInt64? {
      is64Bit
        ? bytes.littleEndian(UInt64.self, at: offset) : bytes.littleEndian(UInt32.self, at: offset).map { UInt64($0) }
    }
    var offset = 0
    while entries.count < 256, let type = word(offset), let value = word(offset + width) {
      if type == 0 { break }
      if type != 1 { entries.append((type, value)) }
      offset += 2 * width
    }
    self.entries = entries
  }
}
