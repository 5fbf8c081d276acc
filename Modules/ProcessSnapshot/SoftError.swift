// Provides what went wrong without spoiling the rest.

/// Something that could not be read. It becomes a line in the report, and everything else is in the report all the same.
public struct SoftError: Hashable, Sendable, CustomStringConvertible {
  /// What is missing or damaged: `threads`, `maps`, `modules`, `exception`, `auxv`, …
  public let part: String
  /// What happened, in one sentence.
  public let message: String

  public init(_ part: String, _ message: String) {
    self.part = part
    self.message = message
  }

  public var description: String { "\(part): \(message)" }
}
