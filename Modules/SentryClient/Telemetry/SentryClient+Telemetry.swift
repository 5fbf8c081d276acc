// Provides structured logs and metrics as a part of the engine.
internal import LinuxSystem
public import SentryEnvelope
public import StructuredValue

/// What a metric is.
public struct MetricType: RawRepresentable, Hashable, Sendable {
  /// The word on the wire.
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  /// A number of things that happened.
  public static let counter = MetricType(rawValue: "counter")
  /// A value that goes up and down, of which the latest counts.
  public static let gauge = MetricType(rawValue: "gauge")
  /// Values whose distribution counts.
  public static let distribution = MetricType(rawValue: "distribution")
}

extension SentryClient {
  /// Records a structured log. It is sent with others, and is not lost by a crash.
  ///
  /// The caller serialises it; a lock is held for a copy only, and there is no system call.
  ///
  /// - Parameters:
  ///   - attributes: texts, numbers and flags by name, or objects with `value`, `type` and maybe `unit`; others are left
  ///     out.
  ///   - scope: whose attributes, user and trace count before those of the global scope.
  @discardableResult
  public func log(
    _ level: SentryLevel, _ body: String, attributes: StructuredObject = StructuredObject(), scope: Scope? = nil
  ) -> TelemetryResult {
    if !options.enablesLogs { return .disabled }
    let around = surroundings(scope)
    var entry = TelemetryEntry()
    entry.member("body", body)
    entry.member("level", level == .warning ? "warn" : level.rawValue)
    entry.member("timestamp", Timestamp.now())
    entry.member("trace_id", around.traceID)
    entry.finish(own: attributes, local: around.local, span: around.spanID, known: around.known)
    return add(entry.bytes, .logs, options.hooks.beforeSendLog)
  }

  /// Records a metric. It is sent with others, and is not lost by a crash.
  ///
  /// - Parameters:
  ///   - value: a number; of a counter a whole one.
  ///   - unit: `millisecond`, `byte`, …; `nil` or empty for none.
  ///   - attributes: as for `log`.
  @discardableResult
  public func metric(
    _ type: MetricType, _ name: String, _ value: StructuredValue, unit: String? = nil,
    attributes: StructuredObject = StructuredObject(), scope: Scope? = nil
  ) -> TelemetryResult {
    if !options.enablesMetrics { return .disabled }
    guard let number = value.double, number.isFinite else { return .failed }
    let around = surroundings(scope)
    var entry = TelemetryEntry()
    entry.member("timestamp", Timestamp.now())
    entry.member("type", type.rawValue)
    entry.member("name", name)
    entry.member("value", value)
    if let unit, !unit.isEmpty { entry.member("unit", unit) }
    entry.member("trace_id", around.traceID)
    entry.finish(own: attributes, local: around.local, span: around.spanID, known: around.known)
    return add(entry.bytes, .metrics, options.hooks.beforeSendMetric)
  }

  private func add(_ entry: [UInt8], _ kind: TelemetryKind, _ hook: Hooks.ItemHook?) -> TelemetryResult {
    var entry = entry
    let category = DataCategory(rawValue: kind.category)
    if let hook {
      guard let object = (try? StructuredValue(json: entry))?.object, let kept = hook(object) else {
        reports.record(.beforeSend, category)
        return .discarded
      }
      entry = StructuredValue.object(kept).json
      entry.append(UInt8(ascii: "\n"))
    }
    guard let pipeline = recorders.telemetry else { return .failed }
    if pipeline.add(entry, kind) { return .accepted }
    reports.record(.queueOverflow, category)
    return .failed
  }

  private struct Surroundings {
    var traceID: String
    var spanID: String?
    var local: StructuredObject?
    var known: TelemetryAttributes
  }

  /// What the scopes say of a log or a metric.
  private func surroundings(_ local: Scope?) -> Surroundings {
    let (sources, span, trace) = lock.withLock {
      (
        KnownAttributes.Sources(
          user: scope.userObject, release: scope.release, environment: scope.environment, attributes: scope.attributes),
        scope.span, scope.propagationContext.traceID
      )
    }
    let bound = local?.span ?? span
    var result = Surroundings(
      traceID: bound?.traceID ?? local?.ownPropagation?.traceID ?? trace, spanID: bound?.spanID,
      known: recorders.attributes(
        sources, os: systemContexts["os"]?.object ?? StructuredObject(), sdkName: options.sdkName,
        sdkVersion: options.sdkVersion))
    if let local {
      var attributes = local.attributes
      attributes.addMissing(from: KnownAttributes.user(local.userObject))
      if let release = local.release { attributes.addMissing("sentry.release", .string(release)) }
      if let environment = local.environment { attributes.addMissing("sentry.environment", .string(environment)) }
      result.local = attributes
    }
    return result
  }
}

extension StructuredObject {
  fileprivate mutating func addMissing(_ key: String, _ value: StructuredValue) {
    if self[key] == nil { self[key] = value }
  }
}
