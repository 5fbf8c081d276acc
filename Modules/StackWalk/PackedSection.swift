// Provides a section of an ELF file that is packed by zlib.
internal import ELFImage

/// Where a packed section is and how large it becomes.
struct PackedSection {
  let offset: UInt64
  let packedSize: UInt64
  let size: UInt64

  /// - Returns: `nil` for what is packed in another way than by zlib, and for sizes that cannot be.
  init?(_ section: ELFSection, of file: MappedELF) {
    // ch_type 1 is ELFCOMPRESS_ZLIB, ch_size is behind it and four bytes; all together are 24.
    guard let content = file.content(of: section), content.count > 24,
      content.integer(at: 0, as: UInt32.self) == 1, let size = content.integer(at: 8, as: UInt64.self), size > 0
    else { return nil }
    offset = section.offset + 24
    packedSize = content.count - 24
    // No stream grows more than that.
    guard size / 1040 <= packedSize else { return nil }
    self.size = size
  }

  /// The whole content.
  func unpacked(from file: MappedELF) -> OwnedBytes? {
    guard let bytes = file.view.slice(at: offset, count: packedSize)?.bytes else { return nil }
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 16)
    let result = OwnedBytes(output, count: output.count)
    guard let inflater = Inflater(zlib: bytes, into: output), inflater.unpack(to: output.count) else { return nil }
    return result
  }
}
