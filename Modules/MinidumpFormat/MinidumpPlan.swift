// Provides the layout of a minidump that is being written: which streams, where, and where the memory.

/// The layout of one minidump. Every stream is encoded twice by the same code: to learn its size, and to be written.
internal final class MinidumpPlan {
  /// Pieces of memory that are read together at most.
  private static let pieceLimit = 256

  /// A stream and the place that it got.
  private struct Stream {
    let type: MinidumpStreamType
    let content: Content
    /// Start, aligned to 4.
    var offset: UInt64 = 0
    /// Bytes that the directory says. Objects that belong to the stream may follow.
    var size: UInt64 = 0
    /// One past the last object.
    var end: UInt64 = 0
  }

  private enum Content {
    case systemInfo(MinidumpSystemInfo)
    case miscInfo(MinidumpMiscInfo)
    case threads
    case threadNames
    case exception(MinidumpException)
    case modules
    case unloadedModules
    case crashpadInfo(MinidumpCrashpadInfo)
    case memoryInfo
    case handles
    case threadInfo
    case handleOperations
    case functionTables
    case tokens
    case systemMemoryInfo(MinidumpSystemMemoryInfo)
    case processVMCounters(MinidumpProcessVMCounters)
    case comment(String)
    case commentW(String)
    case breakpadInfo(MinidumpBreakpadInfo)
    case assertionInfo(MinidumpAssertionInfo)
    case dsoDebug(MinidumpDSODebug)
    case macOSCrashInfo
    case macOSBootArgs(String)
    case bytes([UInt8])
    case memory
    case memory64
  }

  private let contents: MinidumpContents
  private let encoder: MinidumpEncoder
  private var streams: [Stream] = []
  private var types: Set<MinidumpStreamType> = []
  private(set) var dropped: [MinidumpStreamType] = []
  /// Where each thread's stack lies in the file.
  private var stackOffsets: [UInt64?] = []
  /// Memory besides the stacks.
  private let ranges: [MinidumpAddressRange]
  private var rangeOffsets: [UInt64] = []
  private var hasBackingStores = false
  private let ranges64: [MinidumpAddressRange]
  private var offset64: UInt64 = 0
  /// Size of the file.
  private(set) var end: UInt64 = 0

  init(_ contents: MinidumpContents, order: MinidumpByteOrder) {
    self.contents = contents
    encoder = MinidumpEncoder(order: order)
    let stacks = MinidumpAddressRange.coalesced(contents.threads.compactMap { $0.stack })
    let stores = contents.threads.compactMap { $0.backingStore }
    let ranges = MinidumpAddressRange.subtract(stacks, from: MinidumpAddressRange.coalesced(contents.memory + stores))
    let taken = MinidumpAddressRange.coalesced(stacks + ranges)
    self.ranges = ranges
    ranges64 = MinidumpAddressRange.subtract(taken, from: MinidumpAddressRange.coalesced(contents.memory64))
    collectStreams()
  }

  /// The order is Crashpad's; what Crashpad does not write comes before the memory list.
  private func collectStreams() {
    if let systemInfo = contents.systemInfo { add(.systemInfo, .systemInfo(systemInfo)) }
    if let miscInfo = contents.miscInfo { add(.miscInfo, .miscInfo(miscInfo)) }
    hasBackingStores = contents.threads.contains { $0.backingStore != nil }
    add(hasBackingStores ? .threadExList : .threadList, .threads)
    if !contents.threadNames.isEmpty { add(.threadNames, .threadNames) }
    if let exception = contents.exception { add(.exception, .exception(exception)) }
    for exception in contents.otherExceptions { add(.exception, .exception(exception), again: true) }
    add(.moduleList, .modules)
    if !contents.unloadedModules.isEmpty { add(.unloadedModuleList, .unloadedModules) }
    if let crashpadInfo = contents.crashpadInfo { add(.crashpadInfo, .crashpadInfo(crashpadInfo)) }
    if !contents.memoryInfo.isEmpty { add(.memoryInfoList, .memoryInfo) }
    if !contents.handles.isEmpty { add(.handleData, .handles) }
    if !contents.threadInfo.isEmpty { add(.threadInfoList, .threadInfo) }
    if !contents.handleOperations.isEmpty { add(.handleOperationList, .handleOperations) }
    if !contents.functionTables.isEmpty { add(.functionTable, .functionTables) }
    if !contents.tokens.isEmpty { add(.token, .tokens) }
    if let info = contents.systemMemoryInfo { add(.systemMemoryInfo, .systemMemoryInfo(info)) }
    if let counters = contents.processVMCounters { add(.processVMCounters, .processVMCounters(counters)) }
    if let comment = contents.comment { add(.commentA, .comment(comment)) }
    if let comment = contents.commentW { add(.commentW, .commentW(comment)) }
    if let info = contents.breakpadInfo { add(.breakpadInfo, .breakpadInfo(info)) }
    if let info = contents.assertionInfo { add(.assertionInfo, .assertionInfo(info)) }
    if let dsoDebug = contents.dsoDebug { add(.linuxDSODebug, .dsoDebug(dsoDebug)) }
    if !contents.macOSCrashInfo.isEmpty { add(.macOSCrashInfo, .macOSCrashInfo) }
    if let arguments = contents.macOSBootArgs { add(.macOSBootArgs, .macOSBootArgs(arguments)) }
    let typed = types
    for stream in contents.userStreams {
      if stream.type == .memoryList || stream.type == .memory64List {
        dropped.append(stream.type)
      } else {
        add(stream.type, .bytes(stream.bytes), again: contents.repeatsTypes && !typed.contains(stream.type))
      }
    }
    add(.memoryList, .memory)
    if !ranges64.isEmpty { add(.memory64List, .memory64) }
  }

