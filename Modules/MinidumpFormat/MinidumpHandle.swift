// Provides open handles of the process: the HandleData stream.

/// An open handle; on Linux a file descriptor. 32 bytes in stream 12, 40 where an object has more information.
public struct MinidumpHandle: Hashable, Sendable {
  public var handle: UInt64
  public var typeName: String?
  public var objectName: String?
  public var attributes: UInt32
  public var grantedAccess: UInt32
  public var handleCount: UInt32
  public var pointerCount: UInt32
  /// More about the object; 32 records at most are read and written.
  public var information: [MinidumpHandleInformation] = []

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
  /// With an offset of the object's information.
  internal static let entrySizeWithInformation = 40

  internal static func entrySize(of handles: [MinidumpHandle]) -> Int {
    handles.contains { !$0.information.isEmpty } ? entrySizeWithInformation : entrySize
  }

  internal static func encode(_ handles: [MinidumpHandle], into output: MinidumpEncoder) {
    let entrySize = entrySize(of: handles)
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
      // A chain: each record has the offset of the next one at its start.
      var link = record + 32
      for information in handle.information.prefix(MinidumpHandleInformation.maximumCount) {
        let place = output.reserve(MinidumpHandleInformation.headerSize + information.data.count)
        output.putRVA(place, at: link)
        output.put(information.kind, at: place + 4)
        output.put(UInt32(truncatingIfNeeded: information.data.count), at: place + 8)
        output.put(information.data, at: place + MinidumpHandleInformation.headerSize)
        link = place
      }
    }
  }
}

/// More about an object behind a handle, which newer Windows writes.
public struct MinidumpHandleInformation: Hashable, Sendable {
  /// 1 thread, 2 and 3 mutant, 4 and 5 process, 6 event, 7 section, 8 semaphore.
  public var kind: UInt32
  /// The layout depends on `kind`.
  public var data: [UInt8]

  public init(kind: UInt32, data: [UInt8]) {
    self.kind = kind
    self.data = data
  }

  internal static let headerSize = 12
  internal static let maximumCount = 32
}
