// Provides a cursor over the text of /proc/PID/maps.

/// Takes fields off the front of a map's lines. A map may have tens of thousands: here nothing is counted or copied, which is
/// what most of the time of `TextScanner` goes into.
///
/// Valid as long as the text. Where a function returns `nil` or `false` the position is of no use any more, or is as it was.
struct MapScanner {
  static let dash: UInt8 = 0x2d, space: UInt8 = 0x20, colon: UInt8 = 0x3a, newline: UInt8 = 0x0a

  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

  var isAtEnd: Bool { position == text.count }

  mutating func next() -> UInt8? {
    if position == text.count { return nil }
    position &+= 1
    return text[position &- 1]
  }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard position < text.count, text[position] == byte else { return false }
    position &+= 1
    return true
  }

  /// Whether a permission is set: its letter, or a dash.
  mutating func flag(_ letter: UInt8) -> Bool? {
    guard let byte = next() else { return nil }
    return byte == letter ? true : byte == Self.dash ? false : nil
  }

  /// Hexadecimal digits as the kernel writes them, at least one; `nil` on overflow as well.
  mutating func hexadecimal() -> UInt64? {
    var value: UInt64 = 0
    let start = position
    while position < text.count {
      let byte = text[position]
      let digit = byte &- 0x30 < 10 ? byte &- 0x30 : byte &- 0x61 < 6 ? byte &- 0x57 : 16
      if digit == 16 { break }
      if value >> 60 != 0 { return nil }
      value = value << 4 | UInt64(digit)
      position &+= 1
    }
    return position == start ? nil : value
  }

  /// Decimal digits, at least one; `nil` on overflow as well.
  mutating func number() -> UInt64? {
    var value: UInt64 = 0
    let start = position
    while position < text.count, text[position] &- 0x30 < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(text[position] &- 0x30))
      if overflow || carry { return nil }
      value = sum
      position &+= 1
    }
    return position == start ? nil : value
  }

  /// What is left of the line behind blanks, without its newline, which stays.
  mutating func name() -> UnsafeBufferPointer<UInt8> {
    while position < text.count, text[position] == Self.space || text[position] == 0x09 { position &+= 1 }
    let start = position
    while position < text.count, text[position] != Self.newline { position &+= 1 }
    return UnsafeBufferPointer(rebasing: text[start..<position])
  }
}
