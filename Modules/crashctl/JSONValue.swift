// Provides JSON with keys in the order in which they are given.

/// A JSON value. Keys keep their order, so that output is stable.
enum JSONValue {
  case null
  case bool(Bool)
  case integer(UInt64)
  /// A string: `0x…` without leading zeros.
  case hexadecimal(UInt64)
  case text(String)
  case list([JSONValue])
  case members([Member])

  /// A key and its value.
  struct Member {
    let key: String
    let value: JSONValue
  }

  /// An object with its keys in this order.
  static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    JSONValue.members(members.map { Member(key: $0.0, value: $0.1) })
  }

  /// `0x…` without leading zeros.
  static func hex<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) -> JSONValue {
    JSONValue.hexadecimal(UInt64(value))
  }

  static func number<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) -> JSONValue {
    JSONValue.integer(UInt64(value))
  }

  /// Null for nil.
  static func optional(_ text: String?) -> JSONValue {
    guard let text else { return JSONValue.null }
    return JSONValue.text(text)
  }

  /// Text on several lines, two spaces a level; lists of simple values stay on one line.
  func write(to output: inout [UInt8], indent: Int = 0) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): output.append(contentsOf: String(value).utf8)
    case .hexadecimal(let value): Self.write(hex: value, to: &output)
    case .text(let value): Self.write(value, to: &output)
    case .list(let values):
      if values.isEmpty {
        output.append(contentsOf: "[]".utf8)
      } else if values.allSatisfy({ $0.isSimple }) {
        output.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
          if index > 0 { output.append(contentsOf: ", ".utf8) }
          value.write(to: &output)
        }
        output.append(UInt8(ascii: "]"))
      } else {
        output.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
          if index > 0 { output.append(UInt8(ascii: ",")) }
          Self.newline(&output, indent + 1)
          value.write(to: &output, indent: indent + 1)
        }
        Self.newline(&output, indent)
        output.append(UInt8(ascii: "]"))
      }
    case .members(let members):
      if members.isEmpty {
        output.append(contentsOf: "{}".utf8)
        return
      }
      let inline = indent >= 2 && members.count <= 8 && members.allSatisfy { $0.value.isSimple }
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        if inline {
          if index > 0 { output.append(UInt8(ascii: " ")) }
        } else {
          Self.newline(&output, indent + 1)
        }
        Self.write(member.key, to: &output)
        output.append(contentsOf: ": ".utf8)
        member.value.write(to: &output, indent: indent + 1)
      }
      if !inline { Self.newline(&output, indent) }
      output.append(UInt8(ascii: "}"))
    }
  }

  private var isSimple: Bool {
    switch self {
    case .list(let values): values.isEmpty
    case .members(let members): members.isEmpty
    default: true
    }
  }

  private static func newline(_ output: inout [UInt8], _ indent: Int) {
    output.append(UInt8(ascii: "\n"))
    for _ in 0..<indent {
      output.append(UInt8(ascii: " "))
      output.append(UInt8(ascii: " "))
    }
  }

  /// Addresses are most of what a dump's JSON consists of.
  private static func write(hex value: UInt64, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    output.append(UInt8(ascii: "0"))
    output.append(UInt8(ascii: "x"))
    var shift = max(0, (63 - value.leadingZeroBitCount) / 4 * 4)
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
      output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
      shift -= 4
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func write(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      if bytes.contains(where: { mustEscape($0) }) {
        for byte in bytes { write(byte, to: &output) }
      } else {
        output.append(contentsOf: bytes)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func mustEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7f
  }

  private static func write(_ byte: UInt8, to output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): output.append(contentsOf: "\\\"".utf8)
    case UInt8(ascii: "\\"): output.append(contentsOf: "\\\\".utf8)
    case UInt8(ascii: "\n"): output.append(contentsOf: "\\n".utf8)
    case UInt8(ascii: "\t"): output.append(contentsOf: "\\t".utf8)
    case UInt8(ascii: "\r"): output.append(contentsOf: "\\r".utf8)
    case 0..<0x20, 0x7f:
      let digits = String(byte, radix: 16)
      output.append(contentsOf: "\\u00".utf8)
      if digits.utf8.count < 2 { output.append(UInt8(ascii: "0")) }
      output.append(contentsOf: digits.utf8)
    default: output.append(byte)
    }
  }
}
