// Provides readable names for Rust's older scheme, which looks like C++'s.

/// `_ZN` path `17h` hash `E`: every part is its length and its text, the last part a hash of 16 digits.
///
/// Source: the module `legacy` of rustc's symbol mangling; docs/stack-walking.md restates it.
enum RustLegacyName {
  /// The path without its hash; `nil` when the name is none of Rust's.
  static func demangle(_ name: [UInt8]) -> String? {
    guard let parts = parts(name), parts.count > 1 else { return nil }
    var result: [UInt8] = []
    for (index, part) in parts.dropLast().enumerated() {
      if index > 0 { result += "::".utf8 }
      guard append(part, to: &result) else { return nil }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// What lies between `_ZN` and `E`; behind it only a suffix of the compiler may stand, such as `.llvm.123`.
  private static func parts(_ name: [UInt8]) -> [ArraySlice<UInt8>]? {
    var rest = name[...]
    let prefixes: [StaticString] = ["__ZN", "_ZN", "ZN"]
    for prefix in prefixes {
      let bytes = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
      if rest.starts(with: bytes) {
        rest = rest.dropFirst(bytes.count)
        break
      }
    }
    guard rest.count < name.count else { return nil }
    var parts: [ArraySlice<UInt8>] = []
    while let byte = rest.first, byte != UInt8(ascii: "E") {
      var length = 0
      var digits = 0
      while let digit = rest.first, digit >= 0x30, digit <= 0x39, digits < 6 {
        length = length * 10 + Int(digit - 0x30)
        digits += 1
        rest = rest.dropFirst()
      }
      guard digits > 0, length > 0, length <= rest.count, parts.count < 512 else { return nil }
      parts.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    guard rest.first == UInt8(ascii: "E"), let hash = parts.last, isHash(hash) else { return nil }
    let suffix = rest.dropFirst()
    return suffix.isEmpty || suffix.first == UInt8(ascii: ".") ? parts : nil
  }

  /// `h` and 16 lower-case digits. A C++ name that ends so by chance has hardly five different ones among them.
  private static func isHash(_ part: ArraySlice<UInt8>) -> Bool {
    guard part.count == 17, part.first == UInt8(ascii: "h") else { return false }
    var seen: UInt16 = 0
    for byte in part.dropFirst() {
      switch byte {
      case 0x30...0x39: seen |= 1 << UInt16(byte - 0x30)
      case 0x61...0x66: seen |= 1 << UInt16(byte - 0x61 + 10)
      default: return false
      }
    }
    return seen.nonzeroBitCount >= 5
  }

  /// Adds one part with its escapes resolved: `$LT$`, `..` for `::`, and more.
  private static func append(_ part: ArraySlice<UInt8>, to result: inout [UInt8]) -> Bool {
    var rest = part
    // An identifier must not start with `$`, so that one does with `_$`.
    if rest.starts(with: "_$".utf8) { rest = rest.dropFirst() }
    while let byte = rest.first {
      if byte == UInt8(ascii: "$") {
        guard let end = rest.dropFirst().firstIndex(of: byte) else { return false }
        guard let text = escape(rest[(rest.startIndex + 1)..<end]) else { return false }
        result += text
        rest = rest[(end + 1)...]
      } else if rest.starts(with: "..".utf8) {
        result += "::".utf8
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
        rest = rest.dropFirst()
      }
    }
    return true
  }

  private static func escape(_ code: ArraySlice<UInt8>) -> [UInt8]? {
    switch String(decoding: code, as: UTF8.self) {
    case "SP": return [UInt8(ascii: "@")]
    case "BP": return [UInt8(ascii: "*")]
    case "RF": return [UInt8(ascii: "&")]
    case "LT": return [UInt8(ascii: "<")]
    case "GT": return [UInt8(ascii: ">")]
    case "LP": return [UInt8(ascii: "(")]
    case "RP": return [UInt8(ascii: ")")]
    case "C": return [UInt8(ascii: ",")]
    case let text:
      guard text.utf8.first == UInt8(ascii: "u"), text.utf8.count <= 7,
        let value = UInt32(text.dropFirst(), radix: 16), value >= 32, let scalar = Unicode.Scalar(value)
      else { return nil }
      return Array(String(Character(scalar)).utf8)
    }
  }
}
