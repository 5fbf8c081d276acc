// Provides the span to which events of a scope belong.
public import StructuredValue

/// A span or transaction that a scope is bound to. `Span` is the only one there is.
public protocol ActiveSpan: AnyObject, Sendable {
  /// `contexts.trace` of an event that happens in it.
  var traceContext: StructuredObject { get }
  /// The `trace` header of an envelope with such an event.
  var dynamicSamplingContext: StructuredObject { get }
  /// 32 hexadecimal digits, or whatever the service that began the trace calls it.
  var traceID: String { get }
  /// 16 hexadecimal digits.
  var spanID: String { get }
  /// The object itself.
  var recording: Span? { get }
}
