// Provides the client's log: standard error, and only on demand.
internal import LinuxSystem

/// Writes lines to standard error when debugging is on, and nothing at all otherwise.
internal struct ClientLog: Sendable {
  let isEnabled: Bool

  func write(_ level: StaticString, _ message: @autoclosure () -> String) {
    if !isEnabled { return }
    let line = Array("[sentry] \(level.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }) \(message())\n".utf8)
    StandardError.write(line)
  }
}
