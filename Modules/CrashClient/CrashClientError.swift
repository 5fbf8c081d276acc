// Provides why crash capture could not be started, and what to do about it.
public import LinuxSystem

/// Why a call to the crash client failed: what happened, and what to do.
public struct CrashClientError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure. Extensible: compare, do not switch exhaustively.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// There is no file where the handler is looked for.
    public static let handlerMissing = Code(rawValue: 1)
    /// The handler's path names a directory or another thing that is no file.
    public static let handlerNotAFile = Code(rawValue: 2)
    /// The handler's file may not be executed, or the kernel refuses it.
    public static let handlerNotExecutable = Code(rawValue: 3)
    /// The handler ended before it answered.
    public static let handlerDied = Code(rawValue: 4)
    /// A call of the kernel failed: socket, process, signal.
    public static let systemCallFailed = Code(rawValue: 5)
    /// A client is installed in this process already.
    public static let alreadyInstalled = Code(rawValue: 6)
    /// The connection to the handler is closed, or was stopped.
    public static let notConnected = Code(rawValue: 7)
    /// The handler did not take the message in time.
    public static let handlerBusy = Code(rawValue: 8)
    /// The chosen dialect has no such message.
    public static let notInThisDialect = Code(rawValue: 9)
    /// The path is empty, too long, or has a NUL in it.
    public static let invalidPath = Code(rawValue: 10)
    /// The handler could not make the dump.
    public static let dumpFailed = Code(rawValue: 11)
    /// The connection serves this process alone.
    public static let notShared = Code(rawValue: 12)
    /// Handlers cannot follow the rules for sanitized reports.
    public static let invalidSanitization = Code(rawValue: 13)
  }

  public let code: Code
  /// What happened, in one sentence.
  public let message: String
  /// What to do about it; empty when there is nothing.
  public let advice: String
  /// The kernel's reason.
  public let underlying: Errno?

  internal init(_ code: Code, _ message: String, advice: String = "", underlying: Errno? = nil) {
    self.code = code
    self.message = message
    self.advice = advice
    self.underlying = underlying
  }

  public var description: String {
    var text = message
    if let underlying { text += ": \(underlying.description)" }
    if !advice.isEmpty { text += ". \(advice)" }
    return text
  }

  internal static func system(_ call: String, _ error: Errno) -> CrashClientError {
    CrashClientError(.systemCallFailed, "\(call) failed", underlying: error)
  }
}
