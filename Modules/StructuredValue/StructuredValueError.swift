// Provides the error of reading JSON or MessagePack.

/// Why bytes are not a value.
public struct StructuredValueError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Code: Hashable, Sendable {
    /// The bytes end inside a value.
    case truncated
    /// A byte that cannot be there.
    case unexpectedByte
    /// A number that is malformed or beyond a double.
    case number
    /// An escape in a string that is malformed, or a control character that should be one.
    case string
    /// Containers lie in each other deeper than `StructuredValue.depthLimit`.
    case tooDeep
    /// Something follows the value.
    case trailingBytes
  }

  /// What is wrong.
  public let code: Code
  /// Where, in bytes from the beginning.
  public let offset: Int

  public var description: String {
    let what =
      switch code {
      case .truncated: "the data ends inside a value"
      case .unexpectedByte: "unexpected byte"
      case .number: "malformed number"
      case .string: "malformed string"
      case .tooDeep: "more than \(StructuredValue.depthLimit) containers in each other"
      case .trailingBytes: "something follows the value"
      }
    return "\(what) at byte \(offset)"
  }
}
