// Provides advisory locks on whole files: flock(2).
internal import CLinuxShims

/// An advisory lock on an open file, released when its owner goes away or the process ends.
///
/// Locks of `flock(2)` belong to the open file: a forked child shares its parent's lock.
public struct FileLock: ~Copyable, Sendable {
  public enum Mode: Sendable { case shared, exclusive }

  /// The locked file.
  public let file: OwnedFileDescriptor

  /// Waits until the lock is free.
  public init(waitingFor file: consuming OwnedFileDescriptor, _ mode: Mode) throws(Errno) {
    let number = file.rawValue
    _ = try retryingInterrupts { flock(number, mode == .shared ? LOCK_SH : LOCK_EX) }
    self.file = file
  }

  /// - Throws: `Errno.wouldBlock` when somebody else holds the lock.
  public init(trying file: consuming OwnedFileDescriptor, _ mode: Mode) throws(Errno) {
    let number = file.rawValue
    _ = try retryingInterrupts { flock(number, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
    self.file = file
  }

  /// Waits until the lock is free, at most for `milliseconds`.
  ///
  /// - Throws: `Errno.wouldBlock` when somebody else holds the lock all that time.
  public init(waitingFor file: consuming OwnedFileDescriptor, _ mode: Mode, milliseconds: Int64) throws(Errno) {
    let number = file.rawValue
    let deadline = MonotonicInstant.now().advanced(milliseconds: milliseconds)
    var pause: Int32 = 1
    while true {
      do throws(Errno) {
        _ = try retryingInterrupts { flock(number, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
        break
      } catch {
        let left = deadline.millisecondsFromNow()
        if error != .wouldBlock || left == 0 { throw error }
        _ = poll(nil, 0, min(pause, left))
        pause = min(pause * 2, 50)
      }
    }
    self.file = file
  }

  /// Releases the lock now. Without it a child that another thread is just starting, and that has a copy of the open file
  /// until it runs its program, would hold the lock on for that moment.
  public consuming func release() {
    _ = flock(file.rawValue, LOCK_UN)
  }
}
