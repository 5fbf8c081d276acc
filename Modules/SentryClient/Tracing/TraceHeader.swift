// Provides the headers that name a trace: sentry-trace and traceparent.

/// What `sentry-trace` and `traceparent` say: the trace, the span that calls, and whether it is recorded.
///
/// Forms: docs/sdk-tracing.md, "Headers".
public struct TraceHeader: Hashable, Sendable {
  /// 32 lower-case hexadecimal digits, not all zero.
  public let traceID: String
  /// 16 lower-case hexadecimal digits, not all zero.
  public let spanID: String
  /// `nil`: the decision is left to the receiver.
  public let isSampled: Bool?

  /// - Parameters: identifiers as they are; nothing is checked.
  public init(traceID: String, spanID: String, isSampled: Bool?) {
    self.traceID = traceID
    self.spanID = spanID
    self.isSampled = isSampled
  }

  /// Parses `{trace}-{span}` or `{trace}-{span}-{0|1}`; `nil` for anything else.
  public init?(sentryTrace text: String) {
    let parts = Self.parts(text)
    guard parts.count == 2 || parts.count == 3, let trace = Self.identifier(parts[0], 32),
      let span = Self.identifier(parts[1], 16)
    else { return nil }
    var isSampled: Bool?
    if parts.count == 3 {
      switch Array(parts[2]) {
      case [UInt8(ascii: "1")]: isSampled = true
      case [UInt8(ascii: "0")]: isSampled = false
      default: return nil
      }
    }
    self.init(traceID: trace, spanID: span, isSampled: isSampled)
  }

  /// Parses a header of W3C Trace Context: `{version}-{trace}-{span}-{flags}`. Later versions may have more parts.
  public init?(traceparent text: String) {
    let parts = Self.parts(text)
    guard parts.count >= 4, let version = Self.byte(parts[0]), version != 0xff, version != 0 || parts.count == 4,
      let trace = Self.identifier(parts[1], 32), let span = Self.identifier(parts[2], 16),
      let flags = Self.byte(parts[3])
    else { return nil }
    self.init(traceID: trace, spanID: span, isSampled: flags & 1 != 0)
  }

  /// The value of `sentry-trace`.
  public var sentryTrace: String {
    guard let isSampled else { return "\(traceID)-\(spanID)" }
    return "\(traceID)-\(spanID)-\(isSampled ? "1" : "0")"
  }

  /// The value of `traceparent`.
  public var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled == true ? "01" : "00")" }

  /// The longest text that can be a header; anything longer is not looked at.
  private static let limit = 512

  private static func parts(_ text: String) -> [ArraySlice<UInt8>] {
    var bytes = Array(text.utf8.prefix(limit + 1))[...]
    if bytes.count > limit { return [] }
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    return bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
  }

  private static func identifier(_ digits: ArraySlice<UInt8>, _ count: Int) -> String? {
    guard digits.count == count else { return nil }
    var text: [UInt8] = []
    text.reserveCapacity(count)
    var isZero = true
    for digit in digits {
      switch digit {
      case 0x30...0x39, 0x61...0x66: text.append(digit)
      case 0x41...0x46: text.append(digit + 0x20)
      default: return nil
      }
      if digit != 0x30 { isZero = false }
    }
    return isZero ? nil : String(decoding: text, as: UTF8.self)
  }

  /// Two lower-case hexadecimal digits.
  private static func byte(_ digits: ArraySlice<UInt8>) -> UInt8? {
    guard digits.count == 2 else { return nil }
    var value: UInt8 = 0
    for digit in digits {
      switch digit {
      case 0x30...0x39: value = value << 4 | (digit - 0x30)
      case 0x61...0x66: value = value << 4 | (digit - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }
}
