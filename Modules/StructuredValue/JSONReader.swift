// Provides values from JSON text.

extension StructuredValue {
  /// Parses one JSON text (RFC 8259) in UTF-8.
  ///
  /// Whole numbers become integers where they fit into 64 bits. The last of several members with one name counts.
  /// Bytes that are not UTF-8 and lone surrogates become U+FFFD.
  public init(json bytes: [UInt8]) throws(StructuredValueError) {
    var reader = JSONReader(bytes: bytes)
    reader.skipSpace()
    self = try reader.value(depth: 0)
    reader.skipSpace()
    if reader.offset != bytes.count { throw reader.failure(.trailingBytes) }
  }

  /// Parses JSON text; see `init(json:)` for bytes.
  public init(json text: String) throws(StructuredValueError) { try self.init(json: Array(text.utf8)) }
}

internal struct JSONReader {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  func failure(_ code: StructuredValueError.Code) -> StructuredValueError {
    StructuredValueError(code: code, offset: offset)
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
  }

  @inline(never)
  mutating func value(depth: Int) throws(StructuredValueError) -> StructuredValue {
    switch current {
    case nil: throw failure(.truncated)
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(
    _ text: StaticString, _ value: StructuredValue
  ) throws(StructuredValueError) -> StructuredValue {
    for index in 0..<text.utf8CodeUnitCount {
      guard let byte = current else { throw failure(.truncated) }
      if byte != text.utf8Start[index] { throw failure(.unexpectedByte) }
      offset += 1
    }
    return value
  }

  private mutating func array(depth: Int) throws(StructuredValueError) -> StructuredValue {
    if depth >= StructuredValue.depthLimit { throw failure(.tooDeep) }
    offset += 1
    var elements: [StructuredValue] = []
    skipSpace()
    if current == UInt8(ascii: "]") {
      offset += 1
      return .array(elements)
    }
    while true {
      skipSpace()
      elements.append(try value(depth: depth + 1))
      if try endsContainer(UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  private mutating func object(depth: Int) throws(StructuredValueError) -> StructuredValue {
    if depth >= StructuredValue.depthLimit { throw failure(.tooDeep) }
    offset += 1
    var object = StructuredObject()
    skipSpace()
    if current == UInt8(ascii: "}") {
      offset += 1
      return .object(object)
    }
    while true {
      skipSpace()
      guard let byte = current else { throw failure(.truncated) }
      if byte != UInt8(ascii: "\"") { throw failure(.unexpectedByte) }
      let key = try string()
      skipSpace()
      guard let colon = current else { throw failure(.truncated) }
      if colon != UInt8(ascii: ":") { throw failure(.unexpectedByte) }
      offset += 1
      skipSpace()
      object[key] = try value(depth: depth + 1)
      if try endsContainer(UInt8(ascii: "}")) { return .object(object) }
    }
  }

  /// Eats a comma (false) or the end (true).
  private mutating func endsContainer(_ end: UInt8) throws(StructuredValueError) -> Bool {
    skipSpace()
    guard let byte = current else { throw failure(.truncated) }
    if byte != end && byte != UInt8(ascii: ",") { throw failure(.unexpectedByte) }
    offset += 1
    return byte == end
  }

  @inline(never)
  private mutating func string() throws(StructuredValueError) -> String {
    offset += 1
    var text: [UInt8] = []
    while true {
      guard let byte = current else { throw failure(.truncated) }
      if byte < 0x20 { throw failure(.string) }
      offset += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      if byte != UInt8(ascii: "\\") {
        text.append(byte)
        continue
      }
      guard let escape = current else { throw failure(.truncated) }
      offset += 1
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0c)
      case UInt8(ascii: "n"): text.append(0x0a)
      case UInt8(ascii: "r"): text.append(0x0d)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"): text.append(contentsOf: UTF8.encode(try scalar()) ?? UTF8.encodedReplacementCharacter)
      default:
        offset -= 1
        throw failure(.string)
      }
    }
  }

  /// The scalar of `\uXXXX`, or of two of them; what stands for no scalar becomes U+FFFD.
  private mutating func scalar() throws(StructuredValueError) -> Unicode.Scalar {
    let first = try fourDigits()
    if first & 0xfc00 == 0xd800, offset < bytes.count - 1, bytes[offset] == UInt8(ascii: "\\"),
      bytes[offset + 1] == UInt8(ascii: "u")
    {
      let before = offset
      offset += 2
      let second = try fourDigits()
      if second & 0xfc00 == 0xdc00 {
        return Unicode.Scalar(0x10000 + (first & 0x3ff) << 10 + (second & 0x3ff)) ?? "\u{fffd}"
      }
      offset = before
    }
    return Unicode.Scalar(first) ?? "\u{fffd}"
  }

  private mutating func fourDigits() throws(StructuredValueError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current else { throw failure(.truncated) }
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x41 + 10
      case 0x61...0x66: digit = byte - 0x61 + 10
      default: throw failure(.string)
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }

  private mutating func number() throws(StructuredValueError) -> StructuredValue {
    var decimal = DecimalNumber()
    if current == UInt8(ascii: "-") {
      decimal.isNegative = true
      offset += 1
    }
    guard let first = current else { throw failure(.truncated) }
    guard isDigit(first) else { throw failure(.unexpectedByte) }
    var isWhole = true
    if first == UInt8(ascii: "0") {
      offset += 1
      if let next = current, isDigit(next) { throw failure(.number) }
    } else {
      while let byte = current, isDigit(byte) {
        decimal.append(byte - 0x30)
        offset += 1
      }
    }
    if current == UInt8(ascii: ".") {
      isWhole = false
      offset += 1
      try requireDigit()
      while let byte = current, isDigit(byte) {
        decimal.append(byte - 0x30, fraction: true)
        offset += 1
      }
    }
    if let mark = current, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      isWhole = false
      offset += 1
      let isNegative = current == UInt8(ascii: "-")
      if isNegative || current == UInt8(ascii: "+") { offset += 1 }
      try requireDigit()
      var exponent = 0
      while let byte = current, isDigit(byte) {
        // Beyond this the result is zero or infinite whatever follows, and however many digits came before.
        if exponent < 1 << 40 { exponent = exponent * 10 + Int(byte - 0x30) }
        offset += 1
      }
      decimal.shift(isNegative ? -exponent : exponent)
    }
    if isWhole, let value = decimal.integer { return value }
    guard let value = decimal.double else { throw failure(.number) }
    return .double(value)
  }

  private func requireDigit() throws(StructuredValueError) {
    guard let byte = current else { throw failure(.truncated) }
    if !isDigit(byte) { throw failure(.number) }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
