// Tests that every strategy reads the same bytes of a real process, and where each one stops.
import LinuxSystem
import ProcessMemory
import SentryNativeTesting
import Testing

/// The fixture's memory: two pages with a pattern, a hole of one page, one page more.
private final class PatternProcess {
  let process: RunningProcess
  let address: UInt64

  init() throws {
    process = try RunningProcess(try FileSystem.executable().directory.appending("SnapshotFixture"), ["memory"])
    try process.waitForOutput(containing: "\n")
    let words = process.output.split { $0 == " " || $0 == "\n" }
    address = try #require(UInt64(words[1], radix: 16))
  }

  deinit { process.end() }

  static func pattern(_ offset: Int, _ count: Int) -> [UInt8] {
    (offset..<(offset + count)).map { UInt8(truncatingIfNeeded: ($0 * 7) >> 3) }
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Readers of a process` {
  private func readers(_ process: Int32) throws -> [(String, any MemoryReader)] {
    [
      ("process_vm_readv", ProcessVMMemoryReader(thread: process)),
      ("mem", try ProcMemMemoryReader(process: process, thread: process)),
      ("cached", CachingMemoryReader(ProcessVMMemoryReader(thread: process), capacity: 2)),
    ]
  }

  @Test func `every strategy reads the same bytes`() throws {
    let fixture = try PatternProcess()
    for (name, reader) in try readers(fixture.process.processID) {
      for (offset, count) in [(0, 1), (3, 13), (4090, 12), (1, 8191), (0, 8192), (8191, 1)] {
        let bytes = try reader.readBytes(at: fixture.address + UInt64(offset), count: count)
        #expect(bytes == PatternProcess.pattern(offset, count), "\(name) at \(offset)")
      }
      #expect(try reader.readUInt16(at: fixture.address + 8) == 0x0707, "\(name)")
    }
  }

  @Test func `a read that runs into a hole gives the bytes before it`() throws {
    let fixture = try PatternProcess()
    for (name, reader) in try readers(fixture.process.processID) {
      let bytes = reader.readAvailable(at: fixture.address + 100, count: 3 * 4096)
      #expect(bytes == PatternProcess.pattern(100, 8192 - 100), "\(name)")
      // As long as what is read at once of large memory.
      #expect(reader.readAvailable(at: fixture.address + 100, count: 1 << 20) == bytes, "\(name)")
      #expect(reader.readAvailable(at: fixture.address + 8192, count: 8).isEmpty, "\(name)")
      #expect(reader.readAvailable(at: fixture.address + 3 * 4096 - 1, count: 8).isEmpty, "\(name)")
      #expect(reader.readAvailable(at: fixture.address + 3 * 4096, count: 8).count == 8, "\(name)")
      #expect(throws: MemoryError.self) { try reader.readBytes(at: fixture.address + 8190, count: 4) }
    }
  }

  @Test func `addresses at the ends of the address space are unreadable, not fatal`() throws {
    let fixture = try PatternProcess()
    for (name, reader) in try readers(fixture.process.processID) {
      for address in [0, 1, UInt64.max, UInt64.max - 7, 1 << 63, 0x0000_8000_0000_0000, 0xffff_8000_0000_0000] {
        #expect(reader.readAvailable(at: address, count: 64).isEmpty, "\(name) at \(address)")
      }
    }
  }

  @Test func `the ladder takes the fastest way and tells which`() throws {
    let fixture = try PatternProcess()
    let process = fixture.process.processID
    #expect(MemoryAccess.open(process: process, thread: process).strategy == .processVM)
    let second = MemoryAccess.open(process: process, thread: process, allowed: [.procMem, .ptrace])
    #expect(second.strategy == .procMem)
    #expect(try second.reader.readUInt16(at: fixture.address + 8) == 0x0707)
  }

  @Test func `a process that has ended leaves the last resort, with the reasons`() throws {
    let fixture = try PatternProcess()
    fixture.process.end()
    let access = MemoryAccess.open(process: fixture.process.processID, thread: fixture.process.processID)
    #expect(access.strategy == .ptrace)
    #expect(access.refusals.map { $0.strategy } == [.processVM, .procMem])
    #expect(access.refusals.map { $0.reason } == [.noSuchProcess, .noSuchFile])
    #expect(access.reader.readAvailable(at: fixture.address, count: 8).isEmpty)
  }
}

@Suite struct `Readers over other readers` {
  /// Counts what reaches the reader below.
  private final class Counting: MemoryReader {
    let base: BytesMemoryReader
    var reads = 0
    init(_ base: BytesMemoryReader) { self.base = base }
    func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
      reads += 1
      return base.read(at: address, into: buffer)
    }
  }

  @Test func `the cache asks once for a page, and forgets the oldest one`() throws {
    let bytes = (0..<(5 * 4096)).map { UInt8(truncatingIfNeeded: $0 / 16) }
    let counting = Counting(BytesMemoryReader(at: 0x10000, bytes))
    let cache = CachingMemoryReader(counting, capacity: 2)
    for offset in stride(from: 0, to: 4096, by: 8) {
      #expect(try cache.readBytes(at: 0x10000 + UInt64(offset), count: 8) == Array(bytes[offset..<(offset + 8)]))
    }
    #expect(counting.reads == 1)
    _ = cache.readAvailable(at: 0x11ffc, count: 8)
    #expect(counting.reads == 3)
    _ = cache.readAvailable(at: 0x10000, count: 8)
    #expect(counting.reads == 4)
  }

  @Test func `many pieces are read together, up to the first that is not whole`() throws {
    let fixture = try PatternProcess()
    let reader = ProcessVMMemoryReader(thread: fixture.process.processID)
    // The last but one runs into the hole.
    let places: [(offset: Int, count: Int)] = [(1, 5), (4090, 12), (0, 8192), (8000, 400), (0, 1)]
    let buffers = places.map { UnsafeMutableRawBufferPointer.allocate(byteCount: $0.count, alignment: 1) }
    defer { for buffer in buffers { buffer.deallocate() } }
    func pieces(_ indices: [Int]) -> [MemoryPiece] {
      indices.map { MemoryPiece(address: fixture.address + UInt64(places[$0].offset), buffer: buffers[$0]) }
    }
    #expect(pieces([0, 1, 2, 3, 4]).withUnsafeBufferPointer { reader.readPieces($0) } == 3)
    for index in 0..<3 {
      #expect(Array(buffers[index]) == PatternProcess.pattern(places[index].offset, places[index].count))
    }
    #expect(pieces([3]).withUnsafeBufferPointer { reader.readPieces($0) } == 0)
    // More than one call of the kernel takes.
    let many = pieces((0..<1000).map { _ in 1 })
    #expect(many.withUnsafeBufferPointer { reader.readPieces($0) } == 1000)
    #expect(Array(buffers[1]) == PatternProcess.pattern(4090, 12))
  }

  @Test func `the cache asks once for pages that are wanted together`() {
    let memory = BytesMemoryReader(at: 0x10000, (0..<0x5000).map { UInt8(truncatingIfNeeded: $0 >> 4) })
    let counting = Counting(memory)
    let cache = CachingMemoryReader(counting, capacity: 16)
    #expect(cache.readAvailable(at: 0x10ff0, count: 0x1020) == memory.readAvailable(at: 0x10ff0, count: 0x1020))
    #expect(counting.reads == 1)
    // The last page is not there.
    #expect(cache.readAvailable(at: 0x14800, count: 0x1000) == memory.readAvailable(at: 0x14800, count: 0x800))
    let before = counting.reads
    for address: UInt64 in [0x10000, 0x11000, 0x12000, 0x14000] {
      #expect(cache.readAvailable(at: address, count: 8) == memory.readAvailable(at: address, count: 8))
    }
    #expect(counting.reads == before)
  }

  @Test func `pages that were read ahead are those of the process`() throws {
    let fixture = try PatternProcess()
    let cache = CachingMemoryReader(ProcessVMMemoryReader(thread: fixture.process.processID), capacity: 16)
    // In this order, one of them twice, and the hole at the end.
    cache.prefetch([4096, 0, 5000, 8192].map { fixture.address + $0 })
    #expect(cache.readAvailable(at: fixture.address + 100, count: 8000) == PatternProcess.pattern(100, 8000))
    #expect(cache.readAvailable(at: fixture.address + 8192, count: 8).isEmpty)
  }

  @Test func `the cache gives what lies in the middle of a page that begins unreadable`() throws {
    let cache = CachingMemoryReader(BytesMemoryReader(at: 0x10800, [1, 2, 3, 4]), capacity: 2)
    #expect(try cache.readBytes(at: 0x10800, count: 4) == [1, 2, 3, 4])
    #expect(cache.readAvailable(at: 0x107ff, count: 4).isEmpty)
    #expect(cache.readAvailable(at: 0x10803, count: 4) == [4])
  }

  @Test func `a range hides everything around it`() throws {
    let range = RangeMemoryReader(
      BytesMemoryReader(at: 100, Array(0..<100)), range: AddressRange(start: 110, size: 10))
    #expect(range.readAvailable(at: 105, count: 20).isEmpty)
    #expect(range.readAvailable(at: 110, count: 20) == Array(10..<20))
    #expect(range.readAvailable(at: 119, count: 1) == [19])
    #expect(range.readAvailable(at: 120, count: 1).isEmpty)
  }

  @Test func `pieces that touch read as one`() throws {
    let reader = BytesMemoryReader(at: 10, [1, 2])
    reader.add([3, 4], at: 12)
    #expect(reader.readAvailable(at: 10, count: 9) == [1, 2, 3, 4])
    #expect(reader.readAvailable(at: 9, count: 9).isEmpty)
  }

  @Test func `a string ends at its limit, at the end of memory, or at its NUL`() throws {
    let reader = BytesMemoryReader(at: 0xffe, Array("abcdef".utf8) + [0])
    #expect(try reader.readCString(at: 0xffe, limit: 7) == Array("abcdef".utf8))
    #expect(throws: MemoryError(.unterminated, address: 0xffe, count: 6)) {
      try reader.readCString(at: 0xffe, limit: 6)
    }
    let open = BytesMemoryReader(at: 0xffe, Array("abcdef".utf8))
    #expect(throws: MemoryError.self) { try open.readCString(at: 0xffe, limit: 100) }
  }
}
