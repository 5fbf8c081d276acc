// Provides what a span says, and its form on the wire.
public import LinuxSystem
internal import StructuredValue

/// What changes in a span.
internal struct SpanContent: Sendable {
  var operation: String
  var description: String?
  var start: Timestamp
  var end: Timestamp?
  var status: SpanStatus? = .ok
  var tags = StructuredObject()
  var data = StructuredObject()
  /// Finished or discarded.
  var isOver = false

  init(operation: String, description: String?, start: Timestamp) {
    self.operation = operation
    self.description = description
    self.start = start
  }

  /// An entry of a transaction's `spans`. Format: docs/sdk-tracing.md, "Spans".
  func value(of span: Span) -> StructuredObject {
    var object = StructuredObject()
    object["op"] = .string(operation)
    object["span_id"] = .string(span.spanID)
    if let status { object["status"] = .string(status.rawValue) }
    object["trace_id"] = .string(span.traceID)
    if let parent = span.parentSpanID { object["parent_span_id"] = .string(parent) }
    object["description"] = description.map { .string($0) } ?? .null
    object["start_timestamp"] = .string(start.iso8601)
    if let end { object["timestamp"] = .string(end.iso8601) }
    if !data.isEmpty { object["data"] = .object(data) }
    if !tags.isEmpty { object["tags"] = .object(tags) }
    return object
  }

  /// `contexts.trace` of an event that belongs to the span.
  func context(of span: Span) -> StructuredObject {
    var object = StructuredObject()
    object["trace_id"] = .string(span.traceID)
    object["span_id"] = .string(span.spanID)
    if let parent = span.parentSpanID { object["parent_span_id"] = .string(parent) }
    object["op"] = .string(operation)
    if let description { object["description"] = .string(description) }
    if let status { object["status"] = .string(status.rawValue) }
    if !data.isEmpty { object["data"] = .object(data) }
    return object
  }

  private static let tagLimit = 200

  /// At most 200 bytes, without a part of a character at the end.
  static func cut(_ value: String) -> String {
    if value.utf8.count <= tagLimit { return value }
    let bytes = Array(value.utf8.prefix(tagLimit + 1))
    var end = tagLimit
    // 10xxxxxx continues a character.
    while end > 0 && bytes[end] & 0xc0 == 0x80 { end -= 1 }
    return String(decoding: bytes[..<end], as: UTF8.self)
  }
}

extension Timestamp {
  /// From microseconds since 1970.
  public init(microseconds: UInt64) {
    self.init(
      seconds: Int64(truncatingIfNeeded: microseconds / 1_000_000),
      nanoseconds: Int32(truncatingIfNeeded: microseconds % 1_000_000 * 1000))
  }
}
