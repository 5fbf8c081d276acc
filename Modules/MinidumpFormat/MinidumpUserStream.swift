// Provides streams that a minidump carries as bytes.

/// A stream whose bytes are written as they are: text of `/proc`, streams of the application.
public struct MinidumpUserStream: Hashable, Sendable {
  public var type: MinidumpStreamType
  public var bytes: [UInt8]

  public init(type: MinidumpStreamType, bytes: [UInt8]) {
    self.type = type
    self.bytes = bytes
  }
}
