import LinuxSystem
import SentryEnvelope
import StructuredValue
import Testing

@testable import SentryClient

/// Takes what transactions have to say.
private final class Collector: TransactionOwner, @unchecked Sendable {
  private let lock = Lock()
  private var taken: [(transaction: StructuredObject, trace: StructuredObject)] = []
  private var unboundCount = 0
  private var stored: (release: String?, environment: String?) = ("shop@1", "test")

  func capture(transaction: StructuredObject, samplingContext: StructuredObject) -> SentryID {
    lock.withLock { taken.append((transaction, samplingContext)) }
    return transaction["event_id"]?.string.flatMap { SentryID($0) } ?? .empty
  }
  var scopeFields: StructuredObject { StructuredObject() }
  func unbind(_ transaction: Transaction) { lock.withLock { unboundCount += 1 } }
  var releaseAndEnvironment: (release: String?, environment: String?) {
    get { lock.withLock { stored } }
    set { lock.withLock { stored = newValue } }
  }
  var captured: [(transaction: StructuredObject, trace: StructuredObject)] { lock.withLock { taken } }
  var unbound: Int { lock.withLock { unboundCount } }
}

@Suite struct `Transactions and spans` {
  private let owner = Collector()
  private var options: TracingOptions = {
    var options = TracingOptions()
    options.sampleRate = 1
    options.publicKey = "key"
    options.organizationID = "42"
    return options
  }()

  private func start(
    _ context: TransactionContext = TransactionContext(name: "GET /", operation: "http.server"),
    _ options: TracingOptions? = nil, propagation: PropagationContext = PropagationContext(),
    custom: StructuredObject = StructuredObject(), at time: Timestamp = Timestamp(seconds: 100)
  ) -> Transaction {
    Transaction.start(
      context, custom: custom, propagation: propagation, options: options ?? self.options, owner: owner, start: time)
  }

  private func words(_ value: StructuredValue?) -> [String] { value?.object?.keys ?? [] }

