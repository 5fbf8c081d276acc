// Provides how severe an event is.

/// The severity of an event or a breadcrumb. Levels that are not known round-trip.
public struct SentryLevel: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The word on the wire.
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  public static let trace = SentryLevel(rawValue: "trace")
  public static let debug = SentryLevel(rawValue: "debug")
  public static let info = SentryLevel(rawValue: "info")
  public static let warning = SentryLevel(rawValue: "warning")
  public static let error = SentryLevel(rawValue: "error")
  public static let fatal = SentryLevel(rawValue: "fatal")

  public var description: String { rawValue }
}
