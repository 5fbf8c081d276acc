// Provides the error of the test kit.

/// What went wrong in a helper of this module. Tests let it propagate: the text says what was waited for.
public struct TestKitError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Sendable {
    /// A deadline passed.
    case timedOut
    /// The kernel refused something that the helper needs.
    case system
    /// The other side sent something that does not parse.
    case malformed
    /// A program that the test needs is not there.
    case missing
  }

  /// The kind of failure.
  public let code: Code
  /// One sentence: what happened.
  public let message: String

  /// Makes an error of `code` with a text for the test's log.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
