// Provides the name and the checksum of a separate debug file, `.gnu_debuglink`.
internal import ELFImage

/// What a stripped file says of the file that its debug information was moved to.
///
/// Source: the chapter "Separate Debug Files" of GDB's manual.
struct DebugLink: Equatable {
  /// Without a directory.
  let name: [UInt8]
  /// CRC-32 of the whole file, as zlib counts it.
  let checksum: UInt32

  /// The name, a NUL, padding to four bytes, the checksum.
  init?(_ file: MappedELF) {
    guard let section = file.elf.section(named: ".gnu_debuglink"), let content = file.content(of: section),
      let name = content.cString(at: 0, limit: 4096), !name.isEmpty, !name.contains(UInt8(ascii: "/")),
      let checksum: UInt32 = content.integer(at: (UInt64(name.count) + 4) & ~3)
    else { return nil }
    self.name = name
    self.checksum = checksum
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 != 0 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
  }

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }
  }
}
