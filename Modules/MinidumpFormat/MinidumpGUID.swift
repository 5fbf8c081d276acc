// Provides identifiers of 16 bytes as minidumps store them.

/// A GUID: three integers in the byte order of the dump, then eight bytes.
public struct MinidumpGUID: Hashable, Sendable, CustomStringConvertible {
  public var data1: UInt32
  public var data2: UInt16
  public var data3: UInt16
  /// The last eight bytes, the first one in the highest bits.
  public var data4: UInt64

  public init(data1: UInt32, data2: UInt16, data3: UInt16, data4: UInt64) {
    self.data1 = data1
    self.data2 = data2
    self.data3 = data3
    self.data4 = data4
  }

  public static let zero = Self(data1: 0, data2: 0, data3: 0, data4: 0)

  /// The identifier whose text form (RFC 9562) lists these 16 bytes in order. Missing bytes are 0.
  public init(uuidBytes bytes: [UInt8]) {
    func at(_ index: Int) -> UInt64 { index < bytes.count ? UInt64(bytes[index]) : 0 }
    data1 = UInt32(truncatingIfNeeded: at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3))
    data2 = UInt16(truncatingIfNeeded: at(4) << 8 | at(5))
    data3 = UInt16(truncatingIfNeeded: at(6) << 8 | at(7))
    data4 = (8..<16).reduce(0) { $0 << 8 | at($1) }
  }

  /// The GUID that a little-endian reader sees in the first 16 bytes of an ELF build ID; short ones end in zeros.
  public init(buildID bytes: [UInt8]) {
    func at(_ index: Int) -> UInt64 { index < bytes.count ? UInt64(bytes[index]) : 0 }
    data1 = UInt32(truncatingIfNeeded: at(3) << 24 | at(2) << 16 | at(1) << 8 | at(0))
    data2 = UInt16(truncatingIfNeeded: at(5) << 8 | at(4))
    data3 = UInt16(truncatingIfNeeded: at(7) << 8 | at(6))
    data4 = (8..<16).reduce(0) { $0 << 8 | at($1) }
  }

  /// 32 upper-case hex digits.
  public var breakpadText: String {
    MinidumpHex.upper(UInt64(data1), digits: 8) + MinidumpHex.upper(UInt64(data2), digits: 4)
      + MinidumpHex.upper(UInt64(data3), digits: 4) + MinidumpHex.upper(data4, digits: 16)
  }

  /// Lower-case with hyphens.
  public var description: String {
    let last = MinidumpHex.lower(data4, digits: 16)
    return MinidumpHex.lower(UInt64(data1), digits: 8) + "-" + MinidumpHex.lower(UInt64(data2), digits: 4) + "-"
      + MinidumpHex.lower(UInt64(data3), digits: 4) + "-" + MinidumpHex.lower(data4 >> 48, digits: 4) + "-"
      + String(decoding: last.utf8.dropFirst(4), as: UTF8.self)
  }

  internal func encode(into output: MinidumpEncoder, at offset: Int) {
    output.put(data1, at: offset)
    output.put(data2, at: offset + 4)
    output.put(data3, at: offset + 6)
    for index in 0..<8 {
      output.put(UInt8(truncatingIfNeeded: data4 >> UInt64(56 - index * 8)), at: offset + 8 + index)
    }
  }
}

/// Hexadecimal text of fixed width.
internal enum MinidumpHex {
  static func upper(_ value: UInt64, digits: Int) -> String { text(value, digits: digits, letters: 55) }
  static func lower(_ value: UInt64, digits: Int) -> String { text(value, digits: digits, letters: 87) }

  static func lower(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      result.append(digit(byte >> 4, letters: 87))
      result.append(digit(byte & 15, letters: 87))
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// - Parameter digits: 1...16; higher digits of the value are dropped.
  private static func text(_ value: UInt64, digits: Int, letters: UInt8) -> String {
    var result: [UInt8] = []
    for position in (0..<digits).reversed() {
      result.append(digit(UInt8(truncatingIfNeeded: value >> UInt64(position * 4)) & 15, letters: letters))
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func digit(_ value: UInt8, letters: UInt8) -> UInt8 { value < 10 ? 48 + value : letters + value }
}
