// Provides a cheap answer to the question whether this process has been forked.
internal import CLinuxShims

/// Counts the forks between the first process and this one, without a system call.
///
/// What belongs to one process (a thread, a lock file, a shared mapping) remembers the generation in which it was
/// made, and is made again where that is not the current one. `fork(2)` of libc is noticed; `vfork` and raw clones,
/// after which a child may do next to nothing, are not.
public enum ForkGeneration {
  private static let counter: Counter = {
    // In the child there is one thread only.
    _ = pthread_atfork(nil, nil) { ForkGeneration.counter.value.pointee &+= 1 }
    return Counter()
  }()

  /// The generation of this process. Only differences mean something.
  public static var current: UInt32 { counter.value.pointee }

  /// Where the generation is: it stays there as long as the process lives, and may be read at any time. For those who
  /// ask so often that even the way to `current` is long.
  public static var word: UnsafePointer<UInt32> { UnsafePointer(counter.value) }

  /// A word of its own, that nobody but a forked child writes.
  private final class Counter: @unchecked Sendable {
    let value: UnsafeMutablePointer<UInt32>
    init() {
      value = .allocate(capacity: 1)
      value.initialize(to: 0)
    }
  }
}
