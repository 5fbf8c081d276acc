// Provides the ELF header and the program headers, of both classes.
public import ProcessMemory

/// The ELF header, checked as a loader would. Source: `elf(5)`.
public struct ELFHeader: Sendable {
  public let is64Bit: Bool
  /// `ET_…`: 2 executable, 3 shared object (and position-independent executable).
  public let type: UInt16
  /// `EM_…`: 62 x86-64, 3 i386, 183 AArch64.
  public let machine: UInt16
  public let entry: UInt64
  public let programHeaderOffset: UInt64
  public let programHeaderCount: UInt16
  public let sectionHeaderOffset: UInt64
  /// 0 where there are too many to say, or none.
  public let sectionHeaderCount: UInt16
  /// Bytes of one entry of the section table; 0 where it is not the size that there is.
  let sectionHeaderEntrySize: Int
  /// Index of the section that holds the names of sections.
  public let sectionNameIndex: UInt16

  public static let executable: UInt16 = 2
  public static let sharedObject: UInt16 = 3

  public init(_ reader: any MemoryReader, at address: UInt64) throws(ELFImageError) {
    let bytes = reader.readAvailable(at: address, count: 64)
    guard bytes.count >= 16 else { throw ELFImageError(.unreadable, at: address, "the header cannot be read") }
    guard bytes[0] == 0x7f, bytes[1] == 0x45, bytes[2] == 0x4c, bytes[3] == 0x46 else {
      throw ELFImageError(.notELF, at: address, "no ELF magic")
    }
    guard bytes[4] == 1 || bytes[4] == 2 else { throw ELFImageError(.badHeader, at: address, "unknown class") }
    guard bytes[5] == 1 else { throw ELFImageError(.badHeader, at: address, "not little-endian") }
    guard bytes[6] == 1 else { throw ELFImageError(.badHeader, at: address, "unknown ident version") }
    let wide = bytes[4] == 2
    let size = wide ? 64 : 52
    guard bytes.count >= size else { throw ELFImageError(.unreadable, at: address, "the header cannot be read") }
    func half(_ offset: Int) -> UInt16 { bytes.littleEndian(at: offset) ?? 0 }
    func word(_ offset: Int) -> UInt32 { bytes.littleEndian(at: offset) ?? 0 }
    func native(_ narrow: Int, _ broad: Int) -> UInt64 {
      wide ? bytes.littleEndian(at: broad) ?? 0 : UInt64(word(narrow))
    }
    is64Bit = wide
    type = half(16)
    machine = half(18)
    guard word(20) == 1 else { throw ELFImageError(.badHeader, at: address, "unknown version") }
    entry = native(24, 24)
    programHeaderOffset = native(28, 32)
    sectionHeaderOffset = native(32, 40)
    let tail = wide ? 52 : 40
    guard half(tail) == UInt16(size) else { throw ELFImageError(.badHeader, at: address, "wrong header size") }
    programHeaderCount = half(tail + 4)
    guard programHeaderCount == 0 || half(tail + 2) == (wide ? 56 : 32) else {
      throw ELFImageError(.badHeader, at: address, "wrong program header size")
    }
    sectionHeaderEntrySize = half(tail + 6) == (wide ? 64 : 40) ? (wide ? 64 : 40) : 0
    sectionHeaderCount = sectionHeaderEntrySize > 0 ? half(tail + 8) : 0
    sectionNameIndex = half(tail + 10)
  }
}

/// One entry of the program header table.
public struct ELFSegment: Hashable, Sendable {
  /// `PT_…`.
  public let type: UInt32
  /// Bits: 1 execute, 2 write, 4 read.
  public let flags: UInt32
  public let fileOffset: UInt64
  /// As linked: add the load bias.
  public let virtualAddress: UInt64
  public let fileSize: UInt64
  public let memorySize: UInt64
  public let alignment: UInt64

  public static let load: UInt32 = 1
  public static let dynamic: UInt32 = 2
  public static let note: UInt32 = 4
  /// PT_GNU_EH_FRAME: `.eh_frame_hdr`.
  public static let unwindTable: UInt32 = 0x6474_e550

  static func size(is64Bit: Bool) -> Int { is64Bit ? 56 : 32 }

  init?(_ bytes: [UInt8], at offset: Int, is64Bit: Bool) {
    guard offset >= 0, bytes.count - offset >= Self.size(is64Bit: is64Bit) else { return nil }
    func word(_ place: Int) -> UInt32 { bytes.littleEndian(at: offset + place) ?? 0 }
    func long(_ place: Int) -> UInt64 { bytes.littleEndian(at: offset + place) ?? 0 }
    type = word(0)
    if is64Bit {
      flags = word(4)
      fileOffset = long(8)
      virtualAddress = long(16)
      fileSize = long(32)
      memorySize = long(40)
      alignment = long(48)
    } else {
      fileOffset = UInt64(word(4))
      virtualAddress = UInt64(word(8))
      fileSize = UInt64(word(16))
      memorySize = UInt64(word(20))
      flags = word(24)
      alignment = UInt64(word(28))
    }
  }

  public static func table(
    _ reader: any MemoryReader, _ header: ELFHeader, at address: UInt64
  ) throws(ELFImageError) -> [ELFSegment] {
    let size = Self.size(is64Bit: header.is64Bit)
    let count = Int(header.programHeaderCount)
    let bytes: [UInt8]
    do throws(MemoryError) {
      bytes = try reader.readBytes(at: address, count: size * count)
    } catch {
      throw ELFImageError(.unreadable, at: address, "the program headers cannot be read")
    }
    var segments: [ELFSegment] = []
    segments.reserveCapacity(count)
    for index in 0..<count {
      if let segment = ELFSegment(bytes, at: index * size, is64Bit: header.is64Bit) { segments.append(segment) }
    }
    return segments
  }
}
