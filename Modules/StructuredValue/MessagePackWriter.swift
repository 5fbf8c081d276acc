// Provides MessagePack from values.

extension StructuredValue {
  /// MessagePack, numbers in their shortest form, members in their order.
  ///
  /// Source: the MessagePack specification, <https://github.com/msgpack/msgpack/blob/master/spec.md>.
  public var messagePack: [UInt8] { messagePack(depth: 0) }
}

extension StructuredValue {
  /// As `messagePack`, of a value that lies in so many containers already.
  public func messagePack(depth: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    appendMessagePack(to: &bytes, depth: depth)
    return bytes
  }

  /// Appends `messagePack(depth:)` to what is there.
  public func appendMessagePack(to bytes: inout [UInt8], depth: Int = 0) {
    var writer = MessagePackWriter()
    swap(&writer.bytes, &bytes)
    // Most values are breadcrumbs and the like: one allocation is enough for them.
    if writer.bytes.isEmpty { writer.bytes.reserveCapacity(256) }
    writer.write(self, depth: depth)
    swap(&writer.bytes, &bytes)
  }

  /// Appends a text as MessagePack.
  public static func appendMessagePack(_ text: String, to bytes: inout [UInt8]) {
    var writer = MessagePackWriter()
    swap(&writer.bytes, &bytes)
    writer.write(string: text)
    swap(&writer.bytes, &bytes)
  }
}

internal struct MessagePackWriter {
  var bytes: [UInt8] = []

  private func vanishes(_ value: StructuredValue, depth: Int) -> Bool {
    switch value {
    case .array, .object: depth >= StructuredValue.depthLimit
    default: false
    }
  }

  mutating func write(_ value: StructuredValue, depth: Int) {
    switch value {
    case .null: bytes.append(0xc0)
    case .bool(let value): bytes.append(value ? 0xc3 : 0xc2)
    case .integer(let value): if value < 0 { write(negative: value) } else { write(unsigned: UInt64(value)) }
    case .unsigned(let value): write(unsigned: value)
    case .double(let value):
      bytes.append(0xcb)
      append(value.bitPattern)
    case .string(let value): write(string: value)
    case .bytes(let value):
      write(count: value.count, narrow: 0xc4, medium: 0xc5, wide: 0xc6)
      bytes.append(contentsOf: value)
    case .array(let elements):
      var kept = 0
      for element in elements where !vanishes(element, depth: depth + 1) { kept += 1 }
      if kept < 16 {
        bytes.append(0x90 | UInt8(kept))
      } else {
        write(count: kept, narrow: nil, medium: 0xdc, wide: 0xdd)
      }
      for element in elements where !vanishes(element, depth: depth + 1) { write(element, depth: depth + 1) }
    case .object(let object):
      var kept = 0
      for member in object.members where !vanishes(member.value, depth: depth + 1) { kept += 1 }
      if kept < 16 {
        bytes.append(0x80 | UInt8(kept))
      } else {
        write(count: kept, narrow: nil, medium: 0xde, wide: 0xdf)
      }
      for member in object.members where !vanishes(member.value, depth: depth + 1) {
        write(string: member.key)
        write(member.value, depth: depth + 1)
      }
    }
  }

  mutating func write(string: String) {
    var string = string
    string.withUTF8 { text in
      if text.count < 32 {
        bytes.append(0xa0 | UInt8(text.count))
      } else {
        write(count: text.count, narrow: 0xd9, medium: 0xda, wide: 0xdb)
      }
      bytes.append(contentsOf: text)
    }
  }

  private mutating func write(unsigned value: UInt64) {
    if value < 0x80 {
      bytes.append(UInt8(value))
    } else if let small = UInt8(exactly: value) {
      bytes.append(contentsOf: [0xcc, small])
    } else if let small = UInt16(exactly: value) {
      bytes.append(0xcd)
      append(small)
    } else if let small = UInt32(exactly: value) {
      bytes.append(0xce)
      append(small)
    } else {
      bytes.append(0xcf)
      append(value)
    }
  }

  private mutating func write(negative value: Int64) {
    if value >= -32 {
      bytes.append(UInt8(truncatingIfNeeded: value))
    } else if let small = Int8(exactly: value) {
      bytes.append(contentsOf: [0xd0, UInt8(bitPattern: small)])
    } else if let small = Int16(exactly: value) {
      bytes.append(0xd1)
      append(UInt16(bitPattern: small))
    } else if let small = Int32(exactly: value) {
      bytes.append(0xd2)
      append(UInt32(bitPattern: small))
    } else {
      bytes.append(0xd3)
      append(UInt64(bitPattern: value))
    }
  }

  private mutating func write(count: Int, narrow: UInt8?, medium: UInt8, wide: UInt8) {
    if let narrow, let small = UInt8(exactly: count) {
      bytes.append(contentsOf: [narrow, small])
    } else if let small = UInt16(exactly: count) {
      bytes.append(medium)
      append(small)
    } else {
      bytes.append(wide)
      append(UInt32(clamping: count))
    }
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    var shift = T.bitWidth - 8
    while shift >= 0 {
      bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
      shift -= 8
    }
  }
}
