import Foundation
import LinuxSystem
import SentryNativeTesting
import Testing
import Uploader

private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)
private func at(_ seconds: Int64) -> MonotonicInstant { start.advanced(milliseconds: seconds * 1000) }
private let noon = Timestamp(seconds: 1_800_000_000)

private func limits(_ header: String?, retryAfter: String? = nil, status: Int = 200) -> RateLimits {
  var headers: [HTTPHeader] = []
  if let header { headers.append(HTTPHeader("x-sentry-rate-limits", header)) }
  if let retryAfter { headers.append(HTTPHeader("retry-after", retryAfter)) }
  var limits = RateLimits()
  limits.update(HTTPResponse(status: status, headers: headers), now: start)
  return limits
}

@Suite struct `Rate limits` {
  @Test func `are split at commas first`() {
    // A parser that reads categories up to the next colon takes "error, 30" for one here.
    let limits = limits("60:error, 30:session:organization")
    #expect(limits.limit(.error, now: start) == at(60))
    #expect(limits.limit(.session, now: start) == at(30))
    #expect(limits.limit(.transaction, now: start) == nil)
  }

  @Test func `hold until their end`() {
    let limits = limits("60:error;transaction:key:quota:ns")
    #expect(limits.limit(.transaction, now: at(59)) == at(60))
    #expect(limits.limit(.transaction, now: at(60)) == nil)
  }

  @Test(arguments: ["60", "60:", "60::key", " 60 :: ", "59.2::organization"])
  func `without categories hold for everything`(header: String) {
    #expect(limits(header).limit(.error, now: start) == at(60))
    #expect(limits(header).limit(.init(rawValue: "anything"), now: start) == at(60))
  }

  @Test func `never last longer than a day`() {
    #expect(limits("99999999999999999999999:error").limit(.error, now: start) == at(86_400))
    #expect(limits(nil, retryAfter: "9223372036854775807").limit(.error, now: start) == at(86_400))
  }

  @Test func `come from Retry-After only without the other header`() {
    #expect(limits("10:session", retryAfter: "20").limit(.error, now: start) == nil)
    #expect(limits(nil, retryAfter: "20").limit(.error, now: start) == at(20))
    #expect(limits(nil, retryAfter: "soon").limit(.error, now: start) == at(60))
  }

  @Test(
    arguments: [
      "Wed, 21 Oct 2026 07:28:00 GMT", "Wednesday, 21-Oct-26 07:28:00 GMT", "Wed Oct 21 07:28:00 2026",
      " wed, 21 oct 2026 07:28:00 gmt ",
    ]) func `end at a date`(date: String)
  {
    func limit(_ now: Int64, _ serverDate: String? = nil) -> MonotonicInstant? {
      var headers = [HTTPHeader("retry-after", date)]
      if let serverDate { headers.append(HTTPHeader("date", serverDate)) }
      var limits = RateLimits()
      limits.update(
        HTTPResponse(status: 503, headers: headers), now: start, wallClock: Timestamp(seconds: 1_792_567_680 - now))
      return limits.limit(.error, now: start)
    }
    #expect(limit(100) == at(100))
    #expect(limit(-5) == nil)
    #expect(limit(10_000_000) == at(86_400))
    // The server's clock counts, where it says what it is.
    #expect(limit(10_000_000, "Wed, 21 Oct 2026 07:27:30 GMT") == at(30))
  }

  @Test func `of the same category hold as long as the longest`() {
    var limits = limits("60:error:organization, 10:error:key, 5::project")
    #expect(limits.limit(.error, now: start) == at(60))
    #expect(limits.limit(.session, now: start) == at(5))
    limits.update(HTTPResponse(status: 200, headers: [HTTPHeader("x-sentry-rate-limits", "1:error:key")]), now: at(2))
    #expect(limits.limit(.error, now: at(2)) == at(60))
    limits.update(HTTPResponse(status: 200, headers: [HTTPHeader("x-sentry-rate-limits", "90:error:key")]), now: at(2))
    #expect(limits.limit(.error, now: at(2)) == at(92))
  }

