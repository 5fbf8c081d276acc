// Provides an ELF file on disk: its segments, sections and build ID.
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

/// Bytes that are in this process already, as memory: addresses are offsets.
public final class MappedMemoryReader: MemoryReader {
  /// Valid as long as the object lives.
  public let bytes: UnsafeRawBufferPointer
  private let owner: AnyObject?

  /// - Parameter owner: keeps the bytes.
  public init(_ bytes: UnsafeRawBufferPointer, keepingAlive owner: AnyObject?) {
    self.bytes = bytes
    self.owner = owner
  }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard address < UInt64(bytes.count) else { return 0 }
    let count = min(bytes.count - Int(address), buffer.count)
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[Int(address)..<Int(address) + count]))
    return count
  }
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
    sections = ELFSection.table(reader, header)
    self.reader = reader
  }

  /// A file in memory. libelf lists its sections where that is installed (docs/adr/0014-libelf.md).
  public init(_ memory: MappedMemoryReader) throws(ELFImageError) {
    header = try ELFHeader(memory, at: 0)
    segments = try ELFSegment.table(memory, header, at: header.programHeaderOffset)
    sections = ELFLibrary.shared?.sections(memory.bytes) ?? ELFSection.table(memory, header)
    reader = memory
  }

  /// The first section with a name; `nil` when there is none.
  public func section(named name: StaticString) -> ELFSection? {
    let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    return sections.first { $0.name.elementsEqual(wanted) }
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
}
