// Provides why a packet is not a message.

/// Why bytes of the other side cannot be a message.
public struct CrashProtocolError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong. Extensible: compare, do not switch exhaustively.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// No message of any dialect has this length.
    public static let unexpectedLength = Code(rawValue: 1)
    /// An attachment path is empty, has no NUL at its end, or is longer than 4095 bytes.
    public static let invalidPath = Code(rawValue: 2)
    /// The sizes that a write announces do not add up to the packet, or are above the limits.
    public static let invalidWriteSize = Code(rawValue: 3)
    /// The operation of a write is neither replace nor append.
    public static let invalidOperation = Code(rawValue: 4)
    /// The payload of a write that shall be sent is above 192 KiB: write the file instead.
    public static let payloadTooLarge = Code(rawValue: 5)
  }

  public let code: Code
  /// The number that was wrong: a length or a raw value.
  public let value: UInt64

  public init(_ code: Code, value: UInt64) {
    self.code = code
    self.value = value
  }

  /// One line: what happened and what follows.
  public var description: String {
    switch code {
    case .unexpectedLength: "a packet of \(value) bytes is no client message of any dialect; it is ignored"
    case .invalidPath: "an attachment path of \(value) bytes is empty, unterminated or above 4095 bytes; it is ignored"
    case .invalidWriteSize: "the sizes in a write request do not fit its packet of \(value) bytes; it is ignored"
    case .invalidOperation: "\(value) is no operation of a write request; it is ignored"
    case .payloadTooLarge: "a payload of \(value) bytes does not fit one packet; write the file directly"
    default: "protocol error \(code.rawValue) (\(value))"
    }
  }
}