  /// - Parameter again: whether the type may have occurred before.
  private func add(_ type: MinidumpStreamType, _ content: Content, again: Bool = false) {
    if types.insert(type).inserted || again {
      streams.append(Stream(type: type, content: content))
    } else {
      dropped.append(type)
    }
  }

  /// Assigns every offset.
  func freeze() throws(MinidumpWriteError) {
    var position = UInt64(MinidumpHeader.size + streams.count * MinidumpHeader.directoryEntrySize)
    for index in streams.indices {
      if position % 4 != 0 { position += 4 - position % 4 }
      streams[index].offset = position
      if case .bytes(let bytes) = streams[index].content {
        streams[index].size = UInt64(bytes.count)
        streams[index].end = position + UInt64(bytes.count)
      } else {
        encoder.restart(at: position)
        streams[index].size = UInt64(encode(streams[index].content))
        streams[index].end = position + UInt64(encoder.count)
      }
      position = streams[index].end
    }
    // Memory: stacks in the order of the threads, then the other ranges in the order of their addresses.
    func place(_ size: UInt64) throws(MinidumpWriteError) -> UInt64 {
      if position % 16 != 0 { position += 16 - position % 16 }
      let offset = position
      let (next, overflow) = position.addingReportingOverflow(size)
      if overflow || next > UInt64(UInt32.max) { throw MinidumpWriteError(.tooLarge, size: overflow ? .max : next) }
      position = next
      return offset
    }
    for thread in contents.threads {
      if let stack = thread.stack, stack.size > 0 {
        stackOffsets.append(try place(stack.size))
      } else {
        stackOffsets.append(nil)
      }
    }
    for range in ranges { rangeOffsets.append(try place(range.size)) }
    if position > UInt64(UInt32.max) || encoder.overflowed { throw MinidumpWriteError(.tooLarge, size: position) }
    if !ranges64.isEmpty {
      if position % 16 != 0 { position += 16 - position % 16 }
      offset64 = position
      for range in ranges64 {
        let (next, overflow) = position.addingReportingOverflow(range.size)
        if overflow { throw MinidumpWriteError(.tooLarge, size: .max) }
        position = next
      }
    }
    end = position
  }

  /// Encodes a stream at the encoder's position.
  ///
  /// - Returns: bytes that the directory says.
  private func encode(_ content: Content) -> Int {
    switch content {
    case .systemInfo(let systemInfo):
      systemInfo.encode(into: encoder)
      return MinidumpSystemInfo.size
    case .miscInfo(let miscInfo):
      miscInfo.encode(into: encoder)
      return encoder.count
    case .threads:
      MinidumpThread.encode(
        contents.threads, stackOffsets: stackOffsets, storeOffset: hasBackingStores ? { self.offset(of: $0) } : nil,
        into: encoder)
      let size = hasBackingStores ? MinidumpThread.sizeWithBackingStore : MinidumpThread.size
      return 4 + contents.threads.count * size
    case .threadNames:
      MinidumpThreadName.encode(contents.threadNames, into: encoder)
      return 4 + contents.threadNames.count * MinidumpThreadName.size
    case .exception(let exception):
      exception.encode(into: encoder)
      return MinidumpException.size
    case .modules:
      MinidumpModule.encode(contents.modules, into: encoder)
      return 4 + contents.modules.count * MinidumpModule.entrySize
    case .unloadedModules:
      MinidumpUnloadedModule.encode(contents.unloadedModules, into: encoder)
      return MinidumpUnloadedModule.headerSize + contents.unloadedModules.count * MinidumpUnloadedModule.entrySize
    case .crashpadInfo(let info):
      info.encode(into: encoder)
      return MinidumpCrashpadInfo.size
    case .memoryInfo:
      MinidumpMemoryInfo.encode(contents.memoryInfo, into: encoder)
      return encoder.count
    case .handles:
      MinidumpHandle.encode(contents.handles, into: encoder)
      return MinidumpHandle.headerSize + contents.handles.count * MinidumpHandle.entrySize(of: contents.handles)
    case .macOSCrashInfo:
      return MinidumpMacOSCrashInfo.encode(contents.macOSCrashInfo, into: encoder)
    case .macOSBootArgs(let arguments):
      MinidumpMacOSCrashInfo.encodeBootArguments(arguments, into: encoder)
      return MinidumpMacOSCrashInfo.bootArgumentsSize
    case .threadInfo, .handleOperations, .functionTables, .tokens, .systemMemoryInfo, .processVMCounters, .comment,
      .commentW, .breakpadInfo, .assertionInfo:
      encodeSimple(content)
      return encoder.count
    case .dsoDebug(let debug):
      return debug.encode(into: encoder, contents.systemInfo?.architecture)
    case .memory:
      encodeMemoryList()
      return encoder.count
    case .memory64:
      encodeMemory64List()
      return encoder.count
    case .bytes(let bytes):
      encoder.put(bytes, at: encoder.reserve(bytes.count))
      return bytes.count
    }
  }

