// Provides the fuzz target of what a transport reads: files that all processes on a database share, and dates of servers.
import LinuxSystem
import StructuredValue

@testable import SentryClient
@testable import SentryEnvelope
@testable import Uploader

/// The first byte chooses: limits, counts of losses, a name in the cache, a date, an item.
let transportFiles = FuzzTarget(
  name: "transport-files",
  seeds: {
    let id = "01234567-89ab-cdef-0123-456789abcdef"
    let report = #"{"timestamp":"x","discarded_events":[{"reason":"a","category":"b","quantity":3}]}"#
    return [
      ("limits", [0] + Array("key error 4000000000\nkey * 4000000000\n".utf8)),
      ("losses", [1] + Array("network_error error 4\n".utf8)),
      ("name", [2] + Array("1700000000123-03-\(id).envelope".utf8)),
      ("date", [3] + Array("Wed, 21 Oct 2026 07:28:00 GMT".utf8)),
      ("old-date", [3] + Array("Wednesday, 21-Oct-26 07:28:00 GMT".utf8)),
      ("c-date", [3] + Array("Wed Oct 21 07:28:00 2026".utf8)),
      ("report", [4] + Array("{}\n{\"type\":\"client_report\",\"length\":\(report.utf8.count)}\n\(report)".utf8)),
      (
        "reference",
        [4]
          + Array(
            "{}\n{\"type\":\"attachment\",\"content_type\":\"application/vnd.sentry.attachment-ref+json\"}\n{\"path\":\"a\"}"
              .utf8)
      ),
    ]
  },
  body: { bytes in
    guard let kind = bytes.first else { return }
    let rest = [UInt8](bytes.dropFirst())
    switch kind % 5 {
    case 0:
      let now = MonotonicInstant(nanoseconds: 1)
      var limits = RateLimits()
      limits.restore(RateLimitFile.parse(rest).map { $0.entry }, now: now, wallClock: Timestamp(seconds: 3_000_000_000))
      for entry in limits.entries(now: now, wallClock: Timestamp(seconds: 0)) {
        precondition(entry.end <= RateLimits.longest, "a limit that lasts longer than a day")
      }
    case 1: precondition(DiscardFile.parse(rest).count <= 256)
    case 2:
      guard let name = CachedFileName(rest) else { return }
      if let attempt = name.attempt {
        use(RetrySchedule.due(attempt))
        use(RetrySchedule.next(attempt, now: .max))
      }
      precondition(CachedFileName(Array(name.text.utf8)) == name, "a name that changes by being written and read")
    case 3:
      if let seconds = HTTPDate.seconds(String(decoding: rest, as: UTF8.self)) {
        precondition(seconds > -100_000_000_000 && seconds < 300_000_000_000)
      }
    default:
      guard var envelope = try? Envelope(bytes: rest) else { return }
      var lost = DiscardedEvents()
      for item in envelope.items {
        lost.record(.sendError, lost: item)
        if let reference = LargeAttachment.Reference(item) {
          precondition(reference.name?.utf8.contains(UInt8(ascii: "/")) != true)
        }
      }
      precondition(lost.entries.count <= DiscardedEvents.pairLimit)
      let count = envelope.items.count
      let taken = envelope.takeLimited { $0 == .error || $0 == .log }
      precondition(taken.count + envelope.items.count == count, "an item was lost or doubled")
    }
  })
