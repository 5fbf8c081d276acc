// Provides the trace in which a scope is when no span is bound to it.
public import StructuredValue

/// The trace of a scope: events that belong to no span are connected by it, with each other and with other services.
public struct PropagationContext: Sendable, Hashable {
  /// 32 hexadecimal digits, or whatever another system calls its traces: nothing is checked.
  public var traceID: String
  /// 16 hexadecimal digits: the span that stands for this part of the program.
  public var spanID: String
  /// The span of another service or another part of the program that this one continues.
  public var parentSpanID: String?
  /// The random number of the trace's sampling decision, at least 0 and less than 1.
  public var sampleRand: Double
  /// What the other service decided.
  public var isSampled: Bool?
  /// The sampling context of the service that began the trace. It is handed on as it is.
  public var dynamicSamplingContext: StructuredObject?
  /// Whether transactions are in this trace. Otherwise each begins a trace of its own.
  public var isFollowed = false
  /// Whether the trace was set by `init(continuing:parentSpanID:)`, which events tell by a member `type`.
  private var isSet = false

  /// A new trace.
  public init() {
    traceID = TraceIdentifiers.traceID()
    spanID = TraceIdentifiers.spanID()
    sampleRand = TraceIdentifiers.sampleRand()
  }

  /// A trace that somebody else began. Its identifiers are taken as they are; transactions follow it from now on.
  public init(continuing traceID: String, parentSpanID: String?) {
    self.traceID = traceID
    self.parentSpanID = parentSpanID
    spanID = TraceIdentifiers.spanID()
    sampleRand = TraceIdentifiers.sampleRand()
    isFollowed = true
    isSet = true
  }

  /// A new trace that transactions follow.
  public static func regenerated() -> PropagationContext {
    var context = PropagationContext()
    context.isFollowed = true
    return context
  }

  /// Goes into events as `contexts.trace`.
  public var traceContext: StructuredObject {
    var object = StructuredObject()
    if isSet { object["type"] = "trace" }
    object["trace_id"] = .string(traceID)
    object["span_id"] = .string(spanID)
    if let parentSpanID { object["parent_span_id"] = .string(parentSpanID) }
    object["sample_rand"] = .double(sampleRand)
    return object
  }
}
