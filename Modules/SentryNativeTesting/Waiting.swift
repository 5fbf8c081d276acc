// Provides waiting for a condition with a deadline.
internal import CLinuxShims
import LinuxSystem

/// Returns as soon as `condition` is true. It is asked again every few milliseconds, so this is for conditions that
/// the kernel offers no event for.
///
/// - Parameters:
///   - what: names the condition in the error.
///   - timeout: how long to ask.
/// - Throws: `TestKitError` with `.timedOut`, or what `condition` throws.
public func waitUntil(
  _ what: String, timeout: Duration = .patience, _ condition: () throws -> Bool
) throws {
  let deadline = MonotonicInstant.now().advanced(milliseconds: timeout.milliseconds)
  var pause: UInt32 = 500
  while !(try condition()) {
    if MonotonicInstant.now() >= deadline {
      if try condition() { return }
      throw TestKitError(.timedOut, "waited \(timeout) in vain until \(what)")
    }
    usleep(pause)
    pause = min(pause * 2, 10_000)
  }
}

/// The value that `produce` gives, asked until it is not `nil`.
public func waitFor<Value>(
  _ what: String, timeout: Duration = .patience, _ produce: () throws -> Value?
) throws -> Value {
  var value: Value?
  try waitUntil(what, timeout: timeout) {
    value = try produce()
    return value != nil
  }
  guard let value else { throw TestKitError(.timedOut, "waited in vain for \(what)") }
  return value
}

extension Duration {
  /// How long a test waits for what must happen. Nothing but the end of a failing test depends on it, and a machine that
  /// does other work besides may be slow: it is long.
  public static let patience = Duration.seconds(90)

  /// Whole milliseconds, rounded down, within the range of `Int64`.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return Int64(clamping: min(max(seconds, -1 << 40), 1 << 40)) * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
