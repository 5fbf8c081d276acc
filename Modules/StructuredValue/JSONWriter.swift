// Provides JSON text from values.

extension StructuredValue {
  /// Compact JSON in UTF-8, members in their order.
  ///
  /// Doubles have as many digits as are needed to read the same double again; what JSON cannot say (NaN, infinities)
  /// becomes `null`. Format: docs/formats/wire-formats.md, "JSON".
  public var json: [UInt8] {
    var writer = JSONWriter()
    writer.write(self, depth: 0)
    return writer.bytes
  }

  /// `json` as text.
  public var jsonText: String { String(decoding: json, as: UTF8.self) }
}

internal struct JSONWriter {
  var bytes: [UInt8] = []

  /// Whether a value would lie deeper than is written.
  private func vanishes(_ value: StructuredValue, depth: Int) -> Bool {
    switch value {
    case .array, .object: depth >= StructuredValue.depthLimit
    default: false
    }
  }

  mutating func write(_ value: StructuredValue, depth: Int) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .unsigned(let value): append(String(value))
    case .double(let value): append(value.isFinite ? value.description : "null")
    case .string(let value): write(string: value)
    case .bytes(let value):
      bytes.append(UInt8(ascii: "\""))
      bytes.append(contentsOf: Base64.encoded(value))
      bytes.append(UInt8(ascii: "\""))
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      var isFirst = true
      for element in elements where !vanishes(element, depth: depth + 1) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        write(element, depth: depth + 1)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      var isFirst = true
      for member in object.members where !vanishes(member.value, depth: depth + 1) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        write(string: member.key)
        bytes.append(UInt8(ascii: ":"))
        write(member.value, depth: depth + 1)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func write(string: String) {
    var string = string
    string.withUTF8 { text in
      let plain = Self.plainCount(text, from: 0)
      if plain == text.count { return appendQuoted(text) }
      bytes.append(UInt8(ascii: "\""))
      var start = 0
      var end = plain
      while true {
        bytes.append(contentsOf: text[start..<end])
        if end == text.count { break }
        escape(text[end])
        start = end + 1
        end = Self.plainCount(text, from: start)
      }
      bytes.append(UInt8(ascii: "\""))
    }
  }

  /// Where the next byte is that has to be escaped.
  private static func plainCount(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = text.baseAddress else { return 0 }
    var index = start
    while index < text.count {
      let byte = base[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      index += 1
    }
    return index
  }

  /// A text that has nothing to escape, as most have: with its quotes at once, since each call of `append` takes as long
  /// as a short text.
  private mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
    bytes.append(addingCapacity: text.count + 2) { target in
      target.append(UInt8(ascii: "\""))
      target.withUnsafeMutableBufferPointer { buffer, count in
        guard let to = buffer.baseAddress, let from = text.baseAddress else { return }
        UnsafeMutableRawPointer(to + count).copyMemory(from: from, byteCount: text.count)
        count += text.count
      }
      target.append(UInt8(ascii: "\""))
    }
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case 0x08: append("\\b")
    case 0x0c: append("\\f")
    case 0x0a: append("\\n")
    case 0x0d: append("\\r")
    case 0x09: append("\\t")
    default:
      append("\\u00")
      for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10) }
    }
  }
}

extension StructuredValue {
  /// Appends `json` to what is there.
  public func appendJSON(to bytes: inout [UInt8]) {
    var writer = JSONWriter()
    swap(&writer.bytes, &bytes)
    writer.write(self, depth: 0)
    swap(&writer.bytes, &bytes)
  }

  /// Appends a text as JSON, in quotes.
  public static func appendJSON(_ text: String, to bytes: inout [UInt8]) {
    var writer = JSONWriter()
    swap(&writer.bytes, &bytes)
    writer.write(string: text)
    swap(&writer.bytes, &bytes)
  }
}

/// Base64 of RFC 4648 with padding.
internal enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count / 3 * 4 + 4)
    var index = 0
    while index < bytes.count {
      let left = bytes.count - index
      let group =
        UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
        | (left > 2 ? UInt32(bytes[index + 2]) : 0)
      result.append(alphabet[Int(group >> 18)])
      result.append(alphabet[Int(group >> 12 & 63)])
      result.append(left > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
      result.append(left > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
      index += 3
    }
    return result
  }
}
