// Tests of what the writer does with memory, limits and its sink.

import MinidumpFormat
import Testing

/// A sink that fails or cannot go back.
private final class StubbornSink: MinidumpSink {
  var bytes: [UInt8] = []
  var writes = 0
  let canOverwrite: Bool
  let failsAfter: Int
  init(canOverwrite: Bool, failsAfter: Int = .max) {
    self.canOverwrite = canOverwrite
    self.failsAfter = failsAfter
  }
  func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {
    if self.bytes.count + bytes.count > failsAfter { throw MinidumpSinkError(code: 28) }
    writes += 1
    self.bytes.append(contentsOf: bytes)
  }
  func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool {
    if !canOverwrite { return false }
    for (index, byte) in bytes.enumerated() { self.bytes[Int(offset) + index] = byte }
    return true
  }
}

@Suite struct `Writer` {
  @Test func `a dump that was cut short has no signature and the reader says so`() throws {
    let sink = StubbornSink(canOverwrite: true, failsAfter: 5 << 20)
    var contents = Sample.contents()
    contents.memory = [MinidumpAddressRange(start: 0x1000, size: 8 << 20)]
    let error = #expect(throws: MinidumpWriteError.self) {
      try MinidumpWriter.write(contents, to: sink, readMemory: Sample.readMemory)
    }
    #expect(error?.code == .sink)
    #expect(error?.sinkError == MinidumpSinkError(code: 28))
    #expect(Array(sink.bytes.prefix(4)) == [0, 0, 0, 0])
    let readError = #expect(throws: MinidumpReadError.self) { try MinidumpReader(sink.bytes) }
    #expect(readError?.code == .unfinished)
  }

  @Test func `a sink that cannot go back gets the signature at once`() throws {
    let sink = StubbornSink(canOverwrite: false)
    try MinidumpWriter.write(Sample.contents(), to: sink, readMemory: Sample.readMemory)
    #expect(Array(sink.bytes[0..<4]) == Array("MDMP".utf8))
    #expect(try sink.bytes == Sample.write(Sample.contents()))
  }

  @Test func `the size is known beforehand`() throws {
    var contents = Sample.contents()
    contents.memory = [MinidumpAddressRange(start: 0x1000, size: 12345)]
    contents.memory64 = [MinidumpAddressRange(start: 0x10_1000, size: 12345)]
    let size = try MinidumpWriter.size(of: contents)
    let sink = MinidumpMemorySink()
    let result = try MinidumpWriter.write(contents, to: sink, readMemory: Sample.readMemory)
    #expect(result.size == size)
    #expect(sink.bytes.count == Int(size))
  }

  @Test func `memory is written in large chunks and small objects together`() throws {
    let sink = StubbornSink(canOverwrite: true)
    var contents = MinidumpContents()
    contents.threads = (0..<200).map { MinidumpThread(id: $0, context: .amd64(Sample.amd64())) }
    contents.memory = [MinidumpAddressRange(start: 0x1000, size: 8 << 20)]
    try MinidumpWriter.write(contents, to: sink, chunk: 1 << 20) { $1.count }
    #expect(sink.writes < 20)
  }

  @Test func `pieces that are read together make the same dump`() throws {
    var contents = Sample.contents()
    contents.memory = (0..<300).map { MinidumpAddressRange(start: 0x1000 + $0 * 0x1000, size: 0x20 + $0) }
    let expected = MinidumpMemorySink()
    try MinidumpWriter.write(contents, to: expected, readMemory: Sample.readMemory)
    for whole in [1, 7, 1000] {
      let sink = MinidumpMemorySink()
      var calls = 0
      let result = try MinidumpWriter.write(
        contents, to: sink,
        readPieces: { pieces in
          calls += 1
          for piece in pieces.prefix(whole) { _ = Sample.readMemory(piece.address, piece.buffer) }
          return min(whole, pieces.count)
        }, readMemory: Sample.readMemory)
      #expect(sink.bytes == expected.bytes, "\(whole)")
      #expect(result.size == UInt64(sink.bytes.count))
      if whole == 1000 { #expect(calls == 2) }
    }
  }

  @Test func `a dump in memory of the caller's is the same, and too little of it is an error`() throws {
    var contents = Sample.contents()
    contents.memory = (0..<300).map { MinidumpAddressRange(start: 0x1000 + $0 * 0x1000, size: 0x20 + $0 * 40) }
    let expected = MinidumpMemorySink()
    try MinidumpWriter.write(contents, to: expected, readMemory: Sample.readMemory)
    let size = Int(try MinidumpWriter.size(of: contents))
    for chunk in [4096, 70_000, 1 << 20] {
      for missing in [0, 1, size / 2, size] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 16, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xaa)
        let sink = MinidumpPlaceSink(UnsafeMutableRawBufferPointer(rebasing: memory[..<(size - missing)]))
        do {
          try MinidumpWriter.write(contents, to: sink, chunk: chunk, readMemory: Sample.readMemory)
          #expect(missing == 0 && Array(memory[..<sink.count]) == expected.bytes)
        } catch {
          #expect(missing > 0 && error.code == .sink && error.sinkError?.code == 28)
        }
        #expect(memory[(size - missing)...].allSatisfy { $0 == 0xaa }, "\(chunk), \(missing)")
      }
    }
  }

  @Test func `what cannot be read becomes 0xfe, page by page, and the rest is kept`() throws {
    var contents = MinidumpContents()
    contents.memory = [MinidumpAddressRange(start: 0x1800, size: 0x3000)]
    let sink = MinidumpMemorySink()
    let result = try MinidumpWriter.write(contents, to: sink) { address, buffer in
      // The page at 0x2000 is missing.
      if address >= 0x2000 && address < 0x3000 { return 0 }
      let end = address < 0x2000 ? 0x2000 : UInt64.max
      let count = Int(min(UInt64(buffer.count), end - address))
      for index in 0..<count { buffer[index] = 7 }
      return count
    }
    #expect(result.unreadableBytes == 0x1000)
    let reader = try MinidumpReader(sink.bytes)
    let bytes = try #require(reader.memoryMap.bytes(at: 0x1800))
    #expect(
      Array(bytes) == Array(repeating: 7, count: 0x800) + Array(repeating: 0xfe, count: 0x1000)
        + Array(repeating: 7, count: 0x1800))
  }

  @Test func `a reader that returns nonsense counts does no harm`() throws {
    var contents = MinidumpContents()
    contents.memory = [MinidumpAddressRange(start: 0x1000, size: 0x2000)]
    for answer in [-5, Int.max] {
      let sink = MinidumpMemorySink()
      let result = try MinidumpWriter.write(contents, to: sink) { _, _ in answer }
      #expect(result.unreadableBytes == (answer < 0 ? 0x2000 : 0))
    }
  }

  @Test func `extra memory is merged and gives way to stacks`() throws {
    var contents = MinidumpContents()
    contents.threads = [
      MinidumpThread(id: 1, stack: MinidumpAddressRange(start: 0x5000, size: 0x1000)),
      MinidumpThread(id: 2, stack: MinidumpAddressRange(start: 0x9000, size: 0x1000)),
    ]
    contents.memory = [
      MinidumpAddressRange(start: 0x4800, size: 0x2000), MinidumpAddressRange(start: 0x4000, size: 0x900),
      MinidumpAddressRange(start: 0x9100, size: 0x10), MinidumpAddressRange(start: 0x1000, size: 0),
      MinidumpAddressRange(start: 0x8000, size: 0x4000),
      MinidumpAddressRange(start: .max - 15, size: 100),
    ]
    let ranges = try #require(try MinidumpReader(Sample.write(contents)).memoryList)
    #expect(
      ranges.map { $0.addresses } == [
        MinidumpAddressRange(start: 0x5000, size: 0x1000), MinidumpAddressRange(start: 0x9000, size: 0x1000),
        MinidumpAddressRange(start: 0x4000, size: 0x1000), MinidumpAddressRange(start: 0x6000, size: 0x800),
        MinidumpAddressRange(start: 0x8000, size: 0x1000), MinidumpAddressRange(start: 0xa000, size: 0x2000),
        MinidumpAddressRange(start: .max - 15, size: 15),
      ])
  }

  @Test func `more than 4 GiB is refused before anything is written`() throws {
    var contents = MinidumpContents()
    contents.memory = [MinidumpAddressRange(start: 0x1000, size: 1 << 32)]
    let sink = StubbornSink(canOverwrite: true)
    let error = #expect(throws: MinidumpWriteError.self) {
      try MinidumpWriter.write(contents, to: sink, readMemory: Sample.readMemory)
    }
    #expect(error?.code == .tooLarge)
    #expect(sink.bytes.isEmpty)
  }

  @Test func `the 64-bit list may lie beyond 4 GiB`() throws {
    var contents = MinidumpContents()
    contents.memory64 = [MinidumpAddressRange(start: 0x1000, size: 1 << 33)]
    #expect(try MinidumpWriter.size(of: contents) > 1 << 33)
    contents.memory64 = [MinidumpAddressRange(start: 0, size: .max)]
    #expect(throws: MinidumpWriteError.self) { try MinidumpWriter.size(of: contents) }
  }

  /// First everything but memory, then memory: stacks in the order of the threads, then the other ranges by address.
  @Test func `memory lies behind everything else, at multiples of 16`() throws {
    var contents = Sample.contents()
    contents.memory = [
      MinidumpAddressRange(start: 0x9000, size: 33), MinidumpAddressRange(start: 0x1000, size: 7),
    ]
    contents.memory64 = [MinidumpAddressRange(start: 0x100_0000, size: 5)]
    let bytes = try Sample.write(contents)
    let reader = try MinidumpReader(bytes)
    let ranges = (reader.memoryList ?? []) + (reader.memory64List ?? [])
    #expect(ranges.map(\.start) == [0x7fff_0000_0000, 0x7ffe_0000_0000, 0x1000, 0x9000, 0x100_0000])
    for (range, next) in zip(ranges, ranges.dropFirst()) {
      #expect(range.offset % 16 == 0)
      #expect(range.offset + range.size <= next.offset)
      #expect(next.offset < range.offset + range.size + 16)
    }
    let first = try #require(ranges.first)
    for stream in reader.directory { #expect(UInt64(stream.offset + stream.size) <= first.offset) }
    #expect(ranges.last.map { $0.offset + $0.size } == UInt64(bytes.count))
  }

  /// Takes bytes and forgets them.
  private final class CountingSink: MinidumpSink {
    private(set) var count: UInt64 = 0
    private(set) var largest = 0
    let canOverwrite = false
    func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {
      count += UInt64(bytes.count)
      largest = max(largest, bytes.count)
    }
    func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool { false }
  }

  @Test(.timeLimit(.minutes(10))) func `a large dump is written without being held in memory`() throws {
    var contents = Sample.contents()
    contents.memory = [MinidumpAddressRange(start: 0x10_0000, size: 1 << 28)]
    contents.memory64 = [MinidumpAddressRange(start: 0x1_0000_0000, size: 1 << 28)]
    let sink = CountingSink()
    var asked = 0
    let result = try MinidumpWriter.write(contents, to: sink, chunk: 64 << 10) { _, buffer in
      asked = max(asked, buffer.count)
      return buffer.count
    }
    #expect(result.size == sink.count)
    #expect(sink.count > 1 << 29)
    // Nothing larger than a chunk is ever asked for or handed on: there is nowhere else for the bytes to be.
    #expect(asked <= 64 << 10)
    #expect(sink.largest <= 64 << 10)
  }

  @Test func `a limited dump keeps the crashed thread's stack, then the beginnings of the others`() throws {
    var contents = Sample.contents()
    contents.threads = (0..<20).map {
      MinidumpThread(id: $0, stack: MinidumpAddressRange(start: 0x10_0000 * UInt64($0 + 1), size: 0x1_0000))
    }
    contents.exception?.threadID = 7
    contents.memory = [
      MinidumpAddressRange(start: 0x8000_0000, size: 0x2_0000),
      MinidumpAddressRange(start: 0x9000_0000, size: 0x2_0000),
    ]
    contents.memory64 = [MinidumpAddressRange(start: 0xa000_0000, size: 0x2_0000)]
    let whole = try MinidumpWriter.size(of: contents)
    var same = contents
    #expect(try same.limit(to: whole) == 0)
    #expect(same == contents)

    // Everything but the 64-bit list and a part of the second range.
    var limited = contents
    let dropped = try limited.limit(to: whole - 0x2_8000)
    #expect(dropped >= 0x2_8000 && dropped < 0x2_9000)
    #expect(limited.threads == contents.threads)
    #expect(limited.memory.map(\.start) == [0x8000_0000, 0x9000_0000])
    #expect(limited.memory64.isEmpty)
    #expect(try MinidumpWriter.size(of: limited) <= whole - 0x2_8000)

    // Stacks: the crashed one whole, 8 KiB of each other.
    limited = contents
    try limited.limit(to: 0x1_0000 + 19 * 8192 + 0x4000)
    #expect(limited.memory.isEmpty && limited.memory64.isEmpty)
    #expect(limited.threads[7].stack?.size == 0x1_0000)
    for thread in limited.threads { #expect(thread.stack?.size ?? 0 >= 8192) }
    #expect(try MinidumpWriter.size(of: limited) <= 0x1_0000 + 19 * 8192 + 0x4000)
    #expect(try MinidumpReader(Sample.write(limited)).threads?.count == 20)

    // Less than what is no memory: no memory at all.
    limited = contents
    try limited.limit(to: 100)
    #expect(try MinidumpReader(Sample.write(limited)).memoryList == [])

    // A dump that 32-bit offsets could not hold.
    contents.memory = [MinidumpAddressRange(start: 0x1000, size: 1 << 33)]
    contents.memory64 = []
    try contents.limit(to: 1 << 30)
    #expect(try MinidumpWriter.size(of: contents) <= 1 << 30)
  }

  @Test func `any contents are limited to any size`() throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      var random = Random(seed: seed)
      let contents = random.contents(.little)
      let whole = try MinidumpWriter.size(of: contents)
      var bare = contents
      try bare.limit(to: 0)
      let least = try MinidumpWriter.size(of: bare)
      let wanted = UInt64(random.below(Int(whole) + 100))
      var limited = contents
      try limited.limit(to: wanted)
      #expect(try MinidumpWriter.size(of: limited) <= max(wanted, least), "seed \(seed)")
    }
  }

  @Test func `a stream type that occurs again is dropped and named`() throws {
    var contents = MinidumpContents()
    contents.systemInfo = MinidumpSystemInfo(architecture: .amd64)
    contents.userStreams = [
      MinidumpUserStream(type: .linuxMaps, bytes: [1]), MinidumpUserStream(type: .linuxMaps, bytes: [2]),
      MinidumpUserStream(type: .systemInfo, bytes: [3]), MinidumpUserStream(type: .memoryList, bytes: [4]),
    ]
    let sink = MinidumpMemorySink()
    let result = try MinidumpWriter.write(contents, to: sink, readMemory: Sample.readMemory)
    #expect(result.droppedStreams == [.linuxMaps, .systemInfo, .memoryList])
    let reader = try MinidumpReader(sink.bytes)
    #expect(reader.streamBytes(.linuxMaps).map { Array($0) } == [1])
    #expect(reader.systemInfo != nil)
    #expect(reader.memoryList == [])
  }

  @Test func `simple annotations are sorted by bytes, of equal keys the first stays`() throws {
    var contents = MinidumpContents()
    contents.crashpadInfo = MinidumpCrashpadInfo(
      simpleAnnotations: [
        MinidumpSimpleAnnotation(key: "z", value: "1"), MinidumpSimpleAnnotation(key: "a", value: "2"),
        MinidumpSimpleAnnotation(key: "z", value: "3"), MinidumpSimpleAnnotation(key: "B", value: "4"),
      ],
      modules: [
        MinidumpModuleCrashpadInfo(moduleIndex: 3), MinidumpModuleCrashpadInfo(moduleIndex: 4, listAnnotations: ["x"]),
        MinidumpModuleCrashpadInfo(moduleIndex: 4, listAnnotations: ["y"]),
      ])
    let info = try #require(try MinidumpReader(Sample.write(contents)).crashpadInfo)
    #expect(info.simpleAnnotations.map { $0.key + $0.value } == ["B4", "a2", "z1"])
    #expect(info.modules == [MinidumpModuleCrashpadInfo(moduleIndex: 4, listAnnotations: ["x"])])
  }

  @Test func `fixed text fields are cut and stay terminated`() throws {
    var contents = MinidumpContents()
    var info = MinidumpMiscInfo()
    info.buildString = String(repeating: "b", count: 1000)
    info.debugBuildString = String(repeating: "d", count: 38) + "😀"
    var zone = MinidumpTimeZone()
    zone.standardName = String(repeating: "s", count: 40)
    info.timeZone = zone
    contents.miscInfo = info
    let read = try #require(try MinidumpReader(Sample.write(contents)).miscInfo)
    #expect(read.buildString?.count == 259)
    #expect(read.debugBuildString == String(repeating: "d", count: 38))
    #expect(read.timeZone?.standardName.count == 31)
  }

  @Test func `priorities are packed as Crashpad packs them`() {
    #expect(MinidumpThread.linuxPriority(policy: 0, nice: 0, staticPriority: 0) == 0x0000_0314)
    #expect(MinidumpThread.linuxPriority(policy: 1, nice: -20, staticPriority: 99) == 0x0063_0528)
    #expect(MinidumpThread.linuxPriority(policy: 77, nice: .min, staticPriority: .max) == 0x00ff_0000)
  }
}
