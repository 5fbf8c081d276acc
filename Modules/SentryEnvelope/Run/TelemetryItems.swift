// Provides envelope items that hold many small things: structured logs and metrics.
internal import StructuredValue

/// What a batch is made of.
public enum TelemetryKind: Sendable, Hashable, CaseIterable {
  /// Structured logs.
  case logs
  /// Counters, gauges and distributions.
  case metrics

  /// The item's type.
  public var itemType: String { self == .logs ? "log" : "trace_metric" }

  /// The item's content type.
  public var contentType: String {
    self == .logs ? "application/vnd.sentry.items.log+json" : "application/vnd.sentry.items.trace-metric+json"
  }

  /// The category under which losses are counted.
  public var category: String { self == .logs ? "log_item" : "trace_metric" }

  /// The file of a run that keeps them.
  public var fileName: String { self == .logs ? RunFiles.logs : RunFiles.metrics }
}

extension EnvelopeItem {
  /// Things of one item at most.
  public static let telemetryLimit = 100

  /// A batch.
  ///
  /// - Parameter entries: a JSON object each; at most `telemetryLimit`.
  public static func telemetry(_ kind: TelemetryKind, _ entries: [ArraySlice<UInt8>]) -> EnvelopeItem {
    var payload = Array("{\"items\":[".utf8)
    payload.reserveCapacity(entries.reduce(16) { $0 &+ $1.count &+ 1 })
    for (index, entry) in entries.enumerated() {
      if index > 0 { payload.append(UInt8(ascii: ",")) }
      payload.append(contentsOf: entry)
    }
    payload.append(contentsOf: "]}".utf8)
    var item = EnvelopeItem(type: kind.itemType, payload: payload)
    item.headers["item_count"] = .integer(Int64(entries.count))
    item.headers["content_type"] = .string(kind.contentType)
    return item
  }
}
