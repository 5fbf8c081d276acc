// Provides a text that callers may borrow.
internal import CLinuxShims
internal import CSentry

/// A copy of a caller's text with a NUL behind it, which stays where it is.
internal final class CText: @unchecked Sendable {
  // @unchecked: never changed.
  let start: UnsafeMutablePointer<CChar>
  let count: Int

  private init(start: UnsafeMutablePointer<CChar>, count: Int) {
    self.start = start
    self.count = count
  }

  // Functions, not initialisers: those of a class that fail have made an object by then, which Embedded Swift leaks.

  /// `nil` for NULL.
  static func copy(_ text: UnsafePointer<CChar>?, _ length: Int) -> CText? {
    guard let text, length >= 0, let copy = sentry_malloc(length + 1) else { return nil }
    let start = copy.assumingMemoryBound(to: CChar.self)
    memcpy(start, text, length)
    start[length] = 0
    return CText(start: start, count: length)
  }

  static func copy(_ text: UnsafePointer<CChar>?) -> CText? { copy(text, length(text)) }

  static func copy(_ text: String) -> CText? { copy(bytes: Array(text.utf8)) }

  static func copy(bytes: [UInt8]) -> CText? {
    callersCopy(of: bytes).map { CText(start: $0, count: bytes.count) }
  }

  deinit { sentry_free(start) }

  var borrowed: UnsafePointer<CChar> { UnsafePointer(start) }
  var string: String { String(c: borrowed, count) ?? "" }
  var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }
}