  /// Streams without anything behind them.
  private func encodeSimple(_ content: Content) {
    switch content {
    case .threadInfo: MinidumpThreadInfo.encode(contents.threadInfo, into: encoder)
    case .handleOperations: MinidumpHandleOperation.encode(contents.handleOperations, into: encoder)
    case .functionTables: MinidumpFunctionTable.encode(contents.functionTables, into: encoder)
    case .tokens: MinidumpToken.encode(contents.tokens, into: encoder)
    case .systemMemoryInfo(let info): info.encode(into: encoder)
    case .processVMCounters(let counters): counters.encode(into: encoder)
    case .comment(let text):
      let bytes = [UInt8](text.utf8)
      encoder.put(bytes, at: encoder.reserve(bytes.count + 1))
    case .commentW(let text):
      let units = MinidumpEncoder.utf16Count(text) + 1
      encoder.putFixedUTF16(text, units: units, at: encoder.reserve(units * 2))
    case .breakpadInfo(let info): info.encode(into: encoder)
    case .assertionInfo(let info): info.encode(into: encoder)
    default: break
    }
  }

  /// Where the first byte of a range of memory lies in the file; nil when it is in none of the lists, or not placed yet.
  private func offset(of range: MinidumpAddressRange) -> UInt64? {
    for (index, thread) in contents.threads.enumerated() {
      guard let stack = thread.stack, stack.contains(range.start) else { continue }
      guard index < stackOffsets.count, let offset = stackOffsets[index] else { return nil }
      return offset + (range.start - stack.start)
    }
    for (index, other) in ranges.enumerated() where other.contains(range.start) {
      return index < rangeOffsets.count ? rangeOffsets[index] + (range.start - other.start) : nil
    }
    return nil
  }

  /// Stacks come first; they share their bytes with the thread list.
  private func encodeMemoryList() {
    let stacks = contents.threads.indices.filter { (contents.threads[$0].stack?.size ?? 0) > 0 }
    let list = encoder.reserve(4 + (stacks.count + ranges.count) * 16)
    encoder.put(UInt32(truncatingIfNeeded: stacks.count + ranges.count), at: list)
    var record = list + 4
    for index in stacks {
      guard let stack = contents.threads[index].stack else { continue }
      let offset = index < stackOffsets.count ? stackOffsets[index] ?? 0 : 0
      encoder.put(stack.start, at: record)
      encoder.putLocation(absolute: offset, size: stack.size, at: record + 8)
      record += 16
    }
    for (index, range) in ranges.enumerated() {
      encoder.put(range.start, at: record)
      let offset = index < rangeOffsets.count ? rangeOffsets[index] : 0
      encoder.putLocation(absolute: offset, size: range.size, at: record + 8)
      record += 16
    }
  }

  private func encodeMemory64List() {
    let list = encoder.reserve(16 + ranges64.count * 16)
    encoder.put(UInt64(ranges64.count), at: list)
    encoder.put(offset64, at: list + 8)
    for (index, range) in ranges64.enumerated() {
      encoder.put(range.start, at: list + 16 + index * 16)
      encoder.put(range.size, at: list + 24 + index * 16)
    }
  }

  // MARK: Writing

  private var header: MinidumpHeader {
    MinidumpHeader(
      version: UInt32(MinidumpHeader.version), streamCount: UInt32(truncatingIfNeeded: streams.count),
      directoryOffset: UInt32(MinidumpHeader.size), checksum: 0, timestamp: contents.timestamp,
      flags: contents.flags | (contents.miscInfo?.xState != nil ? MinidumpHeader.avxXStateContext : 0))
  }

