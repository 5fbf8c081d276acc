// Provides the state machine that says which report is sent when.
public import LinuxSystem

/// Decides about every pending report. In memory: a new handler tries everything at once.
///
/// The caller asks `decision` for each report of a pass, sends what it is told to send, and reports the outcome by
/// `finish`; `nextPass` says when to look again.
public struct UploadSchedule: Sendable {
  public var retryPolicy = RetryPolicy()
  /// One attempt an hour for the whole database; the handler's `--no-rate-limit` switches it off.
  public var isLimitedToOnePerHour: Bool
  /// Seconds between passes over the database.
  public var interval: Int64 = 15 * 60

  /// What the server said.
  public private(set) var rateLimits = RateLimits()
  private var retryTimes: [UniqueID: MonotonicInstant] = [:]

  /// Reports that wait at the same time and are remembered. One more is simply tried earlier.
  private static let retryCountLimit = 4096

  public init(isLimitedToOnePerHour: Bool) { self.isLimitedToOnePerHour = isLimitedToOnePerHour }

  /// Whether `report` is sent now.
  ///
  /// - Parameters:
  ///   - wallClock: for the hourly limit, whose times are on disk.
  ///   - now: for what is in memory.
  public func decision(
    _ report: UniqueID, _ situation: UploadSituation, wallClock: Timestamp, now: MonotonicInstant
  ) -> UploadDecision {
    if !situation.isExplicitlyRequested {
      if situation.uploadsPaused { return .wait(until: nil) }
      if situation.uploadsEnabled != true { return .skip(.uploadsDisabled) }
      if let reason = hourlyLimit(situation.lastAttempt, wallClock) { return .skip(reason) }
      if let time = retryTimes[report], time > now { return .wait(until: time) }
    }
    if let end = rateLimits.limit(.error, now: now) { return .wait(until: end) }
    return .upload
  }

  private func hourlyLimit(_ lastAttempt: Timestamp?, _ wallClock: Timestamp) -> UploadSkipReason? {
    guard isLimitedToOnePerHour, let last = lastAttempt?.seconds, last != 0 else { return nil }
    let (elapsed, overflow) = wallClock.seconds.subtractingReportingOverflow(last)
    if overflow { return nil }
    if elapsed >= 0 { return elapsed < 3600 ? .uploadThrottled : nil }
    // The clock went back. A time more than a day ahead is nonsense and does not count.
    return elapsed > -86_400 ? .unexpectedTime : nil
  }

  /// Takes note of an attempt.
  ///
  /// - Parameters:
  ///   - response: the server's answer, if there was one: its limits count, whatever its status.
  ///   - attemptsBefore: the report's count of attempts before this one.
  ///   - age: seconds since the report was made.
  public mutating func finish(
    _ report: UniqueID, _ outcome: UploadOutcome, response: HTTPResponse?, attemptsBefore: Int, age: Int64 = .max,
    now: MonotonicInstant
  ) -> UploadAftermath {
    if let response { rateLimits.update(response, now: now) }
    switch outcome {
    case .delivered(let serverID):
      retryTimes[report] = nil
      return .completed(serverID: serverID)
    case .rateLimited:
      return .pending(countsAsAttempt: false, until: rateLimits.limit(.error, now: now))
    case .unable, .cancelled:
      return .pending(countsAsAttempt: false, until: nil)
    case .refused, .failed:
      guard let delay = retryPolicy.delay(attemptsBefore: attemptsBefore, age: age) else {
        retryTimes[report] = nil
        return .skip(.uploadFailed)
      }
      let time = now.advanced(milliseconds: min(delay, 1 << 40) * 1000)
      retryTimes = retryTimes.filter { $0.value > now }
      if retryTimes.count < Self.retryCountLimit { retryTimes[report] = time }
      return .pending(countsAsAttempt: true, until: time)
    }
  }

  /// Takes over what other processes on the database have learned of the server's limits.
  public mutating func loadLimits(_ file: RateLimitFile, now: MonotonicInstant, wallClock: Timestamp) {
    file.load(into: &rateLimits, now: now, wallClock: wallClock)
  }

  /// Forgets the waiting times of failed reports: somebody asked to try again now. The server's limits stay.
  public mutating func forgetRetryTimes() { retryTimes = [:] }

  /// When the next pass over the database is due: after the interval, or earlier when a waiting report or the
  /// server's limit ends earlier.
  public func nextPass(now: MonotonicInstant) -> MonotonicInstant {
    var result = now.advanced(milliseconds: interval * 1000)
    for time in retryTimes.values where time > now && time < result { result = time }
    if let end = rateLimits.limit(.error, now: now), end < result { result = end }
    return result
  }
}
