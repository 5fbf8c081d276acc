import SentryEnvelope
import StructuredValue
import Testing

private func item(_ type: String, _ headers: [String: StructuredValue] = [:], payload: String = "{}") -> EnvelopeItem {
  var item = EnvelopeItem(type: type, payload: Array(payload.utf8))
  for (key, value) in headers { item.headers[key] = value }
  return item
}

@Suite struct `Counts of losses` {
  @Test func `are a client report in the end`() {
    var counts = DiscardedEvents()
    counts.record(.networkError, .error)
    counts.record(.networkError, .error, quantity: 2)
    counts.record(.queueOverflow, .log, quantity: 0)
    counts.record(.queueOverflow, .log, quantity: -4)
    counts.record(.rateLimited, .transaction)
    let item = counts.item(at: EventTime(seconds: 1_800_000_000))
    #expect(item.type == "client_report")
    #expect(
      String(decoding: item.payload, as: UTF8.self)
        == #"{"timestamp":"2027-01-15T08:00:00.000000Z","discarded_events":[{"reason":"network_error","category":"error","quantity":3},{"reason":"ratelimit_backoff","category":"transaction","quantity":1}]}"#
    )
    #expect(item.discardedEvents == counts)
    #expect(counts.total == 4)
    let taken = counts.take()
    #expect(counts.isEmpty && taken.total == 4)
  }

  @Test func `know what each item counts for`() {
    var counts = DiscardedEvents()
    counts.record(.sendError, lost: item("event"))
    counts.record(.sendError, lost: item("attachment"))
    counts.record(.sendError, lost: item("session"))
    counts.record(.sendError, lost: item("transaction", payload: #"{"spans":[{},{},{}]}"#))
    counts.record(.sendError, lost: item("transaction", payload: "broken"))
    counts.record(.sendError, lost: item("log", ["item_count": 7]))
    counts.record(.sendError, lost: item("trace_metric", ["item_count": 3]))
    counts.record(.sendError, lost: item("feedback"))
    counts.record(.sendError, lost: item("check_in"))
    counts.record(.sendError, lost: item("raw_security"))
    counts.record(.sendError, lost: item("what will be"))
    let expected: [(DataCategory, UInt64)] = [
      (.error, 1), (.attachment, 1), (.session, 1), (.transaction, 2), (.span, 5), (.log, 7), (.metric, 3),
      (.feedback, 1), (.monitor, 1), (.security, 1), (.other, 1),
    ]
    for (category, quantity) in expected { #expect(counts.quantity(.sendError, category) == quantity) }
    #expect(counts.total == 24)
  }

  @Test func `are taken back when their report is lost`() {
    var first = DiscardedEvents()
    first.record(.beforeSend, .error, quantity: 5)
    var counts = DiscardedEvents()
    counts.record(.networkError, lost: first.item(at: EventTime(seconds: 0)))
    #expect(counts == first)
  }

  @Test(arguments: [Int64.max, 0, -1]) func `survive any header`(count: Int64) {
    var counts = DiscardedEvents()
    counts.record(.sendError, lost: item("log", ["item_count": .integer(count)]))
    #expect(counts.total >= 1 && counts.total <= 1_000_000)
  }

  @Test func `are bounded, and nothing of them is lost`() {
    var counts = DiscardedEvents()
    for index in 0..<1000 { counts.record(DiscardReason(rawValue: "r\(index)"), .error) }
    #expect(counts.entries.count == DiscardedEvents.pairLimit)
    #expect(counts.total == 1000)
    counts.add(DiscardedEvents.Entry(reason: .sendError, category: .error, quantity: .max))
    #expect(counts.total == .max)
  }

  @Test(arguments: ["", "[]", "{}", #"{"discarded_events":3}"#, #"{"discarded_events":[{"reason":1}]}"#])
  func `of a report that makes no sense are none`(payload: String) {
    #expect(item("client_report", payload: payload).discardedEvents?.isEmpty ?? true)
  }
}

@Suite struct `Limits of an envelope` {
  private let whole = Envelope(items: [
    item("event"), item("attachment"), item("session"), item("log"), item("client_report"),
  ])

  private func left(_ envelope: Envelope, without limited: DataCategory...) -> [String] {
    var envelope = envelope
    let taken = envelope.takeLimited { limited.contains($0) }
    #expect(Set(taken.map { $0.type }).isDisjoint(with: envelope.items.map { $0.type }))
    return envelope.items.map { $0.type }
  }

  @Test func `take out what they are about`() {
    #expect(left(whole) == ["event", "attachment", "session", "log", "client_report"])
    #expect(left(whole, without: .session) == ["event", "attachment", "log", "client_report"])
    #expect(left(whole, without: .log, .attachment) == ["event", "session", "client_report"])
  }

  @Test func `take attachments with their event`() {
    #expect(left(whole, without: .error) == ["session", "log", "client_report"])
    #expect(left(Envelope(items: [item("attachment")]), without: .error) == ["attachment"])
  }

  @Test func `take a dump for an event`() {
    let crash = Envelope(items: [
      item("attachment", ["attachment_type": "event.minidump"]), item("attachment"), item("session"),
    ])
    #expect(left(crash, without: .error) == ["session"])
  }

  @Test func `leave client reports alone`() {
    var envelope = Envelope(items: [item("client_report")])
    #expect(envelope.takeLimited { _ in true }.isEmpty)
    #expect(envelope.items.count == 1 && !envelope.hasContent)
  }
}
