// Provides the delays between attempts at one report.

/// How often and when a failed upload is tried again: after 15, 30, 60, 120, 240 and 480 minutes; the seventh failure
/// gives up, if the report is a day old by then.
///
/// The age tells a server that refuses a report from one that is down. Each handler tries what waits as soon as it
/// starts, and a program that crashes in a loop brings a new handler with each crash: seven failures are then a matter of
/// seconds, and counting alone would lose every report of a minute in which the server was down.
public struct RetryPolicy: Sendable, Equatable {
  /// Seconds until the second attempt; doubled each time.
  public var firstDelay: Int64 = 15 * 60
  /// Failures after which a report is still tried again.
  public var retries: Int = 6
  /// Seconds for which no report is given up.
  public var patience: Int64 = 24 * 3600

  public init() {}

  /// Seconds to wait after a failure; `nil` when that failure was the last.
  ///
  /// - Parameters:
  ///   - attemptsBefore: attempts that were made, and failed, before this one. Out of a file: any value.
  ///   - age: seconds since the report was made. Out of a file: any value.
  public func delay(attemptsBefore: Int, age: Int64 = .max) -> Int64? {
    if attemptsBefore >= retries && age >= patience { return nil }
    let doublings = min(max(attemptsBefore, 0), max(retries - 1, 0), 40)
    let doubled = firstDelay.multipliedReportingOverflow(by: 1 << Int64(doublings))
    return doubled.overflow ? Int64.max : doubled.partialValue
  }
}
