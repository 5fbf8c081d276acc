// Provides identifiers of events and sessions.

/// A UUID in Sentry's spelling.
public struct SentryID: Hashable, Sendable, CustomStringConvertible {
  /// 16 bytes in the order of the text.
  public let bytes: [UInt8]

  /// `nil` unless there are exactly 16 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Stands for "nothing was sent".
  public static let empty = SentryID(unchecked: [UInt8](repeating: 0, count: 16))

  private init(unchecked: [UInt8]) { bytes = unchecked }

  /// Parses 32 hexadecimal digits with or without dashes.
  public init?(_ text: String) {
    let isDashed = text.utf8.count == 36
    guard isDashed || text.utf8.count == 32 else { return nil }
    var digits: [UInt8] = []
    for (index, character) in text.utf8.enumerated() {
      if isDashed, index == 8 || index == 13 || index == 18 || index == 23 {
        if character != UInt8(ascii: "-") { return nil }
        continue
      }
      switch character {
      case 0x30...0x39: digits.append(character - 0x30)
      case 0x41...0x46: digits.append(character - 0x41 + 10)
      case 0x61...0x66: digits.append(character - 0x61 + 10)
      default: return nil
      }
    }
    guard digits.count == 32 else { return nil }
    bytes = (0..<16).map { digits[$0 * 2] << 4 | digits[$0 * 2 + 1] }
  }

  /// 36 characters, lower case, with dashes: as the native SDKs write it.
  public var dashed: String { text(dashes: true) }
  /// 32 characters, lower case: as servers show it.
  public var description: String { text(dashes: false) }

  private func text(dashes: Bool) -> String {
    let alphabet = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if dashes, index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
      text.append(alphabet[Int(byte >> 4)])
      text.append(alphabet[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
