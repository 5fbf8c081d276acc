// Provides the section header table of an ELF file.
internal import ProcessMemory

/// One entry of a file's section header table. Offsets and sizes are as the file says, unchecked.
public struct ELFSection: Hashable, Sendable {
  public let name: [UInt8]
  /// `SHT_…`.
  public let type: UInt32
  /// `SHF_…`.
  public let flags: UInt64
  public let address: UInt64
  public let offset: UInt64
  public let size: UInt64
  /// The index of another section, such as that of the names of symbols.
  public let link: UInt32
  /// Bytes of one entry, where the section is a table.
  public let entrySize: UInt64

  public init(
    name: [UInt8], type: UInt32, flags: UInt64, address: UInt64, offset: UInt64, size: UInt64, link: UInt32,
    entrySize: UInt64
  ) {
    self.name = name
    self.type = type
    self.flags = flags
    self.address = address
    self.offset = offset
    self.size = size
    self.link = link
    self.entrySize = entrySize
  }

  public static let symbolTable: UInt32 = 2  // SHT_SYMTAB
  public static let note: UInt32 = 7  // SHT_NOTE
  /// A section whose content is not in the file.
  public static let noBits: UInt32 = 8  // SHT_NOBITS
  public static let dynamicSymbols: UInt32 = 11  // SHT_DYNSYM

  /// SHF_COMPRESSED: the content starts with a header that says how.
  public var isCompressed: Bool { flags & 0x800 != 0 }

  /// More sections than this are not looked at.
  public static let limit = 65_536
  /// Bytes of the section with the names; those behind are not seen.
  private static let namesLimit: UInt64 = 16 << 20

  /// All sections in the file's order, the empty one with the index 0 included, so that `link` is an index.
  ///
  /// Damaged or missing headers give none: a stripped file has no need of them.
  static func table(_ reader: any MemoryReader, _ header: ELFHeader) -> [ELFSection] {
    let size = header.sectionHeaderEntrySize
    guard header.sectionHeaderOffset != 0, size > 0 else { return [] }
    // Numbers that do not fit into 16 bits are in the first section (gABI, chapter 4).
    let first = Raw(reader.readAvailable(at: header.sectionHeaderOffset, count: size), at: 0, header.is64Bit)
    guard let first else { return [] }
    let count = Int(
      min(header.sectionHeaderCount != 0 ? UInt64(header.sectionHeaderCount) : first.size, UInt64(limit)))
    let bytes = reader.readAvailable(at: header.sectionHeaderOffset, count: size * count)
    guard bytes.count == size * count else { return [] }
    let table = (0..<count).compactMap { Raw(bytes, at: $0 * size, header.is64Bit) }
    guard table.count == count else { return [] }
    let index = header.sectionNameIndex != 0xffff ? Int(header.sectionNameIndex) : Int(first.link)
    var names: [UInt8] = []
    if index < table.count {
      names = reader.readAvailable(at: table[index].offset, count: Int(min(table[index].size, namesLimit)))
    }
    return table.map { raw in
      var name: [UInt8] = []
      if Int(raw.name) < names.count {
        let tail = names[Int(raw.name)...].prefix(256)
        if let end = tail.firstIndex(of: 0) { name = Array(tail[..<end]) }
      }
      return ELFSection(
        name: name, type: raw.type, flags: raw.flags, address: raw.address, offset: raw.offset, size: raw.size,
        link: raw.link, entrySize: raw.entrySize)
    }
  }

  /// An entry before its name is known.
  private struct Raw {
    let name: UInt32, type: UInt32, link: UInt32
    let flags: UInt64, address: UInt64, offset: UInt64, size: UInt64, entrySize: UInt64

    init?(_ bytes: [UInt8], at start: Int, _ is64Bit: Bool) {
      guard bytes.count - start >= (is64Bit ? 64 : 40) else { return nil }
      func word(_ offset: Int) -> UInt32 { bytes.littleEndian(at: start + offset) ?? 0 }
      func native(_ narrow: Int, _ broad: Int) -> UInt64 {
        is64Bit ? bytes.littleEndian(at: start + broad) ?? 0 : UInt64(word(narrow))
      }
      name = word(0)
      type = word(4)
      flags = native(8, 8)
      address = native(12, 16)
      offset = native(16, 24)
      size = native(20, 32)
      link = word(is64Bit ? 40 : 24)
      entrySize = native(36, 56)
    }
  }
}
