// Provides the short form of demangled Swift names.

/// Shortens what `swift_demangle` gives, which spells out every type.
enum SwiftName {
  /// `main.crash(Swift.Int) async throws -> Swift.Bool` becomes `main.crash(Int) async throws`.
  ///
  /// Works on text, since the runtime offers no other form: the return type goes where it is not inside parentheses or
  /// angle brackets, `Swift.` goes everywhere.
  static func shortened(_ name: String) -> String {
    let bytes = Array(name.utf8)
    var result: [UInt8] = []
    var depth = 0
    var index = 0
    let arrow = Array(" -> ".utf8)
    let ends = [" in ", " of "].map { Array($0.utf8) }
    let prefix = Array("Swift.".utf8)
    func matches(_ text: [UInt8]) -> Bool { bytes[index...].starts(with: text) }
    while index < bytes.count {
      if depth == 0, matches(arrow) {
        // Up to the context that follows the type, or the end.
        index += arrow.count
        var inner = 0
        while index < bytes.count {
          if inner == 0, ends.contains(where: { matches($0) }) { break }
          inner += nesting(bytes, index)
          index += 1
        }
        continue
      }
      let isWordStart = result.last.map { !isIdentifier($0) && $0 != UInt8(ascii: ".") } ?? true
      if isWordStart, matches(prefix), depth > 0 {
        index += prefix.count
        continue
      }
      depth += nesting(bytes, index)
      result.append(bytes[index])
      index += 1
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isIdentifier(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
      || byte >= 0x80
  }

  /// 1, -1 or 0 for the character at `index`; the `>` of an arrow closes nothing.
  private static func nesting(_ bytes: [UInt8], _ index: Int) -> Int {
    switch bytes[index] {
    case UInt8(ascii: "("), UInt8(ascii: "<"), UInt8(ascii: "["): return 1
    case UInt8(ascii: ")"), UInt8(ascii: "]"): return -1
    case UInt8(ascii: ">"): return index > 0 && bytes[index - 1] == UInt8(ascii: "-") ? 0 : -1
    default: return 0
    }
  }
}
