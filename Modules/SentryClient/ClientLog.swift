// Provides the client's log: what it does and what goes wrong, for whoever wants to know.
internal import LinuxSystem
public import SentryEnvelope

/// Where the client's messages go: nowhere, unless debugging is on; then to the application's function, or to standard
/// error.
public struct ClientLog: Sendable {
  /// Takes a message with its level. Called in any thread; at a crash in that of the hooks, see `Hooks.onCrash`.
  public typealias Sink = @Sendable (SentryLevel, String) -> Void

  /// Whether anything is written at all.
  public let isEnabled: Bool
  /// Less severe messages are dropped.
  public let threshold: SentryLevel
  private let sink: Sink?

  /// - Parameter sink: takes the messages in place of standard error.
  public init(isEnabled: Bool, threshold: SentryLevel = .debug, sink: Sink? = nil) {
    self.isEnabled = isEnabled
    self.threshold = threshold
    self.sink = sink
  }

  /// Writes a message; it is not even made when nobody reads it.
  public func write(_ level: SentryLevel, _ message: @autoclosure () -> String) {
    if !isEnabled || level.severity < threshold.severity { return }
    if let sink { return sink(level, message()) }
    StandardError.write(Array("[sentry] \(level.rawValue): \(message())\n".utf8))
  }
}

extension SentryLevel {
  /// Ascending; levels that nobody knows are between debug and warning.
  internal var severity: Int {
    switch self {
    case .trace: 0
    case .debug: 1
    case .warning: 3
    case .error: 4
    case .fatal: 5
    default: 2
    }
  }
}
