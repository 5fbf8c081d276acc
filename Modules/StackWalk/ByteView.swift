// Provides checked access to bytes that somebody else wrote.

/// A window on bytes of a mapped file. Offsets that lead out of it give `nil`, never a trap.
///
/// It does not own the bytes; whoever keeps one keeps the `MappedFile` as well.
struct ByteView {
  let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var count: UInt64 { UInt64(bytes.count) }

  func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: UInt64, as type: T.Type = T.self) -> T? {
    let size = UInt64(MemoryLayout<T>.size)
    guard offset <= count, size <= count - offset else { return nil }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: Int(offset), as: T.self))
  }

  func slice(at offset: UInt64, count wanted: UInt64) -> ByteView? {
    guard offset <= count, wanted <= count - offset else { return nil }
    return ByteView(UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset + wanted)]))
  }

  /// The bytes before the next NUL, at most `limit` of them; `nil` when there is no NUL within it.
  func cString(at offset: UInt64, limit: Int = 1 << 16) -> [UInt8]? {
    guard offset < count else { return nil }
    let end = min(bytes.count, Int(offset) + min(limit, bytes.count))
    guard let zero = bytes[Int(offset)..<end].firstIndex(of: 0) else { return nil }
    return Array(bytes[Int(offset)..<zero])
  }
}
