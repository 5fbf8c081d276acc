// Provides the reading of Breakpad's streams: dump thread, assertion, texts of Linux.

extension MinidumpReader {
  internal func decodeBreakpadInfo() -> MinidumpBreakpadInfo? {
    guard let record = stream(.breakpadInfo, minimum: 12) else { return nil }
    let validity = record.u32(0)
    // Firefox on Windows of 2021 left all three fields uninitialised.
    guard validity <= 3 else {
      note(.unknownLayout, .breakpadInfo, "validity", UInt64(validity))
      return nil
    }
    return MinidumpBreakpadInfo(
      dumpThreadID: validity & 1 != 0 ? record.u32(4) : nil,
      requestingThreadID: validity & 2 != 0 ? record.u32(8) : nil)
  }

  internal func decodeAssertionInfo() -> MinidumpAssertionInfo? {
    guard let record = stream(.assertionInfo, minimum: 776) else { return nil }
    func text(_ offset: Int, _ field: String) -> String {
      fixedUTF16(record.part(offset, count: 256), .assertionInfo, field) ?? ""
    }
    return MinidumpAssertionInfo(
      expression: text(0, "expression"), function: text(256, "function"), file: text(512, "file"),
      line: record.u32(768), kind: record.u32(772))
  }

  /// A text stream of Linux; invalid UTF-8 is repaired. Nothing is kept.
  public func text(of type: MinidumpStreamType) -> String? {
    streamBytes(type).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The parts of a stream whose parts are separated by NUL, without the empty ones at its end.
  public func parts(of type: MinidumpStreamType) -> [String]? {
    guard let bytes = streamBytes(type) else { return nil }
    let record = MinidumpRecord(bytes: bytes, order: byteOrder)
    var end = bytes.count
    while end > 0, record.u8(end &- 1) == 0 { end &-= 1 }
    if end == 0 { return [] }
    var result: [String] = []
    var (start, position) = (0, 0)
    while position <= end {
      if position == end || record.u8(position) == 0 {
        result.append(String(decoding: record.part(start, count: position &- start).bytes, as: UTF8.self))
        start = position &+ 1
      }
      position &+= 1
    }
    return result
  }

  /// The pairs of the auxiliary vector, up to and without `AT_NULL`.
  public func auxiliaryVector() -> [(type: UInt64, value: UInt64)]? {
    guard let location = location(of: .linuxAuxv), let record = stream(location) else { return nil }
    let wide = MinidumpDSODebug.hasWideWords(systemInfo?.architecture)
    let size = wide ? 16 : 8
    var result: [(type: UInt64, value: UInt64)] = []
    var position = 0
    while position <= record.count &- size {
      let type = wide ? record.u64(position) : UInt64(record.u32(position))
      if type == 0 { break }
      result.append((type, wide ? record.u64(position &+ 8) : UInt64(record.u32(position &+ 4))))
      position &+= size
    }
    return result
  }
}