  @Test func `last a minute when the server gives no time`() {
    #expect(limits(nil, status: 429).limit(.error, now: start) == at(60))
    #expect(limits(nil, status: 500).limit(.error, now: start) == nil)
  }

  @Test(arguments: ["", ",", ":", ":::", "x:error", "-5:error", "1e3:error", "\u{0}", "60\u{e9}:error"])
  func `that make no sense are passed over`(header: String) {
    #expect(limits(header).limit(.error, now: start) == nil)
  }

  @Test func `fall back to Retry-After when they make no sense`() {
    #expect(limits("nonsense", retryAfter: "20", status: 429).limit(.error, now: start) == at(20))
  }

  @Test func `do not grow without bound`() {
    let many = (0..<10_000).map { "60:category\($0)" }.joined(separator: ",")
    let limits = limits(many)
    #expect(limits.limit(.init(rawValue: "category0"), now: start) == at(60))
    #expect(limits.limit(.init(rawValue: "category9999"), now: start) == nil)
  }
}

/// A folder of a test.
private func withFolder<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
  let folder = try TemporaryDirectory()
  defer { folder.remove() }
  return try body(folder.path)
}

@Suite struct `Rate limits on disk` {
  @Test func `outlive the process, each for its key`() throws {
    try withFolder { folder in
      let file = RateLimitFile(database: folder, key: "abc")
      try file.store(limits("60:error;trace_metric:key, 7::organization"), now: start, wallClock: noon)
      try RateLimitFile(database: folder, key: "other").store(limits("30:session"), now: start, wallClock: noon)
      try file.store(limits("50:replay"), now: start, wallClock: noon)
      // A process of another time of the monotonic clock, ten seconds later.
      let now = MonotonicInstant(nanoseconds: 5)
      var later = RateLimits()
      file.load(into: &later, now: now, wallClock: Timestamp(seconds: noon.seconds + 10))
      #expect(later.limit(.error, now: now) == now.advanced(milliseconds: 50_000))
      #expect(later.limit(.init(rawValue: "trace_metric"), now: now) == now.advanced(milliseconds: 50_000))
      #expect(later.limit(.init(rawValue: "replay"), now: now) == now.advanced(milliseconds: 40_000))
      // That one is over.
      #expect(later.limit(.session, now: now) == nil)
      var other = RateLimits()
      RateLimitFile(database: folder, key: "other").load(into: &other, now: now, wallClock: noon)
      #expect(other.limit(.session, now: now) == now.advanced(milliseconds: 30_000))
      #expect(other.limit(.error, now: now) == nil)
    }
  }

  @Test func `last a day at most, whatever the clock does`() throws {
    try withFolder { folder in
      let file = RateLimitFile(database: folder, key: "k")
      try file.store(limits("86400:error"), now: start, wallClock: noon)
      var later = RateLimits()
      file.load(into: &later, now: start, wallClock: Timestamp(seconds: 1000))
      #expect(later.limit(.error, now: start) == at(86_400))
    }
  }

  @Test(
    arguments: [
      "", "\n\n", "k", "k error", "k error x", "k error 99999999999999999999", "k error -1", "k error 1 2",
      "k \u{7f} 9999999999", "\u{0}\u{0}\u{0}", "other error 9999999999",
    ]) func `that make no sense are passed over`(text: String) throws
  {
    try withFolder { folder in
      let file = RateLimitFile(database: folder, key: "k")
      try FileSystem.write(Array(text.utf8), to: file.path)
      var limits = RateLimits()
      file.load(into: &limits, now: start, wallClock: noon)
      #expect(limits.isEmpty)
    }
  }

  @Test func `do not grow without bound`() throws {
    try withFolder { folder in
      for key in 0..<400 {
        try RateLimitFile(database: folder, key: "key\(key)").store(limits("60:error"), now: start, wallClock: noon)
      }
      #expect(try FileSystem.status(folder.appending("rate_limits")).size < 32 * 1024)
    }
  }

  @Test func `without a folder are an error and no more`() throws {
    let file = RateLimitFile(database: "/nonexistent", key: "k")
    #expect(throws: Errno.noSuchFile) { try file.store(limits("60:error"), now: start, wallClock: noon) }
    var loaded = RateLimits()
    file.load(into: &loaded, now: start, wallClock: noon)
    #expect(loaded.isEmpty)
  }
}

