// Provides the fuzz target of what a server, or a proxy before it, answers.
import LinuxSystem
@testable import Uploader

let httpAnswers = FuzzTarget(
  name: "http-answers",
  seeds: {
    [
      ("quotas", Array("60:error;transaction:organization:quota, 2700.5::key".utf8)),
      ("retry", Array("x120".utf8)), ("date", Array("xWed, 21 Oct 2026 07:28:00 GMT".utf8)),
    ]
  },
  body: { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    let now = MonotonicInstant(nanoseconds: 1_000_000)
    for name in ["x-sentry-rate-limits", "retry-after"] {
      var limits = RateLimits()
      let answer = HTTPResponse(
        status: 429, headers: [HTTPHeader(name, text)], body: [UInt8](bytes.prefix(64)))
      limits.update(answer, now: now)
      limits.update(answer, now: now)
      for category in [RateLimitCategory.error, .session, RateLimitCategory(rawValue: text)] {
        let end = limits.limit(category, now: now)
        precondition((end?.nanoseconds ?? 0) <= now.nanoseconds + (RateLimits.longest + 1) * 1_000_000_000)
      }
      use(UploadOutcome(answer))
    }
  })
