// Provides the limits that a server puts on what it wants to be sent.
public import LinuxSystem

/// A kind of data that a server limits separately. Unknown ones round-trip.
public struct DataCategory: RawRepresentable, Hashable, Sendable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  /// Events, crash reports and their attachments.
  public static let error = DataCategory(rawValue: "error")
  public static let attachment = DataCategory(rawValue: "attachment")
  public static let session = DataCategory(rawValue: "session")
  public static let transaction = DataCategory(rawValue: "transaction")
  public static let feedback = DataCategory(rawValue: "feedback")
  public static let log = DataCategory(rawValue: "log_item")
  public static let metric = DataCategory(rawValue: "trace_metric")
  public static let replay = DataCategory(rawValue: "replay")
}

/// What the server's answers said about when to send again. In memory; lost at the end of the process.
///
/// The header `X-Sentry-Rate-Limits` is a list, separated by commas, of `SECONDS:CATEGORIES:SCOPE:REASON:NAMESPACES`,
/// where everything after the seconds may be missing, categories are separated by semicolons, and none means all.
/// Source: docs/formats/minidump-upload.md.
public struct RateLimits: Sendable {
  private var all: MonotonicInstant?
  private var byCategory: [DataCategory: MonotonicInstant] = [:]

  /// No limit is longer: 24 hours.
  public static let longest: Int64 = 24 * 3600
  /// What a server means that says "too many" without a time, in seconds.
  public static let unspecified: Int64 = 60
  /// Quotas and categories that are read of one header, and categories that are remembered.
  private static let countLimit = 64

  public init() {}

  /// Learns from an answer, whatever its status: `X-Sentry-Rate-Limits` if it is there, else `Retry-After`, else
  /// 60 seconds for everything when the status is 429.
  public mutating func update(_ response: HTTPResponse, now: MonotonicInstant) {
    if let quotas = response.header("x-sentry-rate-limits"), update(quotas: quotas, now: now) { return }
    if let text = response.header("retry-after") {
      limitAll(seconds: Self.seconds(text) ?? Self.unspecified, now: now)
    } else if response.status == 429 {
      limitAll(seconds: Self.unspecified, now: now)
    }
  }

  /// - Returns: whether one quota at least could be read.
  private mutating func update(quotas text: String, now: MonotonicInstant) -> Bool {
    var understood = false
    for quota in text.utf8.split(separator: UInt8(ascii: ",")).prefix(Self.countLimit) {
      let parts = quota.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard let first = parts.first, let seconds = Self.seconds(String(decoding: first, as: UTF8.self)) else {
        continue
      }
      understood = true
      let categories =
        parts.count > 1
        ? parts[1].split(separator: UInt8(ascii: ";")).map { Self.trimmed($0) }.filter { !$0.isEmpty } : []
      if categories.isEmpty {
        limitAll(seconds: seconds, now: now)
        continue
      }
      for category in categories.prefix(Self.countLimit) {
        let key = DataCategory(rawValue: String(decoding: category, as: UTF8.self))
        if byCategory.count >= Self.countLimit && byCategory[key] == nil { continue }
        byCategory[key] = Self.end(seconds, now)
      }
    }
    return understood
  }

  private mutating func limitAll(seconds: Int64, now: MonotonicInstant) { all = Self.end(seconds, now) }

  private static func end(_ seconds: Int64, _ now: MonotonicInstant) -> MonotonicInstant {
    now.advanced(milliseconds: min(seconds, longest) * 1000)
  }

  /// When data of `category` may be sent again; `nil` when now.
  public func limit(_ category: DataCategory, now: MonotonicInstant) -> MonotonicInstant? {
    var result: MonotonicInstant?
    for candidate in [all, byCategory[category]] {
      guard let candidate, candidate > now else { continue }
      if let known = result, known >= candidate { continue }
      result = candidate
    }
    return result
  }

  private static func trimmed(_ text: Substring.UTF8View) -> [UInt8] {
    var bytes = Array(text)[...]
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    return Array(bytes)
  }

  /// Whole seconds, rounded up, no more than `longest`; `nil` when that is no number (an HTTP date, for example).
  private static func seconds(_ text: String) -> Int64? {
    let bytes = trimmed(Substring(text).utf8)
    var value: Int64 = 0
    var index = 0
    while index < bytes.count, let digit = digit(bytes[index]) {
      value = min(value * 10 + digit, longest)
      index += 1
    }
    if index == 0 { return nil }
    if index == bytes.count { return value }
    guard bytes[index] == UInt8(ascii: "."), bytes[(index + 1)...].allSatisfy({ digit($0) != nil }) else { return nil }
    return bytes[(index + 1)...].contains { $0 != UInt8(ascii: "0") } ? min(value + 1, longest) : value
  }

  private static func digit(_ byte: UInt8) -> Int64? {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
  }
}
