// Provides metrics.
internal import CLinuxShims
public import CSentry
internal import SentryClient
internal import StructuredValue

private func record(
  _ type: sentry_metric_type_t, _ name: UnsafePointer<CChar>?, _ value: StructuredValue,
  _ unit: UnsafePointer<CChar>?, _ attributes: consuming sentry_value_t, _ scope: ScopeBox?
) -> sentry_metrics_result_t {
  let attributes = attributes.takenObject() ?? StructuredObject()
  guard let client = Library.shared.client else { return SENTRY_METRICS_RESULT_DISABLED }
  guard let name = String(c: name) else { return SENTRY_METRICS_RESULT_FAILED }
  let kind: MetricType
  switch type {
  case SENTRY_METRIC_COUNT: kind = .counter
  case SENTRY_METRIC_GAUGE: kind = .gauge
  default: kind = .distribution
  }
  let result = client.metric(
    kind, name, value, unit: String(c: unit), attributes: attributes, scope: scope?.complete)
  switch result {
  case .accepted: return SENTRY_METRICS_RESULT_SUCCESS
  case .discarded: return SENTRY_METRICS_RESULT_DISCARD
  case .failed: return SENTRY_METRICS_RESULT_FAILED
  case .disabled: return SENTRY_METRICS_RESULT_DISABLED
  }
}

@implementation @c
public func sentry_metrics_count(
  _ name: UnsafePointer<CChar>?, _ value: Int64, _ attributes: sentry_value_t
) -> sentry_metrics_result_t {
  record(SENTRY_METRIC_COUNT, name, .integer(value), nil, attributes, nil)
}

@implementation @c
public func sentry_metrics_gauge(
  _ name: UnsafePointer<CChar>?, _ value: Double, _ unit: UnsafePointer<CChar>?, _ attributes: sentry_value_t
) -> sentry_metrics_result_t {
  record(SENTRY_METRIC_GAUGE, name, .double(value), unit, attributes, nil)
}

@implementation @c
public func sentry_metrics_distribution(
  _ name: UnsafePointer<CChar>?, _ value: Double, _ unit: UnsafePointer<CChar>?, _ attributes: sentry_value_t
) -> sentry_metrics_result_t {
  record(SENTRY_METRIC_DISTRIBUTION, name, .double(value), unit, attributes, nil)
}

@implementation @c
public func sentry_scope_capture_metric(
  _ scope: OpaquePointer?, _ type: sentry_metric_type_t, _ name: UnsafePointer<CChar>?, _ value: sentry_value_t,
  _ unit: UnsafePointer<CChar>?, _ attributes: sentry_value_t
) -> sentry_metrics_result_t {
  record(type, name, value.taken(), unit, attributes, ScopeBox.forCapture(scope))
}
