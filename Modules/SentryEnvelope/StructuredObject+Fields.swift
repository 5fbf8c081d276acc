// Provides short ways to fill an object with fields that may be missing.
internal import StructuredValue

extension StructuredObject {
  internal mutating func set(_ key: String, _ text: String?) { if let text { self[key] = .string(text) } }
  internal mutating func set(_ key: String, _ flag: Bool?) { if let flag { self[key] = .bool(flag) } }
  internal mutating func set(_ key: String, _ number: Int64?) { if let number { self[key] = .integer(number) } }
  internal mutating func set(_ key: String, _ value: StructuredValue?) { if let value { self[key] = value } }

  /// An address as events have it: `0x` and hexadecimal digits.
  internal mutating func set(_ key: String, address: UInt64?) {
    if let address { self[key] = .string("0x\(String(address, radix: 16))") }
  }

  /// Takes a member out.
  internal mutating func take(_ key: String) -> StructuredValue? {
    defer { self[key] = nil }
    return self[key]
  }
}

extension StructuredValue {
  /// The number of `0x…` text, or the number itself.
  internal var address: UInt64? {
    guard let text = string else { return uint64 }
    let digits = text.utf8.starts(with: "0x".utf8) ? text.utf8.dropFirst(2) : text.utf8[...]
    if digits.isEmpty || digits.count > 16 { return nil }
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
      case 0x41...0x46: value = value << 4 | UInt64(digit - 0x41 + 10)
      case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }
}
