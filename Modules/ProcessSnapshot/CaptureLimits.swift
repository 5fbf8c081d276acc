// Provides how much a capture takes along.

/// Bounds of a capture. Every one of them may be hit by a hostile or merely a huge process.
public struct CaptureLimits: Hashable, Sendable {
  /// Threads whose registers are read; the crashing one is always among them.
  public var threads = 8192
  /// Bytes of stack of the crashing thread (or of the main thread where nothing crashed), from its stack pointer on.
  public var crashingStack: UInt64 = 1 << 20
  /// Bytes of stack of every other thread, from its stack pointer on.
  public var otherStack: UInt64 = 256 << 10
  /// Bytes of the other end of each stack that is longer than that: where the thread began.
  public var stackBottom: UInt64 = 64 << 10
  /// Bytes of all stacks together, in thread order behind the crashing one.
  public var allStacks: UInt64 = 128 << 20
  /// Modules that are looked at.
  public var modules = 8192
  /// Bytes around each general register of the crashing thread, a quarter before it; 0 for none.
  public var registerWindow: UInt64 = 512
  /// Bytes of the memory that Crashpad clients ask for, of all ranges together.
  public var extraMemory: UInt64 = 16 << 20
  /// Bytes of the annotations and streams of Crashpad clients, of all modules together: a hostile one names the same memory
  /// again and again.
  public var clientData = 64 << 20
  /// Bytes of code around each thread's instruction pointer, half before it; 0 for none.
  public var codeWindow: UInt64 = 256
  /// Bytes of the runtime's or libc's last message.
  public var fatalMessage = 8192
  /// Whether the environment is read: it may hold secrets.
  public var readsEnvironment = false
  /// Whether the SONAME is read of modules whose file is known: a page of memory for each.
  public var readsSonames = true
  /// Whether the CPU times of each thread are read: the kernel takes twice as long for them as for all else it tells of a
  /// thread.
  public var readsThreadTimes = true
  /// Whether registers beyond SSE are read of each thread: some kilobytes, which a dump has of the crash alone, where they
  /// come with the signal.
  public var readsExtendedState = true

  public init() {}
}
