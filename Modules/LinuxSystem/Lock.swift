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
    fork_lock_remove(mutex)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// From now on nobody holds this lock at the moment of a `fork(2)`, so that the child finds it free, and what it guards
  /// complete. For few locks, that guard what a child goes on to use; never fork while holding one.
  ///
  /// - Returns: `false` when there are too many already; nothing changes then.
  @discardableResult
  public func holdDuringForks() -> Bool { fork_lock_add(mutex) != 0 }

  /// Runs `body` while no other thread runs one under the same lock.
  ///
  /// - Important: taking the lock again inside `body` blocks for ever.
  @inlinable
  public func withLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // Inlinable, or each use in another module would be a call of a generic function with a closure on the heap.
    lock()
    defer { unlock() }
    return try body()
  }

  /// Takes the lock, for the few places where the closure of `withLock` costs too much; `unlock` follows in the same
  /// function, whatever happens.
  public func lock() { pthread_mutex_lock(mutex) }

  /// Gives the lock back.
  public func unlock() { pthread_mutex_unlock(mutex) }
}
