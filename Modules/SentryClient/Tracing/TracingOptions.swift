// Provides what tracing is told by the SDK's options.

/// How transactions are recorded.
public struct TracingOptions: Sendable {
  /// The share of traces that are recorded, 0 to 1.
  public var sampleRate: Double = 0
  /// Decides instead of the rate; what it gives is used as a rate.
  public var sampler: (@Sendable (SamplingContext) -> Double)?
  /// Finished spans that a transaction keeps.
  public var maxSpans = 1000
  /// Whether outgoing requests get a `traceparent` too.
  public var propagatesTraceparent = false
  /// Whose traces are continued; `nil`: not known.
  public var organizationID: String?
  /// A trace is only continued by the organisation that began it, even if one side does not say which it is.
  public var isStrict = false
  /// Names the project in sampling contexts.
  public var publicKey: String?

  /// Nothing is recorded: the rate is 0 and there is no sampler.
  public init() {}
}
