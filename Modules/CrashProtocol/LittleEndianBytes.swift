// Provides integers in packed records. All supported machines are little-endian, and peers use the native order.

extension UnsafeRawBufferPointer {
  /// The integer at `offset`; 0 when it does not lie inside. Callers check lengths first; this only keeps a mistake
  /// from reading beyond the packet.
  func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
    if offset < 0 || offset > count - MemoryLayout<T>.size { return 0 }
    return T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

extension [UInt8] {
  /// Overwrites the bytes at `offset`, which must lie inside.
  mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    var rest = value
    for index in 0..<MemoryLayout<T>.size {
      self[offset + index] = UInt8(truncatingIfNeeded: rest)
      rest >>= 8
    }
  }
}