@Suite struct `Counts of losses on disk` {
  private let lost = Discard(reason: "network_error", category: "error", quantity: 2)

  @Test func `are added up and taken once`() throws {
    try withFolder { folder in
      let file = DiscardFile(database: folder)
      #expect(file.take() == [])
      try file.add([lost])
      try file.add([lost, Discard(reason: "cache_overflow", category: "log_item", quantity: .max)])
      try file.add([Discard(reason: "cache_overflow", category: "log_item", quantity: .max)])
      try file.add([Discard(reason: "two words", category: "error", quantity: 1)])
      try file.append([lost])
      let taken = file.take()
      #expect(
        taken == [
          Discard(reason: "network_error", category: "error", quantity: 6),
          Discard(reason: "cache_overflow", category: "log_item", quantity: .max),
        ])
      #expect(file.take() == [])
    }
  }

  @Test(arguments: ["", "a", "a b", "a b c", "a b -1", "a b 0", "a b 1 2", "\u{0} \u{1} 2"])
  func `that make no sense are passed over`(text: String) throws {
    try withFolder { folder in
      let file = DiscardFile(database: folder)
      try FileSystem.write(Array(text.utf8), to: file.path)
      #expect(file.take() == [])
    }
  }

  @Test func `do not follow a link and do not wait for a pipe`() throws {
    try withFolder { folder in
      let file = DiscardFile(database: folder)
      try FileManager.default.createSymbolicLink(
        atPath: file.path.description, withDestinationPath: folder.appending("elsewhere").description)
      #expect(throws: Errno.self) { try file.add([lost]) }
      #expect(file.take() == [])
      #expect(!FileSystem.exists(folder.appending("elsewhere")))
    }
  }
}

@Suite struct `The decision about a report` {
  private let id = UniqueID.random()
  private let enabled = UploadSituation(uploadsEnabled: true)

  private func decide(
    _ situation: UploadSituation, hourly: Bool = false, wallClock: Timestamp = noon
  ) -> UploadDecision {
    UploadSchedule(isLimitedToOnePerHour: hourly).decision(id, situation, wallClock: wallClock, now: start)
  }

  @Test func `is to send it`() { #expect(decide(enabled) == .upload) }

  @Test(arguments: [false, nil] as [Bool?]) func `is to skip it without consent`(consent: Bool?) {
    #expect(decide(UploadSituation(uploadsEnabled: consent)) == .skip(.uploadsDisabled))
    #expect(decide(UploadSituation(isExplicitlyRequested: true, uploadsEnabled: consent)) == .upload)
  }

  @Test func `is to wait while consent is open`() {
    #expect(decide(UploadSituation(uploadsEnabled: false, uploadsPaused: true)) == .wait(until: nil))
  }

  @Test(
    arguments: [
      (0, .skip(.uploadThrottled)), (3599, .skip(.uploadThrottled)), (3600, .upload), (-1, .skip(.unexpectedTime)),
      (-86_399, .skip(.unexpectedTime)), (-86_400, .upload), (1_800_000_000, .upload),
    ] as [(Int64, UploadDecision)])
  func `respects one an hour`(elapsed: Int64, expected: UploadDecision) {
    var situation = enabled
    situation.lastAttempt = Timestamp(seconds: noon.seconds - elapsed)
    #expect(decide(situation, hourly: true) == expected)
    #expect(decide(situation, hourly: false) == .upload)
    situation.isExplicitlyRequested = true
    #expect(decide(situation, hourly: true) == .upload)
  }

  @Test func `survives any time on disk`() {
    for seconds in [Int64.min, Int64.min + 1, Int64.max, 0] {
      var situation = enabled
      situation.lastAttempt = Timestamp(seconds: seconds)
      #expect(decide(situation, hourly: true) == .upload)
    }
  }
}

@Suite struct `The schedule` {
  private let id = UniqueID.random()
  private let enabled = UploadSituation(uploadsEnabled: true)

