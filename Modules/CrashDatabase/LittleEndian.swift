// Provides integers in the byte order of the database's files.

/// Reads a little-endian integer at `offset`; `nil` when the bytes end before it does.
internal func littleEndian<T: FixedWidthInteger>(_ bytes: [UInt8], at offset: Int, as type: T.Type) -> T? {
  let width = T.bitWidth / 8
  guard offset >= 0, bytes.count >= width, offset <= bytes.count - width else { return nil }
  var value: T = 0
  var index = offset + width - 1
  while index >= offset {
    value = value << 8 | T(truncatingIfNeeded: bytes[index])
    index -= 1
  }
  return value
}

/// Appends a little-endian integer.
internal func appendLittleEndian<T: FixedWidthInteger>(_ value: T, to bytes: inout [UInt8]) {
  var rest = value
  for _ in 0..<(T.bitWidth / 8) {
    bytes.append(UInt8(truncatingIfNeeded: rest))
    rest >>= 8
  }
}