  @Test func `a transaction has the fields of the wire, in their order`() throws {
    let transaction = start()
    transaction.setTag(value: "eu", key: "region")
    transaction.setData(value: 3, key: "items")
    let child = transaction.startChild(
      operation: "db", description: "SELECT 1", start: Timestamp(microseconds: 101_000_250))
    child.setTag(value: "x", key: "t")
    child.setData(value: true, key: "d")
    let grandchild = child.startChild(operation: "cache", start: Timestamp(seconds: 102))
    grandchild.finish(status: .notFound, end: Timestamp(seconds: 103))
    child.finish(end: Timestamp(seconds: 104))
    let id = transaction.finishAndCapture(status: .internalError, end: Timestamp(seconds: 105))
    let (sent, trace) = try #require(owner.captured.first)
    #expect(owner.captured.count == 1)
    #expect(
      sent.keys == [
        "event_id", "platform", "transaction", "start_timestamp", "spans", "type", "timestamp", "level", "contexts",
        "tags",
      ])
    #expect(sent["event_id"]?.string == id.dashed && id != .empty)
    #expect(sent["type"] == "transaction" && sent["level"] == "info" && sent["platform"] == "native")
    #expect(sent["transaction"] == "GET /")
    #expect(sent["start_timestamp"] == "1970-01-01T00:01:40.000000Z")
    #expect(sent["timestamp"] == "1970-01-01T00:01:45.000000Z")
    #expect(sent["tags"] == ["region": "eu"])
    let context = try #require(sent["contexts"]?["trace"])
    #expect(words(context) == ["trace_id", "span_id", "op", "status", "data"])
    #expect(context["op"] == "http.server" && context["status"] == "internal_error")
    #expect(context["data"] == ["items": 3])
    #expect(context["trace_id"]?.string == transaction.traceID && context["span_id"]?.string == transaction.spanID)
    let spans = try #require(sent["spans"]?.array)
    #expect(spans.count == 2)
    #expect(
      words(spans[0]) == [
        "op", "span_id", "status", "trace_id", "parent_span_id", "description", "start_timestamp", "timestamp",
      ])
    #expect(spans[0]["description"] == .null)
    #expect(spans[0]["op"] == "cache" && spans[0]["status"] == "not_found")
    #expect(spans[0]["parent_span_id"]?.string == child.spanID)
    #expect(
      words(spans[1]) == [
        "op", "span_id", "status", "trace_id", "parent_span_id", "description", "start_timestamp", "timestamp", "data",
        "tags",
      ])
    #expect(spans[1]["start_timestamp"] == "1970-01-01T00:01:41.000250Z")
    #expect(spans[1]["status"] == "ok" && spans[1]["description"] == "SELECT 1")
    #expect(spans[1]["parent_span_id"]?.string == transaction.spanID)
    #expect(spans.allSatisfy { $0["trace_id"]?.string == transaction.traceID })
    #expect(
      trace.keys == [
        "public_key", "org_id", "sample_rate", "sample_rand", "release", "environment", "trace_id", "sampled",
        "transaction",
      ])
    #expect(trace["sampled"] == "true" && trace["sample_rate"]?.double == 1 && trace["release"] == "shop@1")
    #expect(trace["org_id"] == "42" && trace["public_key"] == "key" && trace["environment"] == "test")
    #expect(trace["trace_id"]?.string == transaction.traceID && trace["transaction"] == "GET /")
  }

  @Test func `a transaction without a name gets one`() throws {
    start(TransactionContext(name: "", operation: "")).finish()
    #expect(owner.captured.first?.transaction["transaction"] == "<unlabeled transaction>")
  }

  @Test func `an unsampled transaction works and sends nothing`() {
    var options = options
    options.sampleRate = 0
    let transaction = start(options: options)
    #expect(!transaction.isSampled)
    let child = transaction.makeChild(operation: "x")
    #expect(child != nil && child?.isSampled == false)
    child?.finish()
    #expect(transaction.traceHeader.sentryTrace.utf8.last == UInt8(ascii: "0"))
    #expect(transaction.dynamicSamplingContext["sampled"] == "false")
    #expect(transaction.finishAndCapture() == .empty)
    #expect(owner.captured.isEmpty && owner.unbound == 1)
  }

  private func start(options: TracingOptions) -> Transaction {
    start(TransactionContext(name: "x", operation: "y"), options)
  }

  @Test func `what is over stays over`() {
    let transaction = start()
    let early = transaction.startChild(operation: "a")
    let late = transaction.startChild(operation: "b")
    early.finish()
    early.finish(status: .aborted)
    early.discard()
    let id = transaction.finishAndCapture()
    late.finish()
    #expect(transaction.finishAndCapture() == .empty)
    transaction.discard()
    #expect(transaction.makeChild(operation: "c") == nil)
    #expect(early.makeChild(operation: "c") == nil)
    let detached = early.startChild(operation: "c")
    detached.finish()
    #expect(!detached.isSampled && detached.traceID == transaction.traceID)
    #expect(id != .empty && owner.captured.count == 1 && owner.unbound == 1)
    #expect(owner.captured[0].transaction["spans"]?.array?.count == 1)
    #expect(owner.captured[0].transaction["spans"]?[0]?["status"] == "ok")
  }

  @Test func `what is discarded is not sent`() {
    let transaction = start()
    transaction.startChild(operation: "a").discard()
    transaction.startChild(operation: "b").finish()
    transaction.finish()
    #expect(owner.captured[0].transaction["spans"]?.array?.count == 1)
    start().discard()
    #expect(owner.captured.count == 1 && owner.unbound == 2)
  }

  @Test func `no more spans than are kept`() {
    var options = options
    options.maxSpans = 3
    let transaction = start(options: options)
    let open = (0..<5).map { transaction.makeChild(operation: "\($0)") }
    #expect(open.allSatisfy { $0 != nil })
    for span in open { span?.finish() }
    #expect(transaction.makeChild(operation: "late") == nil)
    transaction.finish()
    #expect(owner.captured[0].transaction["spans"]?.array?.count == 3)
  }

  @Test(.timeLimit(.minutes(10))) func `spans may begin and end in many threads`() async {
    let transaction = start()
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for number in 0..<100 {
            let span = transaction.startChild(operation: "\(worker).\(number)")
            span.setData(value: .integer(Int64(number)), key: "n")
            span.finish()
          }
        }
      }
    }
    transaction.finish()
    let spans = owner.captured[0].transaction["spans"]?.array ?? []
    #expect(spans.count == 800)
    #expect(Set(spans.compactMap { $0["span_id"]?.string }).count == 800)
  }

  @Test func `tags are cut to 200 bytes at the end of a character`() {
    let transaction = start()
    transaction.setTag(value: String(repeating: "x", count: 199) + "ü", key: "cut")
    transaction.setTag(value: String(repeating: "y", count: 200), key: "whole")
    transaction.setTag(value: "z", key: "gone")
    transaction.removeTag(key: "gone")
    #expect(transaction.tags["cut"]?.string?.utf8.count == 199)
    #expect(transaction.tags["whole"]?.string?.utf8.count == 200)
    #expect(transaction.tags.count == 2)
    transaction.setData(value: 1, key: "a")
    transaction.removeData(key: "a")
    #expect(transaction.data.isEmpty)
  }

  @Test func `every status has its word and its number`() {
    #expect(
      SpanStatus.numbered.map { $0.rawValue } == [
        "ok", "cancelled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists",
        "permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range", "unimplemented",
        "internal_error", "unavailable", "data_loss", "unauthenticated",
      ])
  }

  // MARK: Sampling

  @Test func `the sampler decides, then the caller, then the rate`() {
    var context = TransactionContext(name: "n", operation: "o")
    context.parentSampled = true
    #expect(SamplingDecision.isSampled(context, 0.9, rate: 0.5, parent: true))
    #expect(!SamplingDecision.isSampled(context, 0.1, rate: 0.5, parent: false))
    #expect(SamplingDecision.isSampled(context, 0.49, rate: 0.5, parent: nil))
    #expect(!SamplingDecision.isSampled(context, 0.5, rate: 0.5, parent: nil))
    for (answer, expected) in [(0.5, true), (0.4, false), (.nan, false), (-1, false), (7, true)] as [(Double, Bool)] {
      #expect(SamplingDecision.isSampled(context, 0.4, rate: 0, parent: false, sampler: { _ in answer }) == expected)
    }
  }

  @Test func `the sampler sees what there is to see`() {
    var options = options
    options.sampler = { context in
      context.transaction["name"] == "GET /" && context.transaction["op"] == "http.server"
        && context.custom["vip"] == true && context.parentSampled == false ? 1 : 0
    }
    var context = TransactionContext(name: "GET /", operation: "http.server")
    context.parentSampled = false
    var custom = StructuredObject()
    custom["vip"] = true
    #expect(start(context, options, custom: custom).isSampled)
    #expect(!start(context, options).isSampled)
  }

  // MARK: Continuing

  private let header = "0123456789abcdef0123456789abcdef-89abcdef01234567-1"

  private func continued(_ baggage: String?, _ options: TracingOptions? = nil) -> Transaction {
    var context = TransactionContext(name: "n", operation: "o")
    var areRead: [Bool] = []
    if let baggage { areRead.append(context.update(header: "BaGgAgE", value: baggage)) }
    areRead.append(context.update(header: "Sentry-Trace", value: header))
    areRead.append(context.update(header: "x-other", value: "???"))
    #expect(!areRead.contains(false))
    return start(context, options)
  }

  @Test func `a trace is continued with its identifiers, its decision and its context`() {
    var options = options
    options.sampleRate = 0
    let transaction = continued(
      "sentry-trace_id=0123456789abcdef0123456789abcdef,sentry-sample_rand=0.25,sentry-release=other%401", options)
    #expect(transaction.traceID == "0123456789abcdef0123456789abcdef")
    #expect(transaction.parentSpanID == "89abcdef01234567")
    #expect(transaction.isSampled)
    let context = transaction.dynamicSamplingContext
    #expect(context.keys == ["trace_id", "sample_rand", "release"] && context["release"] == "other@1")
    #expect(
      transaction.baggageHeader
        == "sentry-trace_id=0123456789abcdef0123456789abcdef,sentry-sample_rand=0.25,sentry-release=other%401")
    transaction.finish()
    #expect(owner.captured[0].transaction["contexts"]?["trace"]?["parent_span_id"] == "89abcdef01234567")
    #expect(owner.captured[0].trace == context)
  }

  @Test func `without baggage this program says what it knows of the trace`() {
    let context = continued(nil).dynamicSamplingContext
    #expect(context["trace_id"] == "0123456789abcdef0123456789abcdef" && context["release"] == "shop@1")
  }

  @Test(
    arguments: [
      ("42", "42", false, true), ("42", "42", true, true), ("1", "42", false, false), ("1", "42", true, false),
      (nil, "42", false, true), (nil, "42", true, false), ("42", nil, false, true), ("42", nil, true, false),
      (nil, nil, false, true), (nil, nil, true, true),
    ] as [(String?, String?, Bool, Bool)])
  func `traces of other organisations are not continued`(
    _ incoming: String?, _ own: String?, _ isStrict: Bool, _ isContinued: Bool
  ) {
    var options = options
    options.organizationID = own
    options.isStrict = isStrict
    let transaction = continued(incoming.map { "sentry-org_id=\($0),sentry-sampled=true" } ?? "sentry-a=b", options)
    #expect((transaction.traceID == "0123456789abcdef0123456789abcdef") == isContinued)
    #expect((transaction.parentSpanID == "89abcdef01234567") == isContinued)
    #expect((transaction.dynamicSamplingContext["public_key"] == nil) == isContinued)
  }

  @Test func `headers that cannot be read change nothing`() {
    var context = TransactionContext(name: "n", operation: "o")
    let before = context
    let isRead = context.update(header: "sentry-trace", value: "00000000000000000000000000000000-89abcdef01234567")
    context.update(header: "baggage", value: "foreign=1")
    #expect(!isRead && context == before)
    context.update(headers: [
      ("traceparent", "00-0123456789abcdef0123456789abcdef-89abcdef01234567-01"), ("baggage", "sentry-a=b"),
    ])
    #expect(context.traceID == "0123456789abcdef0123456789abcdef" && context.parentSampled == nil)
    context.update(headers: [
      ("traceparent", "00-ffffffffffffffffffffffffffffffff-89abcdef01234567-01"), ("sentry-trace", header),
    ])
    #expect(context.traceID == "0123456789abcdef0123456789abcdef" && context.parentSampled == true)
  }

  @Test func `transactions follow the scope's trace only where it was set`() {
    let own = PropagationContext()
    #expect(start(propagation: own).traceID != own.traceID)
    let set = PropagationContext(continuing: "anything", parentSpanID: "parent")
    let transaction = start(propagation: set)
    #expect(transaction.traceID == "anything" && transaction.parentSpanID == "parent")
    #expect(set.traceContext.keys == ["type", "trace_id", "span_id", "parent_span_id", "sample_rand"])
    let regenerated = PropagationContext.regenerated()
    #expect(start(propagation: regenerated).traceID == regenerated.traceID)
    #expect(own.traceContext.keys == ["trace_id", "span_id", "sample_rand"])
  }

  // MARK: Propagation

  @Test func `what was said of a trace once is said again`() {
    let transaction = start()
    let first = transaction.startChild(operation: "a").outgoingHeaders
    #expect(first.map { $0.name } == ["sentry-trace", "baggage"])
    transaction.name = "renamed"
    owner.releaseAndEnvironment = ("shop@2", nil)
    #expect(transaction.baggageHeader == first[1].value)
    let later = start()
    later.name = "renamed"
    #expect(later.dynamicSamplingContext["transaction"] == "renamed")
    #expect(later.dynamicSamplingContext["release"] == "shop@2" && later.dynamicSamplingContext["environment"] == .null)
  }

  @Test func `a span names itself in the headers of its requests`() {
    var options = options
    options.propagatesTraceparent = true
    let transaction = start(options: options)
    let span = transaction.startChild(operation: "http.client")
    let headers = span.outgoingHeaders
    #expect(headers.map { $0.name } == ["sentry-trace", "baggage", "traceparent"])
    #expect(headers[0].value == "\(transaction.traceID)-\(span.spanID)-1")
    #expect(headers[1].value.utf8.starts(with: "sentry-trace_id=\(transaction.traceID),sentry-public_key=key,".utf8))
    #expect(headers[2].value == "00-\(transaction.traceID)-\(span.spanID)-01")
    #expect(transaction.outgoingHeaders[0].value == "\(transaction.traceID)-\(transaction.spanID)-1")
  }
}

extension SamplingDecision {
  fileprivate static func isSampled(
    _ context: TransactionContext, _ number: Double, rate: Double, parent: Bool?,
    sampler: (@Sendable (SamplingContext) -> Double)? = nil
  ) -> Bool {
    var options = TracingOptions()
    options.sampleRate = rate
    options.sampler = sampler
    return SamplingDecision(
      context, custom: StructuredObject(), sampleRand: number, parentSampled: parent, options: options
    ).isSampled
  }
}
