// Provides the start of a transaction: which trace it is in, and whether it is recorded.
internal import LinuxSystem
internal import StructuredValue

extension Transaction {
  /// Starts a transaction.
  ///
  /// - Parameters:
  ///   - custom: for the sampler.
  ///   - propagation: the trace of the scope.
  ///   - owner: takes the transaction in the end; `nil`: there is nobody, and it is not recorded.
  internal static func start(
    _ context: TransactionContext, custom: StructuredObject, propagation: PropagationContext, options: TracingOptions,
    owner: (any TransactionOwner)?, start: Timestamp
  ) -> Transaction {
    let isContinued =
      context.traceID != nil
      && TraceContinuation.isAllowed(
        incoming: context.baggage?["org_id"]?.string, own: options.organizationID, isStrict: options.isStrict)
    let traceID: String
    let parentSpanID: String?
    let sampleRand: Double
    let samplingContext: StructuredObject?
    var parentSampled = context.parentSampled
    if isContinued, let incoming = context.traceID {
      traceID = incoming
      parentSpanID = context.parentSpanID
      sampleRand = context.incomingSampleRand ?? TraceIdentifiers.sampleRand()
      samplingContext = context.baggage
    } else if context.traceID == nil, propagation.isFollowed {
      traceID = propagation.traceID
      parentSpanID = context.parentSpanID ?? propagation.parentSpanID
      sampleRand = propagation.sampleRand
      samplingContext = propagation.dynamicSamplingContext
      parentSampled = parentSampled ?? propagation.isSampled
    } else {
      traceID = TraceIdentifiers.traceID()
      parentSpanID = nil
      sampleRand = TraceIdentifiers.sampleRand()
      samplingContext = nil
      // The decision of somebody else's trace does not count for a new one.
      if context.traceID != nil { parentSampled = nil }
    }
    var decision = SamplingDecision(
      context, custom: custom, sampleRand: sampleRand, parentSampled: parentSampled, options: options)
    if owner == nil { decision.isSampled = false }
    return Transaction(
      context, traceID: traceID, parentSpanID: parentSpanID, decision: decision, sampleRand: sampleRand,
      samplingContext: samplingContext, start: start, options: options, owner: owner)
  }
}

extension Transaction {
  /// A transaction where there is no client: it works, and nothing of it is sent.
  public static func unrecorded(_ context: TransactionContext) -> Transaction {
    start(
      context, custom: StructuredObject(), propagation: PropagationContext(), options: TracingOptions(), owner: nil,
      start: .now())
  }
}
