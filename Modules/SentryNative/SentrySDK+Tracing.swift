// Provides tracing for Swift programs.
public import SentryClient
public import StructuredValue

extension SentrySDK {
  /// Starts a transaction: the span at the top of what the program does for one request or one job.
  ///
  /// ```swift
  /// let transaction = SentrySDK.startTransaction(name: "GET /", operation: "http.server", bindToScope: true)
  /// let span = transaction.startChild(operation: "db", description: "SELECT 1")
  /// span.finish()
  /// transaction.finish()
  /// ```
  ///
  /// - Parameters:
  ///   - operation: the kind of work, such as `http.server`.
  ///   - bindToScope: events belong to the transaction until it is finished, and a crash sends it as aborted.
  /// - Returns: a transaction in any case. Before `start`, and where sampling says no, nothing of it is sent.
  public static func startTransaction(name: String, operation: String, bindToScope: Bool = false) -> Transaction {
    startTransaction(
      transactionContext: TransactionContext(name: name, operation: operation), bindToScope: bindToScope)
  }

  /// Starts a transaction in a trace that another service began, or with what a sampler is to be told.
  ///
  /// ```swift
  /// var context = TransactionContext(name: "GET /", operation: "http.server")
  /// context.update(headers: request.headers.map { ($0.name, $0.value) })
  /// let transaction = SentrySDK.startTransaction(transactionContext: context)
  /// ```
  ///
  /// - Parameters:
  ///   - customSamplingContext: for `Options.tracesSampler`.
  public static func startTransaction(
    transactionContext: TransactionContext, bindToScope: Bool = false,
    customSamplingContext: [String: StructuredValue] = [:]
  ) -> Transaction {
    guard let client = current.client else { return .unrecorded(transactionContext) }
    var custom = StructuredObject()
    for (key, value) in customSamplingContext.sorted(by: { $0.key < $1.key }) { custom[key] = value }
    let transaction = client.startTransaction(transactionContext, custom: custom, scope: TaskScope.current?.scope)
    if bindToScope { client.bind(transaction) }
    return transaction
  }

  /// The span to which events belong at the moment: that of the task's scope, or that which is bound to the global one.
  /// Setting one binds it to the global scope; a finished transaction is unbound by itself.
  public static var span: Span? {
    get { TaskScope.current?.scope.span?.recording ?? current.client?.boundSpan }
    set { current.client?.bind(newValue) }
  }

  /// Continues a trace that something else began. Identifiers are taken as they are; transactions follow it.
  public static func setTrace(traceID: String, parentSpanID: String? = nil) {
    current.client?.setTrace(traceID: traceID, parentSpanID: parentSpanID)
  }

  /// Begins a new trace, which transactions follow.
  public static func regenerateTrace() { current.client?.regenerateTrace() }

  // MARK: Release health

  /// Starts a session, and ends the one that runs. Only needed without `Options.enableAutoSessionTracking`; without a
  /// release there are no sessions.
  public static func startSession() { current.client?.startSession() }

  /// Ends the session as `exited` and sends it.
  public static func endSession() { current.client?.endSession() }
}
