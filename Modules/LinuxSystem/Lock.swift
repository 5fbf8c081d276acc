// Provides mutual exclusion between threads of this process.
internal import CLinuxShims

/// A mutex: `pthread_mutex_t`, not recursive. `Synchronization.Mutex` is missing in Embedded Swift.
///
/// Never to be used in a signal handler.
public final class Lock: Sendable {
  // A mutex must not move, so it has memory of its own.
  private nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>

  public init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` while no other thread runs one under the same lock.
  ///
  /// - Important: taking the lock again inside `body` blocks for ever.
  public func withLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }
}
