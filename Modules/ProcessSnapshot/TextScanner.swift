// Provides a cursor over the text of /proc files, which holds names that others have chosen.

/// Takes fields off the front of bytes. Every function leaves the position where it was when it returns `nil` or `false`.
struct TextScanner {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  var isAtEnd: Bool { position == bytes.endIndex }
  var rest: ArraySlice<UInt8> { bytes[position...] }

  mutating func next() -> UInt8? {
    guard position < bytes.endIndex else { return nil }
    position += 1
    return bytes[position - 1]
  }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard position < bytes.endIndex, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// Spaces and tabs.
  mutating func skipBlanks() {
    while position < bytes.endIndex, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
  }

  mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.endIndex - position >= count else { return false }
    for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
    position += count
    return true
  }

  /// Decimal digits, at least one; `nil` on overflow as well.
  mutating func number() -> UInt64? {
    var value: UInt64 = 0
    var index = position
    while index < bytes.endIndex, let digit = Self.digit(bytes[index]), digit < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = sum
      index += 1
    }
    if index == position { return nil }
    position = index
    return value
  }

  /// Hexadecimal digits, at least one; `nil` on overflow as well.
  mutating func hexadecimal() -> UInt64? {
    var value: UInt64 = 0
    var index = position
    while index < bytes.endIndex, let digit = Self.digit(bytes[index]) {
      if value >> 60 != 0 { return nil }
      value = value << 4 | digit
      index += 1
    }
    if index == position { return nil }
    position = index
    return value
  }

  mutating func signedNumber() -> Int64? {
    let start = position
    let negative = skip(UInt8(ascii: "-"))
    guard let value = number(), let magnitude = Int64(exactly: value) else {
      position = start
      return nil
    }
    return negative ? -magnitude : magnitude
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte) - 0x30
    case 0x61...0x66: UInt64(byte) - 0x61 + 10
    case 0x41...0x46: UInt64(byte) - 0x41 + 10
    default: nil
    }
  }
}
