// Provides open handles of the process: the HandleData stream.

/// An open handle; on Linux a file descriptor. 32 bytes in stream 12, 40 in dumps of newer Windows.
public struct MinidumpHandle: Hashable, Sendable {
  public var handle: UInt64
  public var typeName: String?
  public var objectName: String?
  public var attributes: UInt32
  public var grantedAccess: UInt32
  public var handleCount: UInt32
  public var pointerCount: UInt32

  public init(
    handle: UInt64, typeName: String? = nil, objectName: String? = nil, attributes: UInt32 = 0,
    grantedAccess: UInt32 = 0, handleCount: UInt32 = 0, pointerCount: UInt32 = 0
  ) {
    self.handle = handle
    self.typeName = typeName
    self.objectName = objectName
    self.attributes = attributes
    self.grantedAccess = grantedAccess
    self.handleCount = handleCount
    self.pointerCount = pointerCount
  }

  internal static let headerSize = 16
  internal static let entrySize = 32

  internal static func encode(_ handles: [MinidumpHandle], into output: MinidumpEncoder) {
    let list = output.reserve(headerSize + handles.count * entrySize)
    output.put(UInt32(headerSize), at: list)
    output.put(UInt32(entrySize), at: list + 4)
    output.put(UInt32(truncatingIfNeeded: handles.count), at: list + 8)
    for (index, handle) in handles.enumerated() {
      let record = list + headerSize + index * entrySize
      output.put(handle.handle, at: record)
      if let name = handle.typeName { output.putRVA(output.appendUTF16(name), at: record + 8) }
      if let name = handle.objectName { output.putRVA(output.appendUTF16(name), at: record + 12) }
      output.put(handle.attributes, at: record + 16)
      output.put(handle.grantedAccess, at: record + 20)
      output.put(handle.handleCount, at: record + 24)
      output.put(handle.pointerCount, at: record + 28)
    }
  }
}
