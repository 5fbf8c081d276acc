// Provides the reading of threads, their names and times, and of exceptions.

extension MinidumpReader {
  internal func decodeThreads() -> [MinidumpThread]? {
    if contains(.threadList) { return decodeThreads(.threadList, entry: MinidumpThread.size) }
    // The same record, followed by a backing store of Itanium.
    return decodeThreads(.threadExList, entry: MinidumpThread.sizeWithBackingStore)
  }

  private func decodeThreads(_ type: MinidumpStreamType, entry size: Int) -> [MinidumpThread]? {
    guard let record = stream(type, minimum: 4),
      let (start, count) = list(
        record, type, entry: size, stride: MemoryLayout<MinidumpThread>.stride, "threads")
    else { return nil }
    var threads: [MinidumpThread] = []
    threads.reserveCapacity(count)
    for index in 0..<max(count, 0) {
      let entry = record.entry(index, of: size, from: start)
      var thread = MinidumpThread(
        id: entry.u32(0), suspendCount: entry.u32(4), priorityClass: entry.u32(8), priority: entry.u32(12),
        teb: entry.u64(16))
      let stack = MinidumpAddressRange(start: entry.u64(24), size: UInt64(entry.u32(32)))
      if stack.start != 0 || stack.size != 0 { thread.stack = stack }
      if let registers = located(entry.part(40), type, "context", index: index) {
        thread.context = context(registers, type, index: index)
      }
      if size == MinidumpThread.sizeWithBackingStore {
        let store = MinidumpAddressRange(start: entry.u64(48), size: UInt64(entry.u32(56)))
        if store.start != 0 || store.size != 0 { thread.backingStore = store }
      }
      threads.append(thread)
    }
    return threads
  }

  internal func decodeThreadNames() -> [MinidumpThreadName]? {
    guard let record = stream(.threadNames, minimum: 4),
      let (start, count) = list(
        record, .threadNames, entry: MinidumpThreadName.size, stride: MemoryLayout<MinidumpThreadName>.stride, "names")
    else { return nil }
    var names: [MinidumpThreadName] = []
    names.reserveCapacity(count)
    for index in 0..<max(count, 0) {
      let entry = record.entry(index, of: MinidumpThreadName.size, from: start)
      let name = utf16(at: entry.u64(4), .threadNames, "name", index: index) ?? ""
      names.append(MinidumpThreadName(threadID: entry.u32(0), name: name))
    }
    return names
  }

  internal func decodeThreadInfo() -> [MinidumpThreadInfo]? {
    guard let record = stream(.threadInfoList, minimum: MinidumpThreadInfo.headerSize),
      let (start, count, size) = sizedList(
        record, .threadInfoList, header: Int(record.u32(0)), entry: Int(record.u32(4)), count: UInt64(record.u32(8)),
        minimumHeader: MinidumpThreadInfo.headerSize, minimumEntry: MinidumpThreadInfo.entrySize,
        stride: MemoryLayout<MinidumpThreadInfo>.stride, "threads")
    else { return nil }
    return (0..<max(count, 0)).map { MinidumpThreadInfo(decoding: record.entry($0, of: size, from: start)) }
  }

  internal func decodeExceptions() -> [MinidumpException] {
    var result: [MinidumpException] = []
    for location in directory where location.type == .exception {
      guard let record = stream(location) else { continue }
      // The code and the address are there; parameters may be cut off.
      guard record.count >= 40 else {
        note(.tooSmall, .exception, "the exception", UInt64(record.count))
        continue
      }
      guard charge(MemoryLayout<MinidumpException>.stride + 15 * 8 + 32, .exception, "exception") else { break }
      var exception = MinidumpException(
        threadID: record.u32(0), code: record.u32(8), flags: record.u32(12), record: record.u64(16),
        address: record.u64(24))
      let says = Int(record.u32(32))
      let count = min(says, MinidumpException.maximumParameters, record.fitting(8, from: 40))
      if count < says { note(.countTooLarge, .exception, "parameters", UInt64(says)) }
      exception.parameters = (0..<max(count, 0)).map { record.u64(40 &+ $0 &* 8) }
      if record.count >= MinidumpException.size, let registers = located(record.part(160), .exception, "context") {
        exception.context = context(registers, .exception)
      }
      result.append(exception)
    }
    return result
  }

  /// Decodes registers by the CPU of the dump; without SystemInfo by what the flags of the context say.
  internal func context(
    _ record: MinidumpRecord, _ stream: MinidumpStreamType, index: Int? = nil
  ) -> MinidumpContext? {
    // The value, its box and the arrays in it.
    guard charge(max(record.count, 256) &+ 512, stream, "context", index: index) else { return nil }
    let architecture = systemInfo?.architecture ?? .unknown
    if let context = MinidumpContext(decoding: record, architecture: architecture) { return context }
    note(.tooSmall, stream, "context", UInt64(record.count), index: index)
    return nil
  }
}
