// Provides an ELF file on disk: its sections and build ID, without any library.
public import LinuxSystem
public import ProcessMemory

/// A file as memory: addresses are offsets.
public final class FileMemoryReader: MemoryReader {
  private let file: OwnedFileDescriptor

  public init(_ path: FilePath) throws(Errno) { file = try FileSystem.open(path) }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let offset = Int64(exactly: address), Int64.max - offset > Int64(buffer.count) else { return 0 }
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      guard let count = try? file.read(into: rest, at: offset + Int64(done)), count > 0 else { break }
      done += count
    }
    return done
  }
}

/// One entry of a file's section header table.
public struct ELFSection: Hashable, Sendable {
  public let name: [UInt8]
  /// `SHT_…`.
  public let type: UInt32
  public let address: UInt64
  public let offset: UInt64
  public let size: UInt64

  static let note: UInt32 = 7
}

/// An ELF file as it lies on disk.
public struct ELFFile {
  public let header: ELFHeader
  public let segments: [ELFSegment]
  public let sections: [ELFSection]
  private let reader: any MemoryReader

  /// - Parameter reader: the file's bytes, offsets as addresses.
  public init(_ reader: any MemoryReader) throws(ELFImageError) {
    header = try ELFHeader(reader, at: 0)
    segments = try ELFSegment.table(reader, header, at: header.programHeaderOffset)
    sections = Self.sections(reader, header)
    self.reader = reader
  }

  /// The GNU build ID out of note segments, else of note sections; empty when there is none.
  public var buildID: [UInt8] {
    var areas: [(offset: UInt64, size: UInt64)] = []
    for segment in segments where segment.type == ELFSegment.note {
      areas.append((segment.fileOffset, segment.fileSize))
    }
    for section in sections where section.type == ELFSection.note { areas.append((section.offset, section.size)) }
    for area in areas {
      let note = ELFNote.first(
        in: reader, at: area.offset, size: area.size, name: "GNU", type: ELFNote.buildIDType, limit: 64 + 12)
      if let note { return note.descriptor }
    }
    return []
  }

  /// Damaged or missing section headers give none: a stripped file has no need of them.
  private static func sections(_ reader: any MemoryReader, _ header: ELFHeader) -> [ELFSection] {
    struct Raw { var name: UInt32, type: UInt32, address: UInt64, offset: UInt64, size: UInt64 }
    let entry = header.is64Bit ? 64 : 40
    let count = Int(header.sectionHeaderCount)
    let bytes = reader.readAvailable(at: header.sectionHeaderOffset, count: entry * count)
    guard bytes.count == entry * count else { return [] }
    var table: [Raw] = []
    for index in 0..<count {
      let at = index * entry
      func word(_ offset: Int) -> UInt32 { bytes.littleEndian(at: at + offset) ?? 0 }
      func long(_ offset: Int) -> UInt64 { bytes.littleEndian(at: at + offset) ?? 0 }
      table.append(
        header.is64Bit
          ? Raw(name: word(0), type: word(4), address: long(16), offset: long(24), size: long(32))
          : Raw(
            name: word(0), type: word(4), address: UInt64(word(12)), offset: UInt64(word(16)), size: UInt64(word(20))))
    }
    let index = Int(header.sectionNameIndex)
    let names = index < table.count ? AddressRange(start: table[index].offset, size: table[index].size) : nil
    return table.map { raw in
      var name: [UInt8] = []
      if let names, UInt64(raw.name) < names.size {
        let limit = Int(min(names.size - UInt64(raw.name), 256))
        name = (try? reader.readCString(at: names.start + UInt64(raw.name), limit: limit)) ?? []
      }
      return ELFSection(name: name, type: raw.type, address: raw.address, offset: raw.offset, size: raw.size)
    }
  }
}
