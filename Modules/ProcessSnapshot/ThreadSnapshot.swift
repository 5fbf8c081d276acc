// Provides what a thread looked like.
public import ProcessMemory

/// Scheduling of a thread. Source: `sched(7)`.
public struct ThreadPriority: Hashable, Sendable {
  /// `SCHED_…`: 0 other, 1 FIFO, 2 RR, 3 batch, 5 idle.
  public let policy: Int32
  /// 1 to 99 for real-time policies, else 0.
  public let staticPriority: Int32
  /// -20 to 19.
  public let nice: Int32

  public init(policy: Int32, staticPriority: Int32, nice: Int32) {
    self.policy = policy
    self.staticPriority = staticPriority
    self.nice = nice
  }
}

/// The stack of a thread.
public struct StackRegion: Hashable, Sendable {
  /// From the stack pointer (less the red zone) to the end of the stack.
  public let whole: AddressRange
  /// The part of `whole` that is within the limits of the capture: its start.
  public let kept: AddressRange
  /// The stack pointer lies in memory that cannot be read: the stack has overflowed.
  public let isOverflow: Bool

  public init(whole: AddressRange, kept: AddressRange, isOverflow: Bool) {
    self.whole = whole
    self.kept = kept
    self.isOverflow = isOverflow
  }
}

/// A thread at the moment of the capture.
public struct ThreadSnapshot: Sendable {
  /// In the pid namespace of the capturing process.
  public let threadID: Int32
  /// From `comm`: 15 bytes at most, any bytes but NUL. Empty when unreadable.
  public var name: [UInt8]
  /// By ptrace. Of the crashing thread these are the signal handler's; see `ExceptionSnapshot.context`.
  public var context: CPUContext
  public var priority: ThreadPriority?
  /// Seconds of CPU time in user and kernel mode; `nil` when unreadable.
  public var userSeconds: Double?
  public var systemSeconds: Double?
  /// Of the crashing thread, by the stack pointer of the exception. `nil` when the stack pointer leads nowhere.
  public var stack: StackRegion?

  /// The name as text; what is not UTF-8 is replaced.
  public var displayName: String { String(decoding: name, as: UTF8.self) }

  public init(threadID: Int32, name: [UInt8] = [], context: CPUContext) {
    self.threadID = threadID
    self.name = name
    self.context = context
  }
}
