import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `An open transaction outlives its process` {
  private let folder: TemporaryFolder
  private let file: OpenTransactionFile
  private let owner = Nobody()

  init() throws {
    folder = try TemporaryFolder()
    file = try OpenTransactionFile(folder: folder.path, isHooked: false)
  }

  private final class Nobody: TransactionOwner, Sendable {
    func capture(transaction: StructuredObject, samplingContext: StructuredObject) -> SentryID { .empty }
    func unbind(_ transaction: Transaction) {}
    var scopeFields: StructuredObject {
      var fields = StructuredObject()
      fields["release"] = "early@1"
      return fields
    }
    var releaseAndEnvironment: (release: String?, environment: String?) { ("r", "e") }
  }

  private func start(_ name: String = "job", rate: Double = 1) -> Transaction {
    var options = TracingOptions()
    options.sampleRate = rate
    options.maxSpans = 5000
    return Transaction.start(
      TransactionContext(name: name, operation: "task"), custom: StructuredObject(), propagation: PropagationContext(),
      options: options, owner: owner, start: Timestamp(seconds: 100))
  }

  private var records: OpenTransactionRecords? {
    (try? FileSystem.read(folder.path.appending("__sentry-transaction"))).flatMap { OpenTransactionRecords(file: $0) }
  }

  private var scope: StructuredObject {
    var scope = StructuredObject()
    scope["event_id"] = "ffffffff-0000-4000-8000-000000000000"
    scope["level"] = "fatal"
    scope["release"] = "shop@1"
    scope["tags"] = ["a": "scope", "b": "scope"]
    scope["contexts"] = ["os": ["name": "Linux"], "trace": ["trace_id": "scope"]]
    return scope
  }

  @Test func `with its spans, those that were open as aborted`() throws {
    let transaction = start()
    let before = transaction.startChild(operation: "before")
    before.finish(end: Timestamp(seconds: 101))
    transaction.keep(in: file)
    let open = transaction.startChild(operation: "open", description: "still going", start: Timestamp(seconds: 102))
    let closed = transaction.startChild(operation: "closed")
    closed.finish(end: Timestamp(seconds: 103))
    transaction.startChild(operation: "unwanted").discard()
    transaction.setTag(value: "own", key: "a")
    transaction.name = "renamed"
    let records = try #require(records)
    #expect(!records.isHooked && records.samplingContext["transaction"] == "job")
    let event = records.aborted(at: EventTime(seconds: 110), scope: scope)
    #expect(event["transaction"] == "renamed" && event["type"] == "transaction" && event["level"] == "info")
    #expect(event["timestamp"] == "1970-01-01T00:01:50.000000Z")
    #expect(event["contexts"]?["trace"]?["status"] == "aborted")
    #expect(event["contexts"]?["trace"]?["trace_id"]?.string == transaction.traceID)
    #expect(event["contexts"]?["os"]?["name"] == "Linux")
    #expect(event["tags"] == ["a": "own", "b": "scope"] && event["release"] == "shop@1")
    #expect(event["event_id"] != scope["event_id"])
    #expect(records.aborted(at: EventTime(seconds: 1), scope: StructuredObject())["release"] == "early@1")
    let spans = event["spans"]?.array ?? []
    #expect(spans.map { $0["op"]?.string } == ["before", "closed", "open"])
    #expect(spans.map { $0["status"]?.string } == ["ok", "ok", "aborted"])
    #expect(spans[2]["timestamp"] == "1970-01-01T00:01:50.000000Z" && spans[2]["span_id"]?.string == open.spanID)
    // It ends after everything that happened in it, whatever is known of its process's end.
    #expect(records.aborted(at: EventTime(seconds: 5), scope: scope)["timestamp"]?.string?.utf8.count == 27)
    let early = records.aborted(at: EventTime(seconds: 5), scope: scope)
    #expect(early["timestamp"]?.string ?? "" >= early["spans"]?[2]?["start_timestamp"]?.string ?? "?")
    let envelope = try #require(
      RunRemains { try? FileSystem.read(folder.path.appending($0)) }.envelopes(
        ending: .crashed(EventTime(seconds: 110)), dsn: "https://k@h/1", now: EventTime(seconds: 120)
      ).first)
    #expect(
      envelope.headers.keys == ["dsn", "event_id", "trace", "sent_at"]
        && envelope.items.map { $0.type } == ["transaction"])
  }

  @Test func `nothing of it is left when it is over, or another one is bound`() throws {
    let first = start()
    first.keep(in: file)
    let second = start("second")
    second.keep(in: file)
    _ = first.startChild(operation: "lost")
    first.finish()
    #expect(records?.transaction["transaction"] == "second")
    #expect(records?.aborted(at: EventTime(seconds: 1), scope: scope)["spans"]?.array?.count == 0)
    second.discard()
    #expect(records == nil)
    start(rate: 0).keep(in: file)
    #expect(records == nil)
  }

  @Test func `more spans than fit are cut off, not the transaction`() throws {
    let transaction = start()
    transaction.keep(in: file)
    let description = String(repeating: "x", count: 1000)
    for _ in 0..<1000 { transaction.startChild(operation: "many", description: description).finish() }
    let spans = records?.aborted(at: EventTime(seconds: 1), scope: scope)["spans"]?.array ?? []
    #expect(spans.count > 200 && spans.count < 1000)
    #expect(Set(spans.compactMap { $0["span_id"]?.string }).count == spans.count)
  }

  @Test func `a hook has to see it first`() throws {
    let file = try OpenTransactionFile(folder: folder.path, isHooked: true)
    start().keep(in: file)
    #expect(records?.isHooked == true)
    let remains = RunRemains { try? FileSystem.read(folder.path.appending($0)) }
    let ending = RunEnding.crashed(EventTime(seconds: 1))
    #expect(remains.envelopes(ending: ending, dsn: nil, now: EventTime(seconds: 2)).isEmpty)
    #expect(remains.transactionEnvelope(ending: ending, dsn: nil, now: EventTime(seconds: 2)) != nil)
  }
}
