// Provides the reading of Crashpad's annotations.

extension MinidumpReader {
  internal func decodeCrashpadInfo() -> MinidumpCrashpadInfo? {
    guard let record = stream(.crashpadInfo, minimum: MinidumpCrashpadInfo.sizeWithoutMask) else { return nil }
    guard record.u32(0) == 1 else {
      note(.unknownLayout, .crashpadInfo, "version", UInt64(record.u32(0)))
      return nil
    }
    var info = MinidumpCrashpadInfo(
      reportID: MinidumpGUID(decoding: record.part(4, count: 16)),
      clientID: MinidumpGUID(decoding: record.part(20, count: 16)))
    info.simpleAnnotations = simpleAnnotations(record.part(36, count: 8), nil)
    // Fields beyond the stream's end read as 0, as older files mean them.
    info.addressMask = record.u64(56)
    if let list = located(record.part(44, count: 8), .crashpadInfo, "modules"),
      let (start, count) = innerList(list, 12, MemoryLayout<MinidumpModuleCrashpadInfo>.stride, "modules", nil)
    {
      for index in 0..<max(count, 0) {
        let link = list.entry(index, of: 12, from: start)
        guard let entry = located(link.part(4, count: 8), .crashpadInfo, "module", index: index) else { continue }
        if let module = moduleCrashpadInfo(entry, link.u32(0), index) { info.modules.append(module) }
      }
    }
    return info
  }

  /// - Parameter record: 28 bytes; 20 of Crashpad before 2017, which had no annotation objects.
  private func moduleCrashpadInfo(
    _ record: MinidumpRecord, _ moduleIndex: UInt32, _ index: Int
  ) -> MinidumpModuleCrashpadInfo? {
    guard record.count >= 4, record.u32(0) == 1 else {
      note(.unknownLayout, .crashpadInfo, "module", UInt64(record.u32(0)), index: index)
      return nil
    }
    var module = MinidumpModuleCrashpadInfo(moduleIndex: moduleIndex)
    if let list = located(record.part(4, count: 8), .crashpadInfo, "list annotations", index: index),
      let (start, count) = innerList(list, 4, MemoryLayout<String>.stride, "list annotations", index)
    {
      for entry in 0..<max(count, 0) {
        guard
          let text = utf8(
            at: UInt64(list.u32(start &+ entry &* 4)), .crashpadInfo, "list annotation", index: index)
        else {
          if isExhausted { break }
          continue
        }
        module.listAnnotations.append(text)
      }
    }
    module.simpleAnnotations = simpleAnnotations(record.part(12, count: 8), index)
    if record.count >= 28, let list = located(record.part(20, count: 8), .crashpadInfo, "annotations", index: index),
      let (start, count) = innerList(list, 12, MemoryLayout<MinidumpAnnotation>.stride, "annotations", index)
    {
      for entry in 0..<max(count, 0) {
        let part = list.entry(entry, of: 12, from: start)
        guard let name = utf8(at: UInt64(part.u32(0)), .crashpadInfo, "annotation name", index: index),
          let value = counted(at: UInt64(part.u32(8)), .crashpadInfo, "annotation value", index: index),
          let bytes = copy(value, .crashpadInfo, "annotation value", index: index)
        else {
          if isExhausted { break }
          continue
        }
        module.annotations.append(
          MinidumpAnnotation(name: name, kind: .init(rawValue: part.u16(4)), value: bytes))
      }
    }
    return module
  }

  private func simpleAnnotations(_ location: MinidumpRecord, _ index: Int?) -> [MinidumpSimpleAnnotation] {
    guard let list = located(location, .crashpadInfo, "simple annotations", index: index),
      let (start, count) = innerList(
        list, 8, MemoryLayout<MinidumpSimpleAnnotation>.stride, "simple annotations", index)
    else { return [] }
    var result: [MinidumpSimpleAnnotation] = []
    for entry in 0..<max(count, 0) {
      guard
        let key = utf8(at: UInt64(list.u32(start &+ entry &* 8)), .crashpadInfo, "annotation key", index: index),
        let value = utf8(
          at: UInt64(list.u32(start &+ entry &* 8 &+ 4)), .crashpadInfo, "annotation value", index: index)
      else {
        if isExhausted { break }
        continue
      }
      result.append(MinidumpSimpleAnnotation(key: key, value: value))
    }
    return result
  }

  /// A list inside the stream: never padded.
  private func innerList(
    _ record: MinidumpRecord, _ entry: Int, _ stride: Int, _ field: String, _ index: Int?
  ) -> (start: Int, count: Int)? {
    guard record.count >= 4 else {
      note(.tooSmall, .crashpadInfo, field, UInt64(record.count), index: index)
      return nil
    }
    let says = Int(record.u32(0))
    let count = min(says, record.fitting(entry, from: 4))
    if count < says { note(.countTooLarge, .crashpadInfo, field, UInt64(says), index: index) }
    guard charge(count &* stride &+ 32, .crashpadInfo, field, index: index) else { return nil }
    return (4, count)
  }
}
