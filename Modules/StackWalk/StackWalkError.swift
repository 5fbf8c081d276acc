// Provides the errors of walking stacks.
internal import LinuxSystem

/// Why a part of a walk is not possible. None of them keeps a walk from giving what it can.
public struct StackWalkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong.
  public enum Code: Hashable, Sendable {
    /// A system library is not installed.
    case libraryMissing
    /// A system library lacks a function.
    case libraryIncomplete
    /// The file of a module is of another build.
    case otherBuild
    /// The file of a module has no build ID and is newer than the crash.
    case newerFile
  }
  /// What went wrong, for programs.
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

  static func otherBuild(_ path: FilePath, found: [UInt8], wanted: [UInt8]) -> StackWalkError {
    func text(_ identifier: [UInt8]) -> String { identifier.isEmpty ? "no build ID" : hexadecimal(identifier) }
    return StackWalkError(
      code: .otherBuild,
      message: "\(path) is another build (\(text(found)), not \(text(wanted))): give the directory of the right one")
  }

  static func newerFile(_ path: FilePath) -> StackWalkError {
    StackWalkError(
      code: .newerFile,
      message: "\(path) has no build ID and was changed after the crash: link with --build-id, or give its directory")
  }
}
