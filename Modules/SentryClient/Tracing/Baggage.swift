// Provides the header that carries a trace's sampling context from service to service: baggage.
public import StructuredValue

/// The members of a `baggage` header that are Sentry's: a trace's dynamic sampling context in another spelling.
///
/// Form: W3C Baggage, `key=value` separated by commas, values percent-encoded; docs/sdk-tracing.md, "Headers".
public enum Baggage {
  private static let prefix = Array("sentry-".utf8)
  /// Bytes of a header, and members in it, that are looked at: the least that W3C asks of everybody.
  private static let byteLimit = 8192
  private static let memberLimit = 64

  /// Sentry's members without their prefix, decoded; the first of several with one name counts. `nil` without any.
  ///
  /// Members of others, properties behind a semicolon, and what has no `=` are passed over. What is no valid
  /// percent-encoding stands for itself.
  public static func parse(_ header: String) -> StructuredObject? {
    let bytes = Array(header.utf8.prefix(byteLimit))
    var result = StructuredObject()
    for member in bytes.split(separator: UInt8(ascii: ",")) {
      let pair = member.prefix { $0 != UInt8(ascii: ";") }
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let key = trimmed(pair[..<equals])
      guard key.starts(with: prefix), key.count > prefix.count else { continue }
      let name = String(decoding: decoded(key.dropFirst(prefix.count)), as: UTF8.self)
      if result[name] != nil { continue }
      result[name] = .string(String(decoding: decoded(trimmed(pair[(equals + 1)...])), as: UTF8.self))
      if result.count >= memberLimit { break }
    }
    return result.isEmpty ? nil : result
  }

  /// The header of a sampling context: `trace_id` first, then the others in their order; those that are null are left
  /// out.
  public static func header(_ context: StructuredObject) -> String {
    var text: [UInt8] = []
    append("trace_id", context["trace_id"], to: &text)
    for member in context.members where member.key != "trace_id" { append(member.key, member.value, to: &text) }
    return String(decoding: text, as: UTF8.self)
  }

  private static func append(_ key: String, _ value: StructuredValue?, to text: inout [UInt8]) {
    let words: String
    switch value {
    case .string(let value): words = value
    case .bool, .integer, .unsigned, .double: words = value?.jsonText ?? ""
    default: return
    }
    if !text.isEmpty { text.append(UInt8(ascii: ",")) }
    text.append(contentsOf: prefix)
    encode(key, to: &text)
    text.append(UInt8(ascii: "="))
    encode(words, to: &text)
  }

  private static func encode(_ words: String, to text: inout [UInt8]) {
    for byte in words.utf8 {
      switch byte {
      case 0x41...0x5a, 0x61...0x7a, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        text.append(byte)
      default:
        text.append(UInt8(ascii: "%"))
        for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? 0x30 + digit : 0x41 + digit - 10) }
      }
    }
  }

  private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      if bytes[index] == UInt8(ascii: "%"), bytes.endIndex - index > 2, let high = digit(bytes[index + 1]),
        let low = digit(bytes[index + 2])
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    return bytes
  }
}
