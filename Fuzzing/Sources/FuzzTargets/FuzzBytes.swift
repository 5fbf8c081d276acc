// Provides integers and text put into the bytes of a seed.

extension [UInt8] {
  /// Appends an integer as the machine has it.
  mutating func append<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> T(shift))) }
  }

  /// Overwrites bytes, growing with zeros where needed.
  mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    let size = T.bitWidth / 8
    if count < offset + size { self += [UInt8](repeating: 0, count: offset + size - count) }
    for index in 0..<size { self[offset + index] = UInt8(truncatingIfNeeded: value >> T(index * 8)) }
  }

  mutating func put(_ text: String, at offset: Int) {
    for (index, byte) in text.utf8.enumerated() { put(byte, at: offset + index) }
  }
}
