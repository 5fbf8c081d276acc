// Provides bounded loads of little-endian integers from bytes that were read elsewhere.

extension Array where Element == UInt8 {
  /// The integer at `offset`; `nil` when it does not lie inside.
  package func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self, at offset: Int
  ) -> T? {
    guard offset >= 0, offset <= count, MemoryLayout<T>.size <= count - offset else { return nil }
    return withUnsafeBufferPointer { buffer in
      T(littleEndian: UnsafeRawBufferPointer(buffer).loadUnaligned(fromByteOffset: offset, as: T.self))
    }
  }

  /// The bytes from `offset` on; `nil` when they do not lie inside.
  package func bytes(at offset: Int, count wanted: Int) -> [UInt8]? {
    guard offset >= 0, wanted >= 0, offset <= count, wanted <= count - offset else { return nil }
    return Array(self[offset..<(offset + wanted)])
  }
}
