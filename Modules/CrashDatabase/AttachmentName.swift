// Provides names of attachments that are safe in a folder and in an upload.

internal enum AttachmentName {
  /// Replaces every byte but `[A-Za-z0-9_.-]` by `_`, as Sentry's handler does, and names that mean a folder too.
  static func repaired(_ name: [UInt8]) -> [UInt8] {
    var result = name.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }
    if result.isEmpty { return Array("attachment".utf8) }
    if result.allSatisfy({ $0 == UInt8(ascii: ".") }) { result = result.map { _ in UInt8(ascii: "_") } }
    // NAME_MAX is 255; room is left for a number. What is kept is the end, where the extensions are.
    if result.count > 240 { result = Array(result.suffix(240)) }
    return result
  }

  /// `name-N`, with N before the extensions: `log.tar.gz` becomes `log-1.tar.gz`.
  static func numbered(_ name: [UInt8], _ number: Int) -> [UInt8] {
    var split = name.count
    for _ in 0..<2 {
      guard let dot = name[..<split].lastIndex(of: UInt8(ascii: ".")), dot > 0 else { break }
      split = dot
    }
    return Array(name[..<split]) + Array("-\(number)".utf8) + Array(name[split...])
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
