// Provides the delays between attempts at one report.

/// How often and when a failed upload is tried again: after 15, 30, 60, 120, 240 and 480 minutes; the seventh failure
/// gives up.
public struct RetryPolicy: Sendable, Equatable {
  /// Seconds until the second attempt; doubled each time.
  public var firstDelay: Int64 = 15 * 60
  /// Failures after which a report is still tried again.
  public var retries: Int = 6

  public init() {}

  /// Seconds to wait after a failure; `nil` when that failure was the last.
  ///
  /// - Parameter attemptsBefore: attempts that were made, and failed, before this one. Out of a file: any value.
  public func delay(attemptsBefore: Int) -> Int64? {
    guard attemptsBefore < retries else { return nil }
    let doubled = firstDelay.multipliedReportingOverflow(by: 1 << Int64(min(max(attemptsBefore, 0), 40)))
    return doubled.overflow ? Int64.max : doubled.partialValue
  }
}