  func writeHeader(to output: MinidumpOutput, signed: Bool) throws(MinidumpWriteError) {
    encoder.restart(at: 0)
    header.encode(into: encoder, signed: signed)
    for stream in streams {
      let record = encoder.reserve(MinidumpHeader.directoryEntrySize)
      encoder.put(stream.type.rawValue, at: record)
      encoder.putLocation(absolute: stream.offset, size: stream.size, at: record + 4)
    }
    try output.write(encoder.bytes)
  }

  func writeStreams(to output: MinidumpOutput) throws(MinidumpWriteError) {
    for stream in streams {
      try output.pad(to: stream.offset)
      if case .bytes(let bytes) = stream.content {
        try bytes.withUnsafeBufferPointer { (buffer) throws(MinidumpWriteError) in
          try output.write(UnsafeRawBufferPointer(buffer))
        }
      } else {
        encoder.restart(at: stream.offset)
        _ = encode(stream.content)
        try output.write(encoder.bytes)
      }
    }
  }

  /// - Returns: bytes that could not be read.
  func writeMemory(
    to output: MinidumpOutput, copier: (any MinidumpMemoryCopier)?, readPieces: MinidumpWriter.MemoryReadPieces,
    readMemory: MinidumpWriter.MemoryRead
  ) throws(MinidumpWriteError) -> UInt64 {
    var unreadable: UInt64 = 0
    // Places in the output that are filled together, before anything is written.
    var pieces: [MinidumpMemoryPiece] = []
    func fill() {
      var rest = pieces[...]
      while !rest.isEmpty {
        rest = rest.dropFirst(min(max(readPieces(Array(rest)), 0), rest.count))
        guard let piece = rest.popFirst() else { break }
        unreadable += MinidumpMemoryFill.read(at: piece.address, into: piece.buffer, readMemory)
      }
      pieces.removeAll(keepingCapacity: true)
    }
    func copy(_ range: MinidumpAddressRange, to offset: UInt64) throws(MinidumpWriteError) {
      let gap = offset > output.position ? offset - output.position : 0
      let needed = gap.addingReportingOverflow(range.size)
      if needed.overflow || needed.partialValue > UInt64(output.room) || pieces.count == Self.pieceLimit { fill() }
      if needed.overflow || needed.partialValue > UInt64(output.capacity) {
        try output.pad(to: offset)
        var address = range.start
        var left = range.size
        while left > 0 {
          let part = try output.space(upTo: left)
          unreadable += MinidumpMemoryFill.read(at: address, into: part, readMemory)
          output.advance(part.count)
          address &+= UInt64(part.count)
          left -= UInt64(part.count)
        }
        return
      }
      if needed.partialValue > UInt64(output.room) { try output.flush() }
      try output.pad(to: offset)
      if range.size == 0 { return }
      let part = try output.space(upTo: range.size)
      output.advance(part.count)
      pieces.append(MinidumpMemoryPiece(address: range.start, buffer: part))
    }
    for (index, thread) in contents.threads.enumerated() {
      guard let stack = thread.stack, let offset = stackOffsets[index] else { continue }
      try copy(stack, to: offset)
    }
    for (index, range) in ranges.enumerated() { try copy(range, to: rangeOffsets[index]) }
    if !ranges64.isEmpty {
      if let copier {
        fill()
        try output.pad(to: offset64)
        let missing = try output.extend(to: end) { () throws(MinidumpSinkError) in
          try copier.copy(ranges64, to: offset64)
        }
        if let missing { return unreadable + missing }
      }
      var offset = offset64
      for range in ranges64 {
        try copy(range, to: offset)
        offset &+= range.size
      }
    }
    fill()
    return unreadable
  }

  func sign(_ output: MinidumpOutput) throws(MinidumpWriteError) {
    encoder.restart(at: 0)
    header.encode(into: encoder, signed: true)
    try output.overwrite(at: 0, encoder.bytes)
  }
}

/// Fills what cannot be read.
public enum MinidumpMemoryFill {
  /// What stands for a byte that could not be read, as in Crashpad's dumps.
  public static let byte: UInt8 = 0xfe
  private static let page: UInt64 = 4096

  /// Reads as much as possible, page by page around holes.
  ///
  /// - Returns: bytes that were filled.
  public static func read(
    at address: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ readMemory: MinidumpWriter.MemoryRead
  ) -> UInt64 {
    var done = 0
    var filled: UInt64 = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let position = address &+ UInt64(done)
      let count = min(max(readMemory(position, rest), 0), rest.count)
      done += count
      if done == buffer.count { break }
      // The page that holds the first unreadable byte is given up.
      let hole = address &+ UInt64(done)
      let skip = min(Int(page - hole % page), buffer.count - done)
      for index in done..<done + skip { buffer[index] = byte }
      done += skip
      filled += UInt64(skip)
    }
    return filled
  }
}
