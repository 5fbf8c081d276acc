// Provides the text that Punycode stands for, as mangled names of Rust have it.

/// RFC 3492, with `_` in place of `-` before the digits.
enum Punycode {
  private static let lengthLimit = 1024

  /// UTF-8; `nil` when the text is no Punycode.
  static func decode(_ text: [UInt8]) -> [UInt8]? {
    guard text.count <= lengthLimit else { return nil }
    var scalars: [UInt32] = []
    var digits = text[...]
    if let mark = text.lastIndex(of: UInt8(ascii: "_")) {
      scalars = text[..<mark].map { UInt32($0) }
      digits = text[(mark + 1)...]
    }
    var code: UInt64 = 128
    var place: UInt64 = 0
    var bias: UInt64 = 72
    var isFirst = true
    while !digits.isEmpty {
      let before = place
      var weight: UInt64 = 1
      var step: UInt64 = 36
      while true {
        guard let byte = digits.popFirst(), let digit = value(byte) else { return nil }
        place += digit * weight
        let threshold = step <= bias ? 1 : min(26, step - bias)
        if digit < threshold { break }
        weight *= 36 - threshold
        // Larger ones stand for no character.
        guard weight < 1 << 40, place < 1 << 40 else { return nil }
        step += 36
      }
      let count = UInt64(scalars.count) + 1
      bias = adapted(place - before, count: count, isFirst: isFirst)
      isFirst = false
      code += place / count
      place %= count
      guard let scalar = UInt32(exactly: code), Unicode.Scalar(scalar) != nil, scalars.count < lengthLimit else {
        return nil
      }
      scalars.insert(scalar, at: Int(place))
      place += 1
    }
    var result = String.UnicodeScalarView()
    for scalar in scalars { if let scalar = Unicode.Scalar(scalar) { result.append(scalar) } }
    return Array(String(result).utf8)
  }

  private static func value(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x61...0x7a: UInt64(byte - 0x61)
    case 0x30...0x39: UInt64(byte - 0x30) + 26
    default: nil
    }
  }

  private static func adapted(_ delta: UInt64, count: UInt64, isFirst: Bool) -> UInt64 {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var steps: UInt64 = 0
    while delta > 455 {
      delta /= 35
      steps += 36
    }
    return steps + 36 * delta / (delta + 38)
  }
}
