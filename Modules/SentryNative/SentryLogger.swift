// Provides structured logs for Swift programs.
public import SentryClient
public import SentryEnvelope
public import StructuredValue

extension SentrySDK {
  /// Structured logs.
  ///
  /// ```swift
  /// SentrySDK.logger.info("order \(number) shipped", attributes: ["weight": 2.5])
  /// ```
  public static var logger: SentryLogger { SentryLogger() }

  /// Counts, gauges and distributions.
  ///
  /// ```swift
  /// SentrySDK.metrics.count(key: "orders")
  /// SentrySDK.metrics.distribution(key: "response", value: 12.5, unit: "millisecond")
  /// ```
  public static var metrics: SentryMetrics { SentryMetrics() }
}

/// A text with values in it: what is logged, and the parts that make it searchable.
///
/// Written as an interpolated string. Each value becomes an attribute `sentry.message.parameter.N`, and the text with
/// `{N}` in their places `sentry.message.template`.
public struct SentryLogMessage: ExpressibleByStringInterpolation, Sendable {
  /// The whole text.
  public let text: String
  /// The text with `{0}`, `{1}`, … in place of the values.
  public let template: String
  /// The values, in their order.
  public let parameters: [StructuredValue]

  /// A text without values.
  public init(stringLiteral value: String) {
    text = value
    template = value
    parameters = []
  }

  /// A text with values, as the compiler takes it apart.
  public init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
    template = stringInterpolation.template
    parameters = stringInterpolation.parameters
  }

  /// Collects the parts of an interpolated string.
  public struct StringInterpolation: StringInterpolationProtocol {
    internal var text = ""
    internal var template = ""
    internal var parameters: [StructuredValue] = []

    /// Called by the compiler.
    public init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount * 8)
      template.reserveCapacity(literalCapacity + interpolationCount * 3)
    }

    /// Text between values.
    public mutating func appendLiteral(_ literal: String) {
      text += literal
      template += literal
    }

    /// A text, recorded as one.
    public mutating func appendInterpolation(_ value: String) { append(.string(value), value) }
    /// A flag, recorded as one.
    public mutating func appendInterpolation(_ value: Bool) { append(.bool(value), "\(value)") }
    /// A number, recorded as one.
    public mutating func appendInterpolation(_ value: Double) { append(.double(value), "\(value)") }
    /// A whole number; recorded as a text where 64 bits do not hold it.
    public mutating func appendInterpolation(_ value: some BinaryInteger) {
      let text = "\(value)"
      append(Int64(exactly: value).map { .integer($0) } ?? .string(text), text)
    }
    /// Anything else is recorded as it is described.
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      append(.string(value.description), value.description)
    }

    private mutating func append(_ value: StructuredValue, _ words: String) {
      text += words
      template += "{\(parameters.count)}"
      parameters.append(value)
    }
  }

  internal func attributes(_ own: [String: StructuredValue]) -> StructuredObject {
    var result = StructuredObject()
    for (key, value) in own { result[key] = value }
    if parameters.isEmpty { return result }
    for (index, value) in parameters.enumerated() { result["sentry.message.parameter.\(index)"] = value }
    result["sentry.message.template"] = .string(template)
    return result
  }
}

/// Records structured logs. They are sent in batches, after five seconds at most, and a crash does not lose them.
///
/// Attributes are texts, numbers and flags, or objects `{value, type, unit}`.
public struct SentryLogger: Sendable {
  internal init() {}

  /// Records the finest detail. Any thread.
  @discardableResult
  public func trace(_ message: SentryLogMessage, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    record(.trace, message, attributes)
  }
  /// Records what helps to find an error. Any thread.
  @discardableResult
  public func debug(_ message: SentryLogMessage, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    record(.debug, message, attributes)
  }
  /// Records what happened. Any thread.
  @discardableResult
  public func info(_ message: SentryLogMessage, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    record(.info, message, attributes)
  }
  /// Records what may become a problem. Any thread.
  @discardableResult
  public func warn(_ message: SentryLogMessage, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    record(.warning, message, attributes)
  }
  /// Records what went wrong. Any thread.
  @discardableResult
  public func error(_ message: SentryLogMessage, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    record(.error, message, attributes)
  }
  /// Records what the program cannot go on after. Any thread.
  @discardableResult
  public func fatal(_ message: SentryLogMessage, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    record(.fatal, message, attributes)
  }

  /// A text that was put together before.
  @_disfavoredOverload @discardableResult
  public func log(
    _ level: SentryLevel, _ body: some StringProtocol, attributes: [String: StructuredValue] = [:]
  ) -> TelemetryResult {
    record(level, SentryLogMessage(stringLiteral: String(body)), attributes)
  }
  /// Records a text with values, of a level that is known only now.
  @discardableResult
  public func log(
    _ level: SentryLevel, _ message: SentryLogMessage, attributes: [String: StructuredValue] = [:]
  ) -> TelemetryResult {
    record(level, message, attributes)
  }

  private func record(
    _ level: SentryLevel, _ message: SentryLogMessage, _ attributes: [String: StructuredValue]
  ) -> TelemetryResult {
    guard let client = SentrySDK.current.client else { return .disabled }
    return client.log(
      level, message.text, attributes: message.attributes(attributes), scope: TaskScope.current?.scope)
  }
}

// Generic: a `String` would be preferred for an interpolated string, whose values would be lost.
extension SentryLogger {
  /// As the function of the same name, for a text that was put together before.
  @_disfavoredOverload @discardableResult
  public func trace(_ body: some StringProtocol, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    log(.trace, body, attributes: attributes)
  }
  /// As the function of the same name, for a text that was put together before.
  @_disfavoredOverload @discardableResult
  public func debug(_ body: some StringProtocol, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    log(.debug, body, attributes: attributes)
  }
  /// As the function of the same name, for a text that was put together before.
  @_disfavoredOverload @discardableResult
  public func info(_ body: some StringProtocol, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    log(.info, body, attributes: attributes)
  }
  /// As the function of the same name, for a text that was put together before.
  @_disfavoredOverload @discardableResult
  public func warn(_ body: some StringProtocol, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    log(.warning, body, attributes: attributes)
  }
  /// As the function of the same name, for a text that was put together before.
  @_disfavoredOverload @discardableResult
  public func error(_ body: some StringProtocol, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    log(.error, body, attributes: attributes)
  }
  /// As the function of the same name, for a text that was put together before.
  @_disfavoredOverload @discardableResult
  public func fatal(_ body: some StringProtocol, attributes: [String: StructuredValue] = [:]) -> TelemetryResult {
    log(.fatal, body, attributes: attributes)
  }
}
