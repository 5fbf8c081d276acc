// Provides ELF notes, and the build ID among them.
internal import ProcessMemory

/// One note: a typed piece of bytes under a vendor's name.
public struct ELFNote: Hashable, Sendable {
  /// Without its NUL.
  public let name: [UInt8]
  public let type: UInt32
  public let descriptor: [UInt8]
  /// Where the descriptor lies: some notes hold offsets relative to themselves.
  public let descriptorAddress: UInt64

  static let buildIDType: UInt32 = 3

  /// The first note with this name and type in `size` bytes at `address`.
  ///
  /// - Parameters:
  ///   - alignment: of the segment: with 8, descriptors and notes begin at multiples of 8, else of 4.
  ///   - limit: notes whose padded name and descriptor are larger are skipped; at most 16384.
  static func first(
    in reader: any MemoryReader, at address: UInt64, size: UInt64, alignment: UInt64 = 4, name: String, type: UInt32,
    limit: Int
  ) -> ELFNote? {
    let unit: UInt64 = alignment == 8 ? 8 : 4
    let area = AddressRange(start: address, size: size)
    let wanted = Array(name.utf8)
    var position = area.start
    // Every note takes at least 12 bytes; the cap bounds the work on a segment that claims to be huge.
    for _ in 0..<65536 {
      guard area.end - position >= 12 else { return nil }
      guard let nameSize = try? reader.readUInt32(at: position), let size = try? reader.readUInt32(at: position + 4),
        let noteType = try? reader.readUInt32(at: position + 8)
      else { return nil }
      let start = position + 12
      // The header of 12 bytes counts: a name of 4 bytes ends at a multiple of 8.
      let paddedName = ((12 + UInt64(nameSize) + unit - 1) & ~(unit - 1)) - 12
      let paddedSize = (UInt64(size) + unit - 1) & ~(unit - 1)
      guard paddedName <= area.end - start else { return nil }
      let descriptor = start + paddedName
      // The padding behind the last descriptor may be missing.
      guard UInt64(size) <= area.end - descriptor else { return nil }
      if noteType == type, paddedName + paddedSize <= UInt64(min(max(0, limit), 16384)) {
        let found = reader.readAvailable(at: start, count: Int(nameSize))
        if found.count == Int(nameSize), found.last == 0, Array(found.dropLast()) == wanted {
          let bytes = reader.readAvailable(at: descriptor, count: Int(size))
          guard bytes.count == Int(size) else { return nil }
          return ELFNote(name: wanted, type: type, descriptor: bytes, descriptorAddress: descriptor)
        }
      }
      position = descriptor + min(paddedSize, area.end - descriptor)
    }
    return nil
  }
}

extension ELFImage {
  /// The first note with this name and type in any PT_NOTE segment; `nil` when there is none that can be read.
  ///
  /// - Parameter limit: larger notes are skipped; bytes of padded name and descriptor, at most 16384.
  public func note(named name: String, type: UInt32, limit: Int) -> ELFNote? {
    for segment in segments where segment.type == ELFSegment.note && segment.virtualAddress != 0 {
      let found = ELFNote.first(
        in: memory, at: segment.virtualAddress &+ loadBias, size: segment.memorySize, alignment: segment.alignment,
        name: name, type: type, limit: limit)
      if let found { return found }
    }
    return nil
  }

  /// The GNU build ID, usually 20 bytes and at most 64; empty when the image has none.
  public var buildID: [UInt8] {
    let found = note(named: "GNU", type: ELFNote.buildIDType, limit: 64 + 12)?.descriptor ?? []
    return found.count <= 64 ? found : []
  }
}
