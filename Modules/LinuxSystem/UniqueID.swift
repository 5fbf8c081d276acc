// Provides UUIDs: of reports, clients, runs and events.
internal import CLinuxShims

/// A UUID of 16 bytes in the order of its text.
///
/// Source: RFC 9562; the mixed-endian structure is described in docs/formats/crash-database.md.
public struct UniqueID: Hashable, Sendable, CustomStringConvertible {
  /// 16 bytes, big-endian as in the text form.
  public let bytes: [UInt8]

  /// `nil` unless there are exactly 16 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// The identifier whose bytes are all zero.
  public static let zero = UniqueID(unchecked: [UInt8](repeating: 0, count: 16))

  private init(unchecked: [UInt8]) { bytes = unchecked }

  /// A version 4 UUID from the kernel's random source.
  public static func random() -> UniqueID {
    var bytes = [UInt8](repeating: 0, count: 16)
    var filled = 0
    while filled < 16 {
      let count = bytes.withUnsafeMutableBufferPointer { buffer in
        getrandom(buffer.baseAddress.map { $0 + filled }, 16 - filled, 0)
      }
      if count > 0 { filled += count }
    }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    return UniqueID(unchecked: bytes)
  }

  /// Parses exactly 36 characters, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, either case.
  public init?(_ text: String) { self.init(text: Array(text.utf8)) }

  public init?(text: [UInt8]) {
    guard text.count == 36 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16)
    var index = 0
    while index < 36 {
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard text[index] == UInt8(ascii: "-") else { return nil }
        index += 1
        continue
      }
      guard let high = Self.digit(text[index]), let low = Self.digit(text[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
      index += 2
    }
    self.bytes = bytes
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// 36 characters, lower case, with dashes.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (index, byte) in bytes.enumerated() {
      if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The 16 bytes of the in-memory structure of Crashpad and Windows: u32, u16, u16 little-endian, then 8 bytes.
  public var mixedEndianBytes: [UInt8] { Self.swapped(bytes) }

  /// `nil` unless there are exactly 16 bytes.
  public init?(mixedEndianBytes: [UInt8]) {
    guard mixedEndianBytes.count == 16 else { return nil }
    bytes = Self.swapped(mixedEndianBytes)
  }

  private static func swapped(_ bytes: [UInt8]) -> [UInt8] {
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    return order.map { bytes[$0] }
  }
}
