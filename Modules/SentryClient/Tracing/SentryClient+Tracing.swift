// Provides tracing as a part of the engine.
public import LinuxSystem
internal import SentryEnvelope
public import StructuredValue

extension SentryClient {
  /// Starts a transaction. It is not bound to a scope; see `bind(_:)`.
  ///
  /// - Parameters:
  ///   - custom: what the sampler is told beside the name and the operation.
  ///   - start: `nil`: now.
  ///   - local: a local scope, whose trace counts before the global one's if it was given one.
  public func startTransaction(
    _ context: TransactionContext, custom: StructuredObject = StructuredObject(), start: Timestamp? = nil,
    scope local: Scope? = nil
  ) -> Transaction {
    let propagation = local?.ownPropagation ?? lock.withLock { scope.propagationContext }
    return Transaction.start(
      context, custom: custom, propagation: propagation, options: tracingOptions, owner: self, start: start ?? .now())
  }

  /// Events belong to this span from now on, until it is over or another one is bound; `nil`: to none.
  ///
  /// The transaction of the span outlives a crash: it is sent with the status `aborted` then.
  public func bind(_ span: Span?) { configureScope { $0.span = span } }

  /// The span that is bound to the global scope.
  public var boundSpan: Span? { lock.withLock { scope.span }?.recording }

  /// Continues a trace that somebody else began, with transactions too. Identifiers are taken as they are.
  public func setTrace(traceID: String, parentSpanID: String?) {
    configureScope { $0.propagationContext = PropagationContext(continuing: traceID, parentSpanID: parentSpanID) }
  }

  /// Begins a new trace, which transactions follow.
  public func regenerateTrace() { configureScope { $0.propagationContext = .regenerated() } }

  /// What the options say of tracing.
  internal var tracingOptions: TracingOptions {
    var result = TracingOptions()
    result.sampleRate = options.tracesSampleRate
    result.sampler = options.hooks.tracesSampler
    result.maxSpans = options.maxSpans
    result.propagatesTraceparent = options.propagatesTraceparent
    result.isStrict = options.strictTraceContinuation
    if let own = options.organizationID, !own.isEmpty {
      result.organizationID = own
    } else {
      result.organizationID = options.dsn?.organizationID
    }
    result.publicKey = options.dsn?.publicKey
    return result
  }

  /// `contexts.trace` of an event.
  internal func traceContext(scope: Scope?, global: Scope) -> StructuredObject {
    if let span = scope?.span ?? global.span { return span.traceContext }
    return (scope?.ownPropagation ?? global.propagationContext).traceContext
  }

  /// The `trace` header of an event's envelope; `nil` when nothing is known of its trace.
  internal func traceHeader(for event: StructuredObject, scope: Scope?, global: Scope) -> StructuredObject? {
    if let span = scope?.span ?? global.span {
      let context = span.dynamicSamplingContext
      return context.isEmpty ? nil : context
    }
    if options.dsn == nil { return nil }
    var context = (scope?.ownPropagation ?? global.propagationContext).samplingContext(
      options: tracingOptions, release: scope?.release ?? global.release,
      environment: scope?.environment ?? global.environment)
    // What the event says of its trace counts.
    if let traceID = event["contexts"]?["trace"]?["trace_id"] { context["trace_id"] = traceID }
    return context
  }

  /// The global scope is bound to something else now: what was kept for a crash is not what is bound any more.
  ///
  /// Outside of `lock`.
  internal func keepForCrash(_ span: (any ActiveSpan)?, instead before: (any ActiveSpan)?) {
    let (new, old) = (span?.recording?.transaction, before?.recording?.transaction)
    if new === old { return }
    old?.forget()
    guard let new, new.isSampled, let file = recorders.transactionFile(folder: runPath, self) else { return }
    new.keep(in: file)
  }
}

extension SentryClient: TransactionOwner {
  internal func capture(transaction: StructuredObject, samplingContext: StructuredObject) -> SentryID {
    capture(transaction: transaction, trace: samplingContext, scope: nil)
  }

  internal func unbind(_ transaction: Transaction) {
    if lock.withLock({ scope.span }) == nil { return }
    configureScope { scope in
      if scope.span?.recording?.transaction === transaction { scope.span = nil }
    }
  }

  internal var scopeFields: StructuredObject {
    let global = currentScope
    var fields = StructuredObject()
    global.apply(to: &fields, withBreadcrumbs: false)
    fillOwn(&fields, scope: nil, global: global)
    return fields
  }

  internal var releaseAndEnvironment: (release: String?, environment: String?) {
    lock.withLock { (scope.release, scope.environment) }
  }
}
