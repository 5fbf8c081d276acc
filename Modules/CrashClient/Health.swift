// Provides what can be said about crash capture in this process.
public import CrashProtocol
public import LinuxSystem

/// How crash capture stands right now.
public struct CrashClientHealth: Sendable {
  /// The handler that was started.
  public var handlerPath: FilePath
  /// Its process id, as this process sees it.
  public var handlerProcessID: Int32
  /// Whether it still holds its end of the connection; of one that is started at the crash, whether it can be.
  public var isHandlerAlive: Bool
  /// Whether there is no handler before a crash.
  public var startsAtCrash: Bool
  /// Whether it answered when it was started. Without an answer it may be slow, or no handler at all.
  public var handlerAnswered: Bool
  /// How often a handler has ended by itself and was noticed to, where it is watched.
  public var handlerEnds: Int
  /// Why another one could not be started; `nil` when it was, or is about to be.
  public var restartFailure: String?
  /// The protocol version of a handler of this project; `nil` for any other.
  public var ourHandlerVersion: UInt16?
  public var dialect: Dialect
  /// Whether crash signals reach the client: `false` after `stop`.
  public var isInstalled: Bool
  /// Crash signals whose action is another's now, installed on top of ours.
  public var overriddenSignals: [Int32]
  /// Threads without an alternate stack: a stack overflow there gives no report. They existed before the client and
  /// block the signal that offers one, or were made around the thread hook. A thread that is just starting or ending
  /// may be among them.
  public var threadsWithoutAlternateStack: [Int32]
  /// Whether new threads get an alternate stack by themselves.
  public var newThreadsAreCovered: Bool

  /// Whether a crash now would be reported.
  public var isHealthy: Bool { isInstalled && isHandlerAlive && overriddenSignals.isEmpty }
}
