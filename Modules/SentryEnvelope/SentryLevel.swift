// Provides how severe an event is.

/// The severity of an event or a breadcrumb. Levels that are not known round-trip.
public struct SentryLevel: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The word on the wire.
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Logs only: the finest detail.
  public static let trace = SentryLevel(rawValue: "trace")
  /// For those who look for an error.
  public static let debug = SentryLevel(rawValue: "debug")
  /// Nothing wrong.
  public static let info = SentryLevel(rawValue: "info")
  /// May become a problem.
  public static let warning = SentryLevel(rawValue: "warning")
  /// Something went wrong.
  public static let error = SentryLevel(rawValue: "error")
  /// The program cannot go on.
  public static let fatal = SentryLevel(rawValue: "fatal")

  public var description: String { rawValue }
}
