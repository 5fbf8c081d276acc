// Provides what the handler says to a client.
internal import CLinuxShims

/// What the handler says to a client: 8 bytes in one packet. On a shared connection only `credentials` is ever sent.
///
/// Source: docs/formats/handler-protocol.md.
public struct ServerMessage: Hashable, Sendable {
  /// The kind. Unknown values round-trip.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The answer to `checkCredentials`.
    public static let credentials = Kind(rawValue: 0)
    /// "Fork a process that traces you on my behalf."
    public static let forkBroker = Kind(rawValue: 1)
    /// "Allow me to trace you": carries the handler's process id.
    public static let setPtracer = Kind(rawValue: 2)
    public static let dumpComplete = Kind(rawValue: 3)
    public static let dumpFailed = Kind(rawValue: 4)
    /// "Tell me yourself what is in your memory": between our client and our handler only.
    public static let serveMemory = Kind(rawValue: CRASH_SERVER_SERVE_MEMORY)
  }

  public var kind: Kind
  /// The handler's process id with `setPtracer`, `HandlerMark` with our handler's `credentials`, otherwise 0.
  public var processID: Int32

  public init(_ kind: Kind, processID: Int32 = 0) {
    self.kind = kind
    self.processID = processID
  }

  /// Bytes of every server message.
  public static let size = 8

  /// Reads one packet; `nil` when it has another length than 8.
  public init?(_ packet: UnsafeRawBufferPointer) {
    if packet.count != ServerMessage.size { return nil }
    kind = Kind(rawValue: packet.integer(at: 0, as: UInt32.self))
    processID = Int32(bitPattern: packet.integer(at: 4, as: UInt32.self))
  }

  /// The bytes of one packet.
  public var encoded: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: ServerMessage.size)
    bytes.store(kind.rawValue, at: 0)
    bytes.store(UInt32(bitPattern: processID), at: 4)
    return bytes
  }

  /// What our handler answers to `checkCredentials`.
  public static let ourCredentials = ServerMessage(.credentials, processID: HandlerMark.current)

  /// Whether this is the first answer of a handler of this project. Other handlers send 0 there.
  public var isFromOurHandler: Bool { kind == .credentials && HandlerMark.isMark(processID) }
}

/// The word by which our handler says that it is ours: it stands in the process id of its credentials, a field that
/// clients do not read there (they take the kernel's credentials).
public enum HandlerMark {
  /// The mark of this version: `0x5357` above, the version of what the handler understands below.
  public static let current: Int32 = CRASH_HANDLER_MARK

  /// Whether `value` is a mark of any version.
  public static func isMark(_ value: Int32) -> Bool { value >> 16 == 0x5357 }
  /// The version in a mark.
  public static func version(of value: Int32) -> UInt16 { UInt16(truncatingIfNeeded: value) }
}
