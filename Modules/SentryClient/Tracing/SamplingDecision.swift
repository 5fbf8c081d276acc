// Provides the decision whether a transaction is recorded.
internal import StructuredValue

/// Whether a transaction is recorded, and with which probability that was decided.
internal struct SamplingDecision: Hashable, Sendable {
  var isSampled: Bool
  var rate: Double

  /// In this order: the sampler, the caller's decision, the rate.
  ///
  /// - Parameter sampleRand: the trace's random number; the same in every service, so that they decide alike.
  init(
    _ context: TransactionContext, custom: StructuredObject, sampleRand: Double, parentSampled: Bool?,
    options: TracingOptions
  ) {
    if let sampler = options.sampler {
      var transaction = StructuredObject()
      transaction["name"] = .string(context.name)
      transaction["op"] = .string(context.operation)
      rate = Self.clamped(
        sampler(SamplingContext(transaction: transaction, custom: custom, parentSampled: parentSampled)))
      isSampled = sampleRand < rate
    } else if let parentSampled {
      rate = Self.clamped(options.sampleRate)
      isSampled = parentSampled
    } else {
      rate = Self.clamped(options.sampleRate)
      isSampled = sampleRand < rate
    }
  }

  /// What is no number is never.
  static func clamped(_ rate: Double) -> Double { rate > 0 ? (rate < 1 ? rate : 1) : 0 }
}
