// Provides a lock whose holder can wait for a change.
internal import CLinuxShims

/// A mutex with a condition variable on the monotonic clock, `pthread_cond_t`.
///
/// Never to be used in a signal handler, and never in a forked child whose parent had other threads: see `ProcessLocal`.
public final class Condition: Sendable {
  // Neither may move, so they have memory of their own.
  private nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private nonisolated(unsafe) let variable: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    variable = .allocate(capacity: 1)
    variable.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(variable, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(variable)
    pthread_mutex_destroy(mutex)
    variable.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` while no other thread runs one under the same condition.
  ///
  /// - Important: taking it again inside `body` blocks for ever.
  public func withLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Gives the lock up until somebody signals, or until `instant`; `nil` waits without bound. May return early: ask
  /// again what is waited for. Only inside of `withLock`.
  ///
  /// - Returns: `false` when the time is over.
  @discardableResult
  public func wait(until instant: MonotonicInstant?) -> Bool {
    guard let instant else { return pthread_cond_wait(variable, mutex) == 0 }
    var time = timespec()
    let nanoseconds = max(instant.nanoseconds, 0)
    time.tv_sec = Int(nanoseconds / 1_000_000_000)
    time.tv_nsec = Int(nanoseconds % 1_000_000_000)
    return pthread_cond_timedwait(variable, mutex, &time) != ETIMEDOUT
  }

  /// Wakes all who wait.
  public func broadcast() { pthread_cond_broadcast(variable) }
}
