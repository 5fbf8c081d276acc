// Provides the decision when a handler that has ended is started again.
public import LinuxSystem

/// Says when a handler that has ended by itself is started again, and when no more. A value without clock or I/O.
///
/// At once the first time; then after 1, 10, 60 and 300 seconds; a handler that ends or fails to start five times without
/// ten quiet minutes in between is given up. A crash still starts one of its own then.
public struct RestartSchedule: Sendable {
  /// Milliseconds before each attempt in a row.
  public static let delays: [Int64] = [0, 1_000, 10_000, 60_000, 300_000]
  /// Milliseconds after which a handler has proven itself.
  public static let quiet: Int64 = 600_000

  private var attempts = 0
  private var started: MonotonicInstant

  /// - Parameter started: when the first handler was there.
  public init(started: MonotonicInstant) { self.started = started }

  /// The handler has ended, or could not be started.
  ///
  /// - Returns: when to start the next; `nil`: never.
  public mutating func ended(now: MonotonicInstant) -> MonotonicInstant? {
    if started.advanced(milliseconds: Self.quiet) <= now { attempts = 0 }
    if attempts >= Self.delays.count { return nil }
    let due = now.advanced(milliseconds: Self.delays[attempts])
    attempts += 1
    started = now
    return due
  }

  /// The next one is there.
  public mutating func succeeded(now: MonotonicInstant) { started = now }
}