  private func decide(_ schedule: UploadSchedule, _ now: MonotonicInstant, _ report: UniqueID? = nil) -> UploadDecision
  {
    schedule.decision(report ?? id, enabled, wallClock: noon, now: now)
  }

  @Test func `gives up after the seventh failure, waiting twice as long each time`() {
    var schedule = UploadSchedule(isLimitedToOnePerHour: false)
    var now = start
    for (attempts, minutes) in [15, 30, 60, 120, 240, 480].enumerated() {
      let next = now.advanced(milliseconds: Int64(minutes) * 60_000)
      #expect(
        schedule.finish(id, .refused(status: 500), response: nil, attemptsBefore: attempts, now: now)
          == .pending(countsAsAttempt: true, until: next))
      #expect(decide(schedule, next.advanced(milliseconds: -1)) == .wait(until: next))
      #expect(decide(schedule, next) == .upload)
      now = next
    }
    #expect(
      schedule.finish(id, .refused(status: 404), response: nil, attemptsBefore: 6, now: now) == .skip(.uploadFailed))
    // Not on its first day: the failures may be those of a crash loop while the server is down.
    #expect(
      schedule.finish(id, .refused(status: 404), response: nil, attemptsBefore: 600, age: 86_399, now: now)
        == .pending(countsAsAttempt: true, until: now.advanced(milliseconds: 480 * 60 * 1000)))
  }

  @Test(arguments: [Int.min, -1, 7, Int.max]) func `survives any count on disk`(attempts: Int) {
    var schedule = UploadSchedule(isLimitedToOnePerHour: false)
    _ = schedule.finish(id, .refused(status: 500), response: nil, attemptsBefore: attempts, now: start)
  }

  @Test func `does not count what is not the report's fault`() {
    var schedule = UploadSchedule(isLimitedToOnePerHour: false)
    let limited = HTTPResponse(status: 429, headers: [HTTPHeader("retry-after", "100")])
    for _ in 0..<20 {
      #expect(
        schedule.finish(id, .rateLimited, response: limited, attemptsBefore: 6, now: start)
          == .pending(countsAsAttempt: false, until: at(100)))
    }
    #expect(decide(schedule, at(99)) == .wait(until: at(100)))
    #expect(decide(schedule, at(99), .random()) == .wait(until: at(100)))
    #expect(decide(schedule, at(100)) == .upload)
    #expect(
      schedule.finish(id, .cancelled, response: nil, attemptsBefore: 6, now: start)
        == .pending(countsAsAttempt: false, until: nil))
  }

  @Test func `obeys a limit that comes with success`() {
    var schedule = UploadSchedule(isLimitedToOnePerHour: false)
    let response = HTTPResponse(status: 200, headers: [HTTPHeader("x-sentry-rate-limits", "60:error:key")])
    #expect(
      schedule.finish(id, .delivered(serverID: [1]), response: response, attemptsBefore: 0, now: start)
        == .completed(serverID: [1]))
    #expect(decide(schedule, at(1), .random()) == .wait(until: at(60)))
  }

  @Test func `tries other reports while one waits`() {
    var schedule = UploadSchedule(isLimitedToOnePerHour: false)
    _ = schedule.finish(id, .refused(status: 500), response: nil, attemptsBefore: 0, now: start)
    #expect(decide(schedule, at(1), .random()) == .upload)
    schedule.forgetRetryTimes()
    #expect(decide(schedule, at(1)) == .upload)
  }

  @Test func `looks again when the first report may be sent again, at the latest after the interval`() {
    var schedule = UploadSchedule(isLimitedToOnePerHour: false)
    #expect(schedule.nextPass(now: start) == at(900))
    _ = schedule.finish(id, .refused(status: 500), response: nil, attemptsBefore: 0, now: start)
    #expect(schedule.nextPass(now: at(300)) == at(900))
    _ = schedule.finish(
      id, .rateLimited, response: HTTPResponse(status: 429, headers: [HTTPHeader("retry-after", "5")]),
      attemptsBefore: 0, now: at(300))
    #expect(schedule.nextPass(now: at(300)) == at(305))
  }
}
