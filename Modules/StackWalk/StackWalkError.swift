// Provides the errors of walking stacks.

/// Why a part of a walk is not possible. None of them keeps a walk from giving what it can.
public struct StackWalkError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// A system library is not installed.
    case libraryMissing
    /// A system library lacks a function.
    case libraryIncomplete
  }
  public let code: Code
  /// What happened and what to do about it.
  public let message: String

  public var description: String { message }

  static func libraryMissing(_ name: String, package: String, reason: String) -> StackWalkError {
    StackWalkError(
      code: .libraryMissing, message: "\(name) cannot be opened: install the package \(package) (\(reason))")
  }

  static func libraryIncomplete(_ name: String) -> StackWalkError {
    StackWalkError(
      code: .libraryIncomplete, message: "\(name) lacks a function: install the version of this distribution")
  }
}
