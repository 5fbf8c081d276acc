// Provides the reasons why a process cannot be captured at all.
public import LinuxSystem

/// Why a process could not be stopped, and what to do about it.
public struct ProcessSnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// There is no such process, or it has ended.
    case noSuchProcess
    /// The kernel refuses ptrace: other user, Yama, a security module, a sandbox.
    case notPermitted
    /// Another process traces it already.
    case alreadyTraced
    /// A process cannot stop itself.
    case ownProcess
    /// No thread stopped within the time allowed.
    case notStopped
    /// What the process wants left out of its report cannot be read, or makes no sense.
    case invalidSanitization
  }
  public let code: Code
  public let processID: Int32
  /// What the kernel said, where it said something.
  public let underlying: Errno?
  /// What happened and what to do.
  public let message: String

  public init(_ code: Code, processID: Int32, underlying: Errno? = nil, _ message: String) {
    self.code = code
    self.processID = processID
    self.underlying = underlying
    self.message = message
  }

  public var description: String {
    "process \(processID): \(message)" + (underlying.map { " [\($0)]" } ?? "")
  }
}
