// Provides metrics for Swift programs.
public import SentryClient
public import StructuredValue

/// Records metrics. They are sent in batches, after five seconds at most, and a crash does not lose them.
///
/// Units are words such as `millisecond`, `byte` or `percent`. Attributes are texts, numbers and flags.
public struct SentryMetrics: Sendable {
  internal init() {}

  /// Something happened, once or several times.
  @discardableResult
  public func count(
    key: String, value: Int64 = 1, unit: String? = nil, attributes: [String: StructuredValue] = [:]
  ) -> TelemetryResult {
    record(.counter, key, .integer(value), unit, attributes)
  }

  /// A value that goes up and down, of which the latest counts.
  @discardableResult
  public func gauge(
    key: String, value: Double, unit: String? = nil, attributes: [String: StructuredValue] = [:]
  ) -> TelemetryResult {
    record(.gauge, key, .double(value), unit, attributes)
  }

  /// A value of many whose distribution counts, such as a response time.
  @discardableResult
  public func distribution(
    key: String, value: Double, unit: String? = nil, attributes: [String: StructuredValue] = [:]
  ) -> TelemetryResult {
    record(.distribution, key, .double(value), unit, attributes)
  }

  private func record(
    _ type: MetricType, _ key: String, _ value: StructuredValue, _ unit: String?,
    _ attributes: [String: StructuredValue]
  ) -> TelemetryResult {
    guard let client = SentrySDK.current.client else { return .disabled }
    var object = StructuredObject()
    for (key, value) in attributes { object[key] = value }
    return client.metric(
      type, key, value, unit: unit, attributes: object, scope: TaskScope.current?.scope)
  }
}
