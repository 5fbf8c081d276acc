// Provides the sampling context of a trace: what every service and server needs to decide alike about all of it.
internal import StructuredValue

/// Makes the `trace` header of envelopes, which in another spelling is the `baggage` of requests.
///
/// Format: docs/sdk-tracing.md, "Sampling context".
internal struct DynamicSamplingContext {
  var publicKey: String?
  var organizationID: String?
  var sampleRate: Double
  var sampleRand: Double
  var release: String?
  var environment: String?
  var traceID: String
  var isSampled: Bool
  var transaction: String?

  /// In the order of native SDKs. Release and environment are null when they are unknown.
  var value: StructuredObject {
    var object = StructuredObject()
    if let publicKey { object["public_key"] = .string(publicKey) }
    if let organizationID, !organizationID.isEmpty { object["org_id"] = .string(organizationID) }
    object["sample_rate"] = .double(sampleRate)
    object["sample_rand"] = .double(sampleRand)
    object["release"] = release.map { .string($0) } ?? .null
    object["environment"] = environment.map { .string($0) } ?? .null
    object["trace_id"] = .string(traceID)
    object["sampled"] = .string(isSampled ? "true" : "false")
    if let transaction, !transaction.isEmpty { object["transaction"] = .string(transaction) }
    return object
  }
}

extension PropagationContext {
  /// The `trace` header of an envelope whose event belongs to no span. A trace that was continued hands on what its
  /// head said.
  internal func samplingContext(
    options: TracingOptions, release: String?, environment: String?
  ) -> StructuredObject {
    if let dynamicSamplingContext { return dynamicSamplingContext }
    let rate = options.sampler == nil ? SamplingDecision.clamped(options.sampleRate) : 1
    return DynamicSamplingContext(
      publicKey: options.publicKey, organizationID: options.organizationID, sampleRate: rate, sampleRand: sampleRand,
      release: release, environment: environment, traceID: traceID, isSampled: isSampled ?? (sampleRand < rate),
      transaction: nil
    ).value
  }
}

/// Whether a trace that arrives is continued.
internal enum TraceContinuation {
  /// - Parameters:
  ///   - incoming: the organisation in the caller's baggage; `nil`: it does not say.
  ///   - own: this program's.
  static func isAllowed(incoming: String?, own: String?, isStrict: Bool) -> Bool {
    let incoming = incoming?.isEmpty == true ? nil : incoming
    let own = own?.isEmpty == true ? nil : own
    switch (incoming, own) {
    case (let incoming?, let own?): return incoming == own
    case (nil, nil): return true
    default: return !isStrict
    }
  }
}
