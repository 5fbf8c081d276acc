// Provides transactions: the work of a program from a request to its answer, with all the spans below it.
public import LinuxSystem
public import SentryEnvelope
public import StructuredValue

/// Takes what transactions have to say.
internal protocol TransactionOwner: AnyObject, Sendable {
  /// A recorded transaction has finished.
  func capture(transaction: StructuredObject, samplingContext: StructuredObject) -> SentryID
  /// A transaction has finished or was discarded: nothing belongs to it any more.
  func unbind(_ transaction: Transaction)
  /// What an event of this moment would be told by the scope.
  var scopeFields: StructuredObject { get }
  /// Release and environment as they are now.
  var releaseAndEnvironment: (release: String?, environment: String?) { get }
}

/// The span at the top: what a program does for one request, one command, one job. Sent with its spans when it is
/// finished.
public final class Transaction: Span, @unchecked Sendable {
  // @unchecked: everything that changes is changed under `access`.
  internal let options: TracingOptions
  private let transactionOwner: (any TransactionOwner)?
  private let sampleRate: Double
  private let sampleRand: Double
  private let eventID = SentryID(bytes: UniqueID.random().bytes) ?? .empty
  private var storedName: String
  /// What is said of the trace, once it was said to somebody.
  private var frozen: StructuredObject?
  private var spans: [StructuredValue] = []
  /// Where an open transaction is kept for a crash; see `OpenTransactionFile`.
  private var journal: OpenTransactionFile?

  internal init(
    _ context: TransactionContext, traceID: String, parentSpanID: String?, decision: SamplingDecision,
    sampleRand: Double, samplingContext: StructuredObject?, start: Timestamp, options: TracingOptions,
    owner: (any TransactionOwner)?
  ) {
    self.options = options
    transactionOwner = owner
    sampleRate = decision.rate
    self.sampleRand = sampleRand
    storedName = context.name
    frozen = samplingContext
    super.init(
      traceID: traceID, spanID: context.spanID, parentSpanID: parentSpanID, isSampled: decision.isSampled,
      access: Lock(), content: SpanContent(operation: context.operation, description: nil, start: start), root: nil)
  }

  /// What is done.
  public var name: String {
    get { access.withLock { storedName } }
    set {
      access.withLock {
        storedName = newValue
        keep()
      }
    }
  }

  internal override var owner: Transaction? { self }

  internal override func change(_ body: (inout SpanContent) -> Void) {
    access.withLock {
      body(&content)
      keep()
    }
  }

  // MARK: Children

  internal func begin(parent: Span, _ operation: String, _ description: String?, _ start: Timestamp) -> Span? {
    let child = Span(
      traceID: traceID, spanID: TraceIdentifiers.spanID(), parentSpanID: parent.spanID, isSampled: isSampled,
      access: access, content: SpanContent(operation: operation, description: description, start: start), root: self)
    return access.withLock {
      if content.isOver || spans.count >= options.maxSpans { return nil }
      journal?.began(child.content.value(of: child), of: self)
      return child
    }
  }

  internal func finish(child: Span, _ status: SpanStatus?, _ end: Timestamp) {
    access.withLock {
      if child.content.isOver { return }
      child.content.isOver = true
      child.content.end = end
      if let status { child.content.status = status }
      if content.isOver || !isSampled { return }
      if spans.count >= options.maxSpans {
        journal?.discarded(child.spanID, of: self)
        return
      }
      let value = child.content.value(of: child)
      spans.append(.object(value))
      journal?.finished(value, of: self)
    }
  }

  internal func discard(child: Span) {
    access.withLock {
      if child.content.isOver { return }
      child.content.isOver = true
      journal?.discarded(child.spanID, of: self)
    }
  }

  // MARK: End

  /// Ends the transaction and sends it. Spans that have not finished by now are not in it.
  public override func finish(status: SpanStatus? = nil, end: Timestamp? = nil) {
    _ = finishAndCapture(status: status, end: end)
  }

  /// Ends the transaction and sends it.
  ///
  /// - Returns: what it is called at the server; `SentryID.empty` when it is not recorded, or was over already.
  public func finishAndCapture(status: SpanStatus? = nil, end: Timestamp? = nil) -> SentryID {
    let end = end ?? .now()
    var payload: StructuredObject?
    let isFirst = access.withLock {
      if content.isOver { return false }
      content.isOver = true
      content.end = end
      if let status { content.status = status }
      journal?.end(self)
      journal = nil
      if isSampled { payload = value() }
      spans = []
      return true
    }
    if !isFirst { return .empty }
    transactionOwner?.unbind(self)
    guard let payload, let transactionOwner else { return .empty }
    return transactionOwner.capture(transaction: payload, samplingContext: samplingContext())
  }

  /// Ends the transaction without sending it.
  public override func discard() {
    let isFirst = access.withLock {
      if content.isOver { return false }
      content.isOver = true
      journal?.end(self)
      journal = nil
      spans = []
      return true
    }
    if isFirst { transactionOwner?.unbind(self) }
  }

  /// The event of a transaction, before its scope is applied. Under `access`.
  private func value(withSpans: Bool = true) -> StructuredObject {
    var object = StructuredObject()
    object["event_id"] = .string(eventID.dashed)
    object["platform"] = "native"
    object["transaction"] = .string(storedName.isEmpty ? "<unlabeled transaction>" : storedName)
    object["start_timestamp"] = .string(content.start.iso8601)
    if withSpans { object["spans"] = .array(spans) }
    object["type"] = "transaction"
    if let end = content.end { object["timestamp"] = .string(end.iso8601) }
    object["level"] = "info"
    var contexts = StructuredObject()
    contexts["trace"] = .object(content.context(of: self))
    object["contexts"] = .object(contexts)
    if !content.tags.isEmpty { object["tags"] = .object(content.tags) }
    return object
  }

  // MARK: Propagation

  public override var dynamicSamplingContext: StructuredObject { samplingContext() }

  /// Frozen when it is first asked for: every service must be told the same.
  internal func samplingContext() -> StructuredObject {
    if let frozen = access.withLock({ frozen }) { return frozen }
    let (release, environment) = transactionOwner?.releaseAndEnvironment ?? (nil, nil)
    return access.withLock {
      if let frozen { return frozen }
      let context = DynamicSamplingContext(
        publicKey: options.publicKey, organizationID: options.organizationID, sampleRate: sampleRate,
        sampleRand: sampleRand, release: release, environment: environment, traceID: traceID, isSampled: isSampled,
        transaction: storedName
      ).value
      frozen = context
      return context
    }
  }

  // MARK: Crash

  /// From now on the transaction is kept where it outlives a crash.
  internal func keep(in file: OpenTransactionFile) {
    if !isSampled { return }
    let samplingContext = samplingContext()
    let scope = transactionOwner?.scopeFields ?? StructuredObject()
    access.withLock {
      if content.isOver { return }
      journal = file
      file.begin(self, value(), samplingContext: samplingContext, scope: scope)
    }
  }

  /// It is not kept any more: a crash has nothing to do with it.
  internal func forget() {
    access.withLock {
      journal?.end(self)
      journal = nil
    }
  }

  /// Writes what has changed. Under `access`.
  private func keep() {
    if let journal, !content.isOver { journal.changed(self, value(withSpans: false)) }
  }
}
