import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

@Suite struct `Transactions of a client` {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private let context = TransactionContext(name: "GET /", operation: "http.server")

  @Test func `a transaction is sent with the scope, its sampling context and the session`() throws {
    let (client, transport) = try folder.collect { $0.tracesSampleRate = 1 }
    client.configureScope { $0.setTag(value: "eu", key: "region") }
    let transaction = client.startTransaction(context)
    transaction.startChild(operation: "db").finish()
    let id = transaction.finishAndCapture()
    let envelope = try #require(transport.envelopes.first)
    #expect(envelope.items.map { $0.type } == ["transaction", "session"])
    #expect(envelope.eventID == id && envelope.headers["sent_at"]?.string != nil)
    let trace = try #require(envelope.headers["trace"])
    #expect(trace["public_key"] == "key" && trace["org_id"] == "42" && trace["sampled"] == "true")
    #expect(trace["release"] == "shop@1.2.3" && trace["environment"] == "test" && trace["transaction"] == "GET /")
    #expect(trace["trace_id"]?.string == transaction.traceID)
    let event = try #require(transport.payloads("transaction").first)
    #expect(event["type"] == "transaction" && event["transaction"] == "GET /" && event["level"] == "info")
    #expect(event["tags"]?["region"] == "eu" && event["release"] == "shop@1.2.3")
    #expect(event["contexts"]?["trace"]?["op"] == "http.server" && event["contexts"]?["os"]?["name"] == "Linux")
    #expect(event["sdk"]?["name"]?.string != nil && event["user"]?["id"]?.string != nil)
    #expect(event["spans"]?.array?.count == 1)
    client.close()
  }

  @Test func `the hook may change a transaction or drop it`() throws {
    let (client, transport) = try folder.collect { options in
      options.tracesSampleRate = 1
      options.hooks.beforeTransaction = { $0["transaction"] == "drop" ? nil : $0 }
    }
    #expect(client.startTransaction(TransactionContext(name: "drop", operation: "x")).finishAndCapture() == .empty)
    #expect(client.startTransaction(context).finishAndCapture() != .empty)
    #expect(transport.payloads("transaction").count == 1)
    #expect(client.reports.discarded[ClientReports.Pair(reason: .beforeSend, category: .transaction)] == 1)
    client.close()
  }

  @Test func `events belong to the span that is bound, until it is over`() throws {
    let (client, transport) = try folder.collect { $0.tracesSampleRate = 1 }
    let transaction = client.startTransaction(context)
    client.bind(transaction)
    #expect(client.boundSpan === transaction)
    var event = StructuredObject()
    event["level"] = "info"
    client.capture(event)
    let child = transaction.startChild(operation: "db")
    client.bind(child)
    client.capture(event)
    #expect(client.boundSpan === child)
    transaction.finish()
    #expect(client.boundSpan == nil)
    client.capture(event)
    let traces = transport.payloads("event").compactMap { $0["contexts"]?["trace"] }
    #expect(
      traces.map { $0["span_id"]?.string } == [
        transaction.spanID, child.spanID, client.currentScope.propagationContext.spanID,
      ])
    #expect(traces[1]["parent_span_id"]?.string == transaction.spanID && traces[1]["op"] == "db")
    let headers = transport.envelopes.filter { $0.items[0].type == "event" }.map { $0.headers["trace"] }
    #expect(headers[0]?["transaction"] == "GET /" && headers[2]?["transaction"] == nil)
    #expect(headers[2]?["trace_id"]?.string == client.currentScope.propagationContext.traceID)
    client.close()
  }

  @Test func `a scope's name for the transaction renames the one that is bound`() throws {
    let (client, _) = try folder.collect { $0.tracesSampleRate = 1 }
    let transaction = client.startTransaction(context)
    client.bind(transaction)
    client.configureScope { $0.setTransactionName("renamed") }
    #expect(transaction.name == "renamed")
    client.close()
  }

  @Test func `traces that are set are followed`() throws {
    let (client, _) = try folder.collect { $0.tracesSampleRate = 1 }
    client.setTrace(traceID: "foreign", parentSpanID: "parent")
    #expect(client.startTransaction(context).traceID == "foreign")
    client.regenerateTrace()
    let own = client.currentScope.propagationContext.traceID
    #expect(own != "foreign" && client.startTransaction(context).traceID == own)
    client.close()
  }

  @Test func `after the end transactions work, and nothing is sent`() throws {
    let (client, transport) = try folder.collect { $0.tracesSampleRate = 1 }
    let transaction = client.startTransaction(context)
    client.bind(transaction)
    client.close()
    let count = transport.envelopes.count
    transaction.startChild(operation: "x").finish()
    transaction.finish()
    #expect(transport.envelopes.count >= count)
  }

  @Test func `the transaction that is bound is in the run directory, another one is not`() throws {
    let (client, _) = try folder.collect { $0.tracesSampleRate = 1 }
    let run = try #require(client.health.runDirectory)
    func records() -> OpenTransactionRecords? {
      (try? FileSystem.read(run.appending("__sentry-transaction"))).flatMap { OpenTransactionRecords(file: $0) }
    }
    let first = client.startTransaction(context)
    #expect(records() == nil)
    client.bind(first.startChild(operation: "bound"))
    #expect(records()?.transaction["transaction"] == "GET /")
    let second = client.startTransaction(TransactionContext(name: "second", operation: "x"))
    client.bind(second)
    #expect(records()?.transaction["transaction"] == "second")
    first.finish()
    #expect(records()?.transaction["transaction"] == "second")
    client.bind(nil)
    #expect(records() == nil)
    client.bind(second)
    second.finish()
    #expect(records() == nil)
    client.close()
  }
}
