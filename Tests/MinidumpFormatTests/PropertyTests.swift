// Tests that hold for any contents: what is written is read, what is read is written again.

import MinidumpFormat
import Testing

@Suite struct `Any contents` {
  /// `read(write(x)) == x` for each stream.
  @Test(.timeLimit(.minutes(10)), arguments: [MinidumpByteOrder.little, .big])
  func `are read as they were written`(order: MinidumpByteOrder) throws {
    for seed in 1...400 as ClosedRange<UInt64> {
      var random = Random(seed: seed)
      let contents = random.contents(order)
      let reader = try MinidumpReader(Sample.write(contents, order: order))
      expectSame(reader, contents, "seed \(seed)")
      #expect(reader.softErrors.map(\.description) == [], "seed \(seed)")
    }
  }

  /// What a dump holds is there again when it is written again: decoded streams say the same, the others have the same
  /// bytes, nothing is missing, and nothing changes any more.
  @Test(.timeLimit(.minutes(10)), arguments: [MinidumpByteOrder.little, .big])
  func `survive being read and written again`(order: MinidumpByteOrder) throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      var random = Random(seed: seed)
      var contents = random.contents(order)
      contents.repeatsTypes = true
      // A type that occurs twice, as in dumps of LLDB.
      let repeated = MinidumpStreamType(rawValue: 0x1234_5678)
      contents.userStreams += [[1, 2, 3], [4, 5]].map { MinidumpUserStream(type: repeated, bytes: $0) }
      let first = try MinidumpReader(Sample.write(contents, order: order))
      let bytes = try Self.again(first, order)
      let second = try MinidumpReader(bytes)
      expectSame(second, contents, "seed \(seed)")
      #expect(second.header.flags == first.header.flags)
      #expect(Self.types(second) == Self.types(first), "seed \(seed)")
      let twice = second.directory.filter { $0.type == repeated }
      #expect(twice.map { second.streamBytes(at: $0).map { Array($0) } } == [[1, 2, 3], [4, 5]])
      for range in first.memoryMap.ranges {
        let one = try #require(first.memoryMap.bytes(at: range.start))
        var other = [UInt8](repeating: 0, count: one.count)
        #expect(other.withUnsafeMutableBytes { second.memoryMap.read(at: range.start, into: $0) } == one.count)
        #expect(one.elementsEqual(other), "seed \(seed)")
      }
      #expect(try Self.again(second, order) == bytes, "seed \(seed)")
    }
  }

  /// From one byte order into the other.
  @Test(.timeLimit(.minutes(10))) func `are converted from big-endian to little-endian`() throws {
    for seed in 1...100 as ClosedRange<UInt64> {
      var random = Random(seed: seed)
      var contents = random.contents(.big)
      // Registers of CPUs that have no type of their own keep their byte order, and so do bytes that nobody knows.
      if case .other = contents.threads.lazy.compactMap(\.context).first ?? contents.exception?.context {
        for index in contents.threads.indices { contents.threads[index].context = nil }
        contents.exception?.context = nil
      }
      let big = try MinidumpReader(Sample.write(contents, order: .big))
      let little = try MinidumpReader(Self.again(big, .little))
      #expect(little.byteOrder == .little)
      expectSame(little, contents, "seed \(seed)")
    }
  }

  private static func again(_ reader: MinidumpReader, _ order: MinidumpByteOrder) throws -> [UInt8] {
    let sink = MinidumpMemorySink()
    let result = try MinidumpWriter.write(MinidumpContents(reader), to: sink, order: order) {
      reader.memoryMap.read(at: $0, into: $1)
    }
    #expect(result.unreadableBytes == 0)
    #expect(result.droppedStreams == [])
    return sink.bytes
  }

  private static func types(_ reader: MinidumpReader) -> [UInt32] { reader.directory.map(\.type.rawValue).sorted() }

  private func expectSame(_ reader: MinidumpReader, _ contents: MinidumpContents, _ what: Comment) {
    func absent<T>(_ list: [T]) -> [T]? { list.isEmpty ? nil : list }
    #expect(reader.header.timestamp == contents.timestamp, what)
    #expect(reader.systemInfo == contents.systemInfo, what)
    #expect(reader.miscInfo == contents.miscInfo, what)
    #expect(reader.threads == contents.threads, what)
    #expect(reader.threadNames == absent(contents.threadNames), what)
    #expect(reader.exceptions == (contents.exception.map { [$0] } ?? []) + contents.otherExceptions, what)
    #expect(reader.modules == contents.modules, what)
    #expect(reader.unloadedModules == absent(contents.unloadedModules), what)
    #expect(reader.crashpadInfo == contents.crashpadInfo, what)
    #expect(reader.memoryInfo == absent(contents.memoryInfo), what)
    #expect(reader.handles == absent(contents.handles), what)
    #expect(reader.threadInfo == absent(contents.threadInfo), what)
    #expect(reader.handleOperations == absent(contents.handleOperations), what)
    #expect(reader.functionTables == absent(contents.functionTables), what)
    #expect(reader.tokens == absent(contents.tokens), what)
    #expect(reader.systemMemoryInfo == contents.systemMemoryInfo, what)
    #expect(reader.processVMCounters == contents.processVMCounters, what)
    #expect(reader.comment == contents.comment, what)
    #expect(reader.commentW == contents.commentW, what)
    #expect(reader.breakpadInfo == contents.breakpadInfo, what)
    #expect(reader.assertionInfo == contents.assertionInfo, what)
    #expect(reader.dsoDebug == contents.dsoDebug, what)
    #expect(reader.macOSCrashInfo == absent(contents.macOSCrashInfo), what)
    #expect(reader.macOSBootArgs == contents.macOSBootArgs, what)
    for stream in contents.userStreams where !contents.repeatsTypes || stream.type.rawValue != 0x1234_5678 {
      #expect(reader.streamBytes(stream.type).map { Array($0) } == stream.bytes, what)
    }
    // Every byte of memory that was asked for is found by its address.
    let memory = contents.memory + contents.memory64 + contents.threads.compactMap(\.backingStore)
    for range in memory + contents.threads.compactMap(\.stack) where range.size > 0 {
      var bytes = [UInt8](repeating: 0, count: Int(range.size))
      #expect(
        bytes.withUnsafeMutableBytes { reader.memoryMap.read(at: range.start, into: $0) } == bytes.count, what)
      #expect(bytes == (0..<range.size).map { Sample.byte(at: range.start + $0) }, what)
    }
  }
}
