// Provides spans: pieces of work with a beginning and an end.
public import LinuxSystem
public import StructuredValue

/// A piece of work. Made by `Transaction` or another span; a transaction is the span that all others are below.
///
/// Any thread may use it. Nothing here throws or blocks; after the transaction has finished nothing has an effect any
/// more.
public class Span: ActiveSpan, @unchecked Sendable {
  // @unchecked: everything that changes is changed under `access`.
  /// 32 hexadecimal digits.
  public let traceID: String
  /// 16 hexadecimal digits.
  public let spanID: String
  /// `nil` at the top.
  public let parentSpanID: String?
  /// Whether the work is recorded. If not, everything works as usual, and nothing is sent.
  public let isSampled: Bool

  /// One for all spans of a transaction.
  internal let access: Lock
  internal var content: SpanContent
  /// `nil` in a transaction, which is its own.
  private let root: Transaction?

  internal init(
    traceID: String, spanID: String, parentSpanID: String?, isSampled: Bool, access: Lock, content: SpanContent,
    root: Transaction?
  ) {
    self.traceID = traceID
    self.spanID = spanID
    self.parentSpanID = parentSpanID
    self.isSampled = isSampled
    self.access = access
    self.content = content
    self.root = root
  }

  /// The transaction to which this belongs: a transaction to itself. `nil` for a span that was made too late.
  public var transaction: Transaction? { owner }

  public var recording: Span? { self }

  // MARK: Content

  /// The kind of work.
  public var operation: String {
    get { access.withLock { content.operation } }
    set { change { $0.operation = newValue } }
  }

  /// What the work is about, in words, such as a query. Transactions have a name instead.
  public var spanDescription: String? {
    get { access.withLock { content.description } }
    set { change { $0.description = newValue } }
  }

  /// How it ended; `nil` says nothing.
  public var status: SpanStatus? {
    get { access.withLock { content.status } }
    set { change { $0.status = newValue } }
  }

  /// When it began.
  public var startTimestamp: Timestamp { access.withLock { content.start } }
  /// `nil` until it is finished.
  public var endTimestamp: Timestamp? { access.withLock { content.end } }
  /// Whether it is over: finished or discarded.
  public var isFinished: Bool { access.withLock { content.isOver } }

  /// Sets a text that spans can be searched by. Values are cut to 200 bytes, at the end of a character.
  public func setTag(value: String, key: String) {
    let cut = SpanContent.cut(value)
    change { $0.tags[key] = .string(cut) }
  }
  /// Takes a tag away.
  public func removeTag(key: String) { change { $0.tags[key] = nil } }

  /// Sets a value that is shown with the span.
  public func setData(value: StructuredValue, key: String) { change { $0.data[key] = value } }
  /// Takes a value away.
  public func removeData(key: String) { change { $0.data[key] = nil } }

  /// Tags as they are now.
  public var tags: StructuredObject { access.withLock { content.tags } }
  /// Data as they are now.
  public var data: StructuredObject { access.withLock { content.data } }

  internal func change(_ body: (inout SpanContent) -> Void) {
    access.withLock { body(&content) }
  }

  // MARK: Children

  /// Begins a piece of work below this one.
  ///
  /// - Parameter start: `nil`: now.
  /// - Returns: `nil` when the transaction has finished, or has as many finished spans as it keeps.
  public func makeChild(
    operation: String, description: String? = nil, start: Timestamp? = nil
  ) -> Span? {
    owner?.begin(parent: self, operation, description, start ?? .now())
  }

  /// Begins a piece of work below this one. Where `makeChild` gives nothing, the result is a span that is never sent.
  public func startChild(operation: String, description: String? = nil, start: Timestamp? = nil) -> Span {
    let start = start ?? .now()
    if let child = makeChild(operation: operation, description: description, start: start) { return child }
    return Span(
      traceID: traceID, spanID: TraceIdentifiers.spanID(), parentSpanID: spanID, isSampled: false, access: Lock(),
      content: SpanContent(operation: operation, description: description, start: start), root: nil)
  }

  /// Where children of this span are kept.
  internal var owner: Transaction? { root }

  // MARK: End

  /// Ends the work. A second time does nothing.
  ///
  /// - Parameters:
  ///   - status: `nil`: as it was set.
  ///   - end: `nil`: now.
  public func finish(status: SpanStatus? = nil, end: Timestamp? = nil) {
    guard let root else { return }
    root.finish(child: self, status, end ?? .now())
  }

  /// Ends the work without recording it.
  public func discard() {
    guard let root else { return }
    root.discard(child: self)
  }

  // MARK: Propagation

  public var traceContext: StructuredObject { access.withLock { content.context(of: self) } }

  public var dynamicSamplingContext: StructuredObject { root?.samplingContext() ?? StructuredObject() }

  /// Names this span to the service that is called.
  public var traceHeader: TraceHeader { TraceHeader(traceID: traceID, spanID: spanID, isSampled: isSampled) }

  /// The value of a `baggage` header.
  public var baggageHeader: String { Baggage.header(dynamicSamplingContext) }

  /// The headers of a request that this span makes: `sentry-trace`, `baggage`, and `traceparent` where it is wanted.
  public var outgoingHeaders: [(name: String, value: String)] {
    var headers = [(name: "sentry-trace", value: traceHeader.sentryTrace)]
    let baggage = baggageHeader
    if !baggage.isEmpty { headers.append((name: "baggage", value: baggage)) }
    if owner?.options.propagatesTraceparent == true {
      headers.append((name: "traceparent", value: traceHeader.traceparent))
    }
    return headers
  }
}
