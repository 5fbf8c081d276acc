// Provides the reading of lists that only Windows writes: handles, operations on them, comments.

extension MinidumpReader {
  internal func decodeHandles() -> [MinidumpHandle]? {
    guard let record = stream(.handleData, minimum: MinidumpHandle.headerSize),
      let (start, count, size) = sizedList(
        record, .handleData, header: Int(record.u32(0)), entry: Int(record.u32(4)), count: UInt64(record.u32(8)),
        minimumHeader: MinidumpHandle.headerSize, minimumEntry: MinidumpHandle.entrySize,
        stride: MemoryLayout<MinidumpHandle>.stride, "handles")
    else { return nil }
    return (0..<max(count, 0)).map { index in
      let entry = record.entry(index, of: size, from: start)
      func text(_ offset: UInt32, _ field: String) -> String? {
        offset == 0 ? nil : utf16(at: UInt64(offset), .handleData, field, index: index)
      }
      var handle = MinidumpHandle(
        handle: entry.u64(0), typeName: text(entry.u32(8), "type name"),
        objectName: text(entry.u32(12), "object name"), attributes: entry.u32(16), grantedAccess: entry.u32(20),
        handleCount: entry.u32(24), pointerCount: entry.u32(28))
      // 0 beyond the end of a shorter entry.
      handle.information = handleInformation(at: entry.u32(32), index)
      return handle
    }
  }

  /// A chain of records: offset of the next one, kind, size, bytes.
  private func handleInformation(at start: UInt32, _ index: Int) -> [MinidumpHandleInformation] {
    var result: [MinidumpHandleInformation] = []
    var offset = Int(start)
    while offset != 0 {
      let size = Int(file.part(offset &+ 8, count: 4).u32(0))
      let room = file.count &- MinidumpHandleInformation.headerSize &- offset
      guard size <= room, room >= 0 else {
        note(.outsideFile, .handleData, "information", UInt64(offset), index: index)
        break
      }
      // A chain can lead back to its start.
      guard result.count < MinidumpHandleInformation.maximumCount else {
        note(.countTooLarge, .handleData, "information", UInt64(offset), index: index)
        break
      }
      guard charge(size &+ 96, .handleData, "information", index: index) else { break }
      let record = file.part(offset, count: MinidumpHandleInformation.headerSize &+ size)
      result.append(
        MinidumpHandleInformation(
          kind: record.u32(4), data: record.part(MinidumpHandleInformation.headerSize).copied()))
      offset = Int(record.u32(0))
    }
    return result
  }

  internal func decodeHandleOperations() -> [MinidumpHandleOperation]? {
    let stride = MemoryLayout<MinidumpHandleOperation>.stride + MinidumpHandleOperation.maximumDepth * 8 + 32
    guard let record = stream(.handleOperationList, minimum: MinidumpHandleOperation.headerSize),
      let (start, count, size) = sizedList(
        record, .handleOperationList, header: Int(record.u32(0)), entry: Int(record.u32(4)),
        count: UInt64(record.u32(8)), minimumHeader: MinidumpHandleOperation.headerSize,
        minimumEntry: MinidumpHandleOperation.entrySize, stride: stride, "operations")
    else { return nil }
    return (0..<max(count, 0)).map {
      MinidumpHandleOperation(decoding: record.entry($0, of: size, from: start))
    }
  }

  internal func decodeCommentA() -> String? {
    stream(.commentA, minimum: 0).flatMap { terminatedUTF8($0, .commentA, "comment") }
  }

  internal func decodeCommentW() -> String? {
    stream(.commentW, minimum: 0).flatMap { fixedUTF16($0, .commentW, "comment") }
  }
}
