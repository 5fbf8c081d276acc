// Provides the dynamic section of an image: where its tables lie.
internal import ProcessMemory

/// The dynamic array of a loaded image, by tag. Tags that may repeat (DT_NEEDED) are not kept.
public struct ELFDynamicSection: Sendable {
  /// Entries of an array are few; the cap bounds the work on a hostile one.
  private static let limit = 4096
  private static let needed: UInt64 = 1

  private let tags: [(tag: UInt64, value: UInt64)]

  public static let hash: UInt64 = 4
  public static let stringTable: UInt64 = 5
  public static let symbolTable: UInt64 = 6
  public static let stringTableSize: UInt64 = 10
  public static let soname: UInt64 = 14
  public static let debug: UInt64 = 21
  public static let gnuHash: UInt64 = 0x6fff_fef5

  /// The first value of a tag.
  public subscript(tag: UInt64) -> UInt64? { tags.first { $0.tag == tag }?.value }

  /// - Throws: without DT_NULL inside the segment, and on duplicates of a tag that may occur once.
  init(_ reader: any MemoryReader, at address: UInt64, size: UInt64, is64Bit: Bool) throws(ELFImageError) {
    let entry: UInt64 = is64Bit ? 16 : 8
    var tags: [(tag: UInt64, value: UInt64)] = []
    let count = min(size / entry, UInt64(Self.limit))
    // Some entries at a time: the section usually ends long before the segment's size.
    var bytes: [UInt8] = []
    var first: UInt64 = 0
    for index in 0..<count {
      if (index - first) * entry >= UInt64(bytes.count) {
        first = index
        bytes = reader.readAvailable(at: address &+ index * entry, count: Int(min(count - index, 64) * entry))
      }
      let offset = Int((index - first) * entry)
      let tag: UInt64
      let value: UInt64
      if is64Bit, let low: UInt64 = bytes.littleEndian(at: offset),
        let high: UInt64 = bytes.littleEndian(at: offset + 8)
      {
        tag = low
        value = high
      } else if !is64Bit, let low: UInt32 = bytes.littleEndian(at: offset),
        let high: UInt32 = bytes.littleEndian(at: offset + 4)
      {
        tag = UInt64(low)
        value = UInt64(high)
      } else {
        throw ELFImageError(.unreadable, at: address, "the dynamic section cannot be read")
      }
      if tag == 0 {
        self.tags = tags
        return
      }
      if tag == Self.needed { continue }
      if tags.contains(where: { $0.tag == tag }) {
        // Auxiliary and filter tags, and what vendors add, may repeat.
        if tag <= Self.debug {
          throw ELFImageError(.badDynamicSection, at: address, "the tag \(tag) occurs twice")
        }
        continue
      }
      tags.append((tag, value))
    }
    throw ELFImageError(.badDynamicSection, at: address, "the dynamic section does not end")
  }
}

extension ELFImage {
  /// The dynamic section; `nil` for a static executable.
  public func dynamicSection() throws(ELFImageError) -> ELFDynamicSection? {
    guard let segment = segments.first(where: { $0.type == ELFSegment.dynamic }) else { return nil }
    return try ELFDynamicSection(
      memory, at: segment.virtualAddress &+ loadBias, size: segment.memorySize, is64Bit: is64Bit)
  }

  /// DT_SONAME; `nil` when the image has none or it cannot be read.
  public var soname: [UInt8]? {
    guard let section = try? dynamicSection(), let offset = section[ELFDynamicSection.soname],
      let strings = stringTable(section), let name = string(at: offset, in: strings), !name.isEmpty
    else { return nil }
    return name
  }

  func stringTable(_ section: ELFDynamicSection) -> AddressRange? {
    guard let address = section[ELFDynamicSection.stringTable].flatMap(resolve),
      let size = section[ELFDynamicSection.stringTableSize]
    else { return nil }
    return AddressRange(start: address, size: size).intersection(range)
  }

  func string(at offset: UInt64, in table: AddressRange) -> [UInt8]? {
    guard offset < table.size else { return nil }
    let limit = min(table.size - offset, 4096)
    return try? memory.readCString(at: table.start + offset, limit: Int(limit))
  }
}
