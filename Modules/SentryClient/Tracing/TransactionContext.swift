// Provides what a transaction is started from.
public import StructuredValue

/// What is known of a transaction before it starts: its name, and the trace that it continues.
public struct TransactionContext: Hashable, Sendable {
  /// What is done: `GET /`, the name of a job.
  public var name: String
  /// What kind of work it is, such as `http.server`.
  public var operation: String
  /// Of the transaction, 16 hexadecimal digits.
  public var spanID = TraceIdentifiers.spanID()
  /// `nil`: the trace of the scope if transactions follow it, else a new one.
  public var traceID: String?
  /// The span of the caller.
  public var parentSpanID: String?
  /// What the caller decided; `nil` leaves it to this service.
  public var parentSampled: Bool?
  /// The caller's sampling context.
  public var baggage: StructuredObject?

  /// A transaction that begins a trace of its own.
  public init(name: String, operation: String) {
    self.name = name
    self.operation = operation
  }

  /// Takes over what a header of an incoming request says: `sentry-trace` or `baggage`, in either case. Others are
  /// ignored.
  ///
  /// - Returns: `false` when it is one of these and cannot be read; nothing changes then.
  @discardableResult
  public mutating func update(header name: String, value: String) -> Bool {
    switch Self.lowercased(name) {
    case "sentry-trace":
      guard let header = TraceHeader(sentryTrace: value) else { return false }
      traceID = header.traceID
      parentSpanID = header.spanID
      parentSampled = header.isSampled
      return true
    case "baggage":
      if let members = Baggage.parse(value) { baggage = members }
      return true
    default: return true
    }
  }

  /// Takes over what the headers of an incoming request say. A `traceparent` counts where there is no `sentry-trace`
  /// that can be read, as from a service that does not use Sentry.
  public mutating func update(headers: [(name: String, value: String)]) {
    for (name, value) in headers { update(header: name, value: value) }
    if traceID != nil { return }
    for (name, value) in headers where Self.lowercased(name) == "traceparent" {
      guard let header = TraceHeader(traceparent: value) else { continue }
      traceID = header.traceID
      parentSpanID = header.spanID
      // The flag of a foreign tracer says nothing about what Sentry is to record.
      return
    }
  }

  /// The number with which the trace's decision was made, if the caller told a valid one.
  internal var incomingSampleRand: Double? {
    let value: StructuredValue?
    switch baggage?["sample_rand"] {
    case .string(let text): value = try? StructuredValue(json: text)
    case let other: value = other
    }
    guard let number = value?.double, number >= 0, number < 1 else { return nil }
    return number
  }

  internal static func lowercased(_ name: String) -> String {
    String(decoding: name.utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 + 0x20 : $0 }, as: UTF8.self)
  }
}
