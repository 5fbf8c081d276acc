// Provides values from MessagePack.

extension StructuredValue {
  /// Parses one MessagePack value that takes all the bytes.
  ///
  /// Extension values become `null`. Members whose name is neither text nor a number are left out; the last of several
  /// with one name counts.
  public init(messagePack bytes: [UInt8]) throws(StructuredValueError) {
    var reader = MessagePackReader(bytes: bytes)
    self = try reader.value(depth: 0)
    if reader.offset != bytes.count { throw reader.failure(.trailingBytes) }
  }

  /// Values that follow each other without anything between them, as in a file that is appended to. Ends quietly at the
  /// first one that is cut or broken: the writer may have died in the middle of it.
  public static func sequence(messagePack bytes: [UInt8]) -> [StructuredValue] {
    var reader = MessagePackReader(bytes: bytes)
    var values: [StructuredValue] = []
    while reader.offset < bytes.count, let value = try? reader.value(depth: 0) { values.append(value) }
    return values
  }
}

internal struct MessagePackReader {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  func failure(_ code: StructuredValueError.Code) -> StructuredValueError {
    StructuredValueError(code: code, offset: offset)
  }

  mutating func value(depth: Int) throws(StructuredValueError) -> StructuredValue {
    let start = offset
    let mark = try number(UInt8.self)
    switch mark {
    case 0x00...0x7f: return .integer(Int64(mark))
    case 0x80...0x8f: return try object(count: Int(mark & 15), depth: depth)
    case 0x90...0x9f: return try array(count: Int(mark & 15), depth: depth)
    case 0xa0...0xbf: return try string(count: Int(mark & 31))
    case 0xc0: return .null
    case 0xc2: return .bool(false)
    case 0xc3: return .bool(true)
    case 0xc4: return .bytes(try take(Int(number(UInt8.self))))
    case 0xc5: return .bytes(try take(Int(number(UInt16.self))))
    case 0xc6: return .bytes(try take(Int(number(UInt32.self))))
    case 0xc7: return try skipExtension(Int(number(UInt8.self)))
    case 0xc8: return try skipExtension(Int(number(UInt16.self)))
    case 0xc9: return try skipExtension(Int(number(UInt32.self)))
    case 0xca: return .double(Double(Float(bitPattern: try number(UInt32.self))))
    case 0xcb: return .double(Double(bitPattern: try number(UInt64.self)))
    case 0xcc: return .integer(Int64(try number(UInt8.self)))
    case 0xcd: return .integer(Int64(try number(UInt16.self)))
    case 0xce: return .integer(Int64(try number(UInt32.self)))
    case 0xcf: return StructuredValue(try number(UInt64.self))
    case 0xd0: return .integer(Int64(try number(Int8.self)))
    case 0xd1: return .integer(Int64(try number(Int16.self)))
    case 0xd2: return .integer(Int64(try number(Int32.self)))
    case 0xd3: return .integer(try number(Int64.self))
    case 0xd4...0xd8: return try skipExtension(1 << Int(mark - 0xd4))
    case 0xd9: return try string(count: Int(number(UInt8.self)))
    case 0xda: return try string(count: Int(number(UInt16.self)))
    case 0xdb: return try string(count: Int(number(UInt32.self)))
    case 0xdc: return try array(count: Int(number(UInt16.self)), depth: depth)
    case 0xdd: return try array(count: Int(number(UInt32.self)), depth: depth)
    case 0xde: return try object(count: Int(number(UInt16.self)), depth: depth)
    case 0xdf: return try object(count: Int(number(UInt32.self)), depth: depth)
    case 0xe0...0xff: return .integer(Int64(Int8(bitPattern: mark)))
    default:
      offset = start
      throw failure(.unexpectedByte)
    }
  }

  private mutating func number<T: FixedWidthInteger>(_ type: T.Type) throws(StructuredValueError) -> T {
    let width = T.bitWidth / 8
    guard bytes.count - offset >= width else { throw failure(.truncated) }
    var value: T = 0
    for index in offset..<(offset + width) {
      // A shift by the whole width of a byte is zero, as it should be.
      value = value << 8 | T(truncatingIfNeeded: bytes[index])
    }
    offset += width
    return value
  }

  private mutating func take(_ count: Int) throws(StructuredValueError) -> [UInt8] {
    guard count >= 0, bytes.count - offset >= count else { throw failure(.truncated) }
    defer { offset += count }
    return Array(bytes[offset..<(offset + count)])
  }

  private mutating func string(count: Int) throws(StructuredValueError) -> StructuredValue {
    .string(String(decoding: try take(count), as: UTF8.self))
  }

  /// A type byte and `count` bytes.
  private mutating func skipExtension(_ count: Int) throws(StructuredValueError) -> StructuredValue {
    guard bytes.count - offset > count else { throw failure(.truncated) }
    offset += count + 1
    return .null
  }

  private mutating func array(count: Int, depth: Int) throws(StructuredValueError) -> StructuredValue {
    if depth >= StructuredValue.depthLimit { throw failure(.tooDeep) }
    // Every element takes a byte at least.
    guard bytes.count - offset >= count else { throw failure(.truncated) }
    var elements: [StructuredValue] = []
    for _ in 0..<count { elements.append(try value(depth: depth + 1)) }
    return .array(elements)
  }

  private mutating func object(count: Int, depth: Int) throws(StructuredValueError) -> StructuredValue {
    if depth >= StructuredValue.depthLimit { throw failure(.tooDeep) }
    guard (bytes.count - offset) / 2 >= count else { throw failure(.truncated) }
    var object = StructuredObject()
    for _ in 0..<count {
      let key = try value(depth: depth + 1)
      let member = try value(depth: depth + 1)
      switch key {
      case .string(let name): object[name] = member
      case .integer(let number): object[String(number)] = member
      case .unsigned(let number): object[String(number)] = member
      default: break
      }
    }
    return .object(object)
  }
}
