// Provides the limits that a server puts on what it wants to be sent.
public import LinuxSystem
import StableOrder

/// A kind of data that a server limits separately. Unknown ones round-trip.
public struct RateLimitCategory: RawRepresentable, Hashable, Sendable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  /// Events and crash reports.
  public static let error = RateLimitCategory(rawValue: "error")
  public static let attachment = RateLimitCategory(rawValue: "attachment")
  public static let session = RateLimitCategory(rawValue: "session")
  public static let transaction = RateLimitCategory(rawValue: "transaction")
  /// Stands for every category: a limit that names none.
  public static let everything = RateLimitCategory(rawValue: "")
}

/// What the server's answers said about when to send again.
///
/// The header `X-Sentry-Rate-Limits` is a list, separated by commas, of `SECONDS:CATEGORIES:SCOPE:REASON:NAMESPACES`,
/// where everything after the seconds may be missing, categories are separated by semicolons, and none means all.
///
/// Of two limits on one category the one that ends later holds: they may come from quotas of different scopes (the key,
/// the project, the organisation), an answer names only those that its request met, and so a shorter one does not say
/// that the longer one is over. No limit is longer than 24 hours, which bounds the harm of a wrong one.
/// Source: docs/sdk-transport.md, "Rate limits".
public struct RateLimits: Sendable, Equatable {
  /// A limit with its end on the wall clock, to be kept in a file.
  public struct Entry: Sendable, Hashable {
    public var category: RateLimitCategory
    /// Seconds since 1970.
    public var end: Int64
    public init(category: RateLimitCategory, end: Int64) {
      self.category = category
      self.end = end
    }
  }

  private var ends: [RateLimitCategory: MonotonicInstant] = [:]

  /// No limit is longer: 24 hours, in seconds.
  public static let longest: Int64 = 24 * 3600
  /// What a server means that says "too many" without a time, in seconds.
  public static let unspecified: Int64 = 60
  /// Quotas and categories that are read of one header, and categories that are remembered.
  private static let countLimit = 64
  /// Bytes of a category's name. Longer ones are nobody's.
  internal static let nameLimit = 64

  public init() {}

  public var isEmpty: Bool { ends.isEmpty }

  /// Learns from an answer, whatever its status: `X-Sentry-Rate-Limits` if it can be read, else `Retry-After` (seconds
  /// or a date), else 60 seconds for everything when the status is 429.
  ///
  /// - Parameter wallClock: what a date is compared with, unless the answer says what time it is for the server.
  /// - Returns: whether the answer had a limit.
  @discardableResult
  public mutating func update(
    _ response: HTTPResponse, now: MonotonicInstant, wallClock: Timestamp = .now()
  ) -> Bool {
    if let quotas = response.header("x-sentry-rate-limits"), update(quotas: quotas, now: now) { return true }
    if let text = response.header("retry-after") {
      let base = response.header("date").flatMap { HTTPDate.seconds($0) } ?? wallClock.seconds
      limit(.everything, seconds: Self.retryAfter(text, base) ?? Self.unspecified, now: now)
      return true
    }
    if response.status == 429 {
      limit(.everything, seconds: Self.unspecified, now: now)
      return true
    }
    return false
  }

  /// - Returns: whether one quota at least could be read.
  private mutating func update(quotas text: String, now: MonotonicInstant) -> Bool {
    var understood = false
    for quota in text.utf8.split(separator: UInt8(ascii: ",")).prefix(Self.countLimit) {
      let parts = quota.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard let first = parts.first, let seconds = Self.seconds(Self.trimmed(first)) else { continue }
      understood = true
      let categories =
        parts.count > 1
        ? parts[1].split(separator: UInt8(ascii: ";")).map { Self.trimmed($0) }.filter { !$0.isEmpty } : []
      if categories.isEmpty { limit(.everything, seconds: seconds, now: now) }
      for category in categories.prefix(Self.countLimit) where category.count <= Self.nameLimit {
        limit(RateLimitCategory(rawValue: String(decoding: category, as: UTF8.self)), seconds: seconds, now: now)
      }
    }
    return understood
  }

  private mutating func limit(_ category: RateLimitCategory, seconds: Int64, now: MonotonicInstant) {
    let end = now.advanced(milliseconds: min(seconds, Self.longest) * 1000)
    if let known = ends[category], known >= end { return }
    if ends.count >= Self.countLimit && ends[category] == nil {
      ends = ends.filter { $0.value > now }
      // The one that holds for everything always has a place.
      if ends.count >= Self.countLimit && category != .everything { return }
    }
    ends[category] = end
  }

  /// When data of `category` may be sent again; `nil` when now.
  public func limit(_ category: RateLimitCategory, now: MonotonicInstant) -> MonotonicInstant? {
    var result: MonotonicInstant?
    for candidate in [ends[.everything], ends[category]] {
      guard let candidate, candidate > now else { continue }
      if let known = result, known >= candidate { continue }
      result = candidate
    }
    return result
  }

  // MARK: - Across restarts

  /// The limits that hold now, by name.
  public func entries(now: MonotonicInstant, wallClock: Timestamp) -> [Entry] {
    var result: [Entry] = []
    for (category, end) in ends where end > now {
      // Rounded up, so that the limit does not end early.
      let left = (end.nanoseconds &- now.nanoseconds &+ 999_999_999) / 1_000_000_000
      result.append(Entry(category: category, end: wallClock.seconds &+ left))
    }
    return result.inOrder { $0.category.rawValue < $1.category.rawValue }
  }

  /// Takes over limits of an earlier run. One that would last longer than a day is cut to a day: the clock was set back.
  public mutating func restore(_ entries: [Entry], now: MonotonicInstant, wallClock: Timestamp) {
    for entry in entries.prefix(Self.countLimit) where entry.category.rawValue.utf8.count <= Self.nameLimit {
      let left = entry.end.subtractingReportingOverflow(wallClock.seconds)
      if left.overflow || left.partialValue <= 0 { continue }
      limit(entry.category, seconds: left.partialValue, now: now)
    }
  }

  // MARK: - Numbers

  private static func trimmed(_ text: Substring.UTF8View) -> [UInt8] {
    var bytes = Array(text)[...]
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    return Array(bytes)
  }

  /// Seconds of a `Retry-After` header; `nil` when it is neither a number nor a date.
  private static func retryAfter(_ text: String, _ base: Int64) -> Int64? {
    if let number = seconds(trimmed(Substring(text).utf8)) { return number }
    guard let date = HTTPDate.seconds(text) else { return nil }
    let left = date.subtractingReportingOverflow(base)
    return left.overflow ? nil : min(max(left.partialValue, 0), longest)
  }

  /// Whole seconds, rounded up, no more than `longest`; `nil` when that is no number.
  private static func seconds(_ bytes: [UInt8]) -> Int64? {
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
