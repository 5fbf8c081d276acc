// Tests the fast way of memory into a file: nothing is lost, and zeros take no place.
import CLinuxShims
import LinuxSystem
import MinidumpFormat
import ProcessMemory
import ProcessSnapshot
import SentryNativeTesting
import Testing

@testable import MinidumpCapture

/// Memory in which one page cannot be read.
private final class HoleyMemory: MemoryReader {
  let base: any MemoryReader
  let hole: UInt64
  init(_ base: any MemoryReader, hole: UInt64) {
    self.base = base
    self.hole = hole
  }
  func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if address >= hole { return address < hole + 4096 ? 0 : base.read(at: address, into: buffer) }
    let count = min(buffer.count, Int(hole - address))
    return base.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
  }
  func forAnotherThread() -> (any MemoryReader)? { base.forAnotherThread().map { HoleyMemory($0, hole: hole) } }
}

/// A file that is full after some writes.
private final class FullSink: MinidumpSink {
  let canOverwrite = true
  private let lock = Lock()
  private(set) var calls = 0
  func write(_ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) {}
  func extend(to size: UInt64) throws(MinidumpSinkError) -> Bool { true }
  func overwrite(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(MinidumpSinkError) -> Bool {
    let isFull = lock.withLock {
      calls += 1
      return calls > 3
    }
    if isFull { throw MinidumpSinkError(code: 28) }
    return true
  }
}

@Suite(.timeLimit(.minutes(10))) struct `Memory that is copied` {
  private let size = 48 << 20
  private let written = 24 << 20

  /// Memory of this process: half of it written, every fourth page of that with zeros.
  private func withMemory(_ body: (UnsafeMutableRawPointer, MemoryMap) throws -> Void) throws {
    let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(memory, size) }
    for page in 0..<written / 4096 {
      memset(memory + page * 4096, page % 4 == 0 ? 0 : Int32(page % 251 + 1), 4096)
    }
    // Other tests allocate meanwhile, and the kernel gives the map in pieces.
    let map = try waitFor("the map stands still") { () -> MemoryMap? in
      guard case .parsed(let map) = MemoryMap.parse(try FileSystem.read("/proc/self/maps")) else { return nil }
      return map
    }
    try body(memory, map)
  }

  @Test(arguments: [false, true]) func `is the same in the file, and zeros take no place`(second: Bool) throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    try withMemory { memory, map in
      let file = try FileSystem.open(folder.appending("copy"), [.readWrite, .create])
      let sink = MinidumpFileSink(descriptor: file.rawValue)
      let hole = UInt64(UInt(bitPattern: memory)) + 5 * 4096
      let copier = MemoryCopier(
        HoleyMemory(ProcessVMMemoryReader(thread: getpid()), hole: hole), map, process: getpid(), to: sink,
        usesSecondThread: second)
      // Two ranges, neither of whole pages, to an odd place.
      let start = UInt64(UInt(bitPattern: memory)) + 100
      let ranges = [
        MinidumpAddressRange(start: start, size: UInt64(written) - 1000),
        MinidumpAddressRange(start: start + UInt64(written), size: UInt64(size - written) - 200),
      ]
      let total = ranges.reduce(0) { $0 + $1.size }
      #expect(try sink.extend(to: 77 + total))
      #expect(try copier.copy(ranges, to: 77) == 4096)
      let bytes = try file.read(upTo: 77 + Int(total), at: 0)
      #expect(bytes.count == 77 + Int(total))
      memset(memory + 5 * 4096, 0xfe, 4096)
      var offset = 77
      for range in ranges {
        let place = try #require(UnsafeRawPointer(bitPattern: UInt(range.start)))
        let isEqual = bytes.withUnsafeBytes { bytes in
          bytes.baseAddress.map { memcmp($0 + offset, place, Int(range.size)) } == 0
        }
        #expect(isEqual)
        offset += Int(range.size)
      }
      // A quarter of the pages is zero; each hole loses a page to the odd place of its neighbours at most.
      var status = stat()
      #expect(fstat(file.rawValue, &status) == 0)
      #expect(status.st_blocks * 512 <= written + (1 << 20))
    }
  }

  @Test(arguments: [false, true]) func `ends with the first piece that cannot be written`(second: Bool) throws {
    try withMemory { memory, map in
      let sink = FullSink()
      let copier = MemoryCopier(
        ProcessVMMemoryReader(thread: getpid()), map, process: getpid(), to: sink, usesSecondThread: second)
      let range = MinidumpAddressRange(start: UInt64(UInt(bitPattern: memory)), size: UInt64(size))
      #expect(throws: MinidumpSinkError(code: 28)) { try copier.copy([range], to: 0) }
      #expect(sink.calls <= 5)
    }
  }

  @Test func `is nothing that the file had before`() throws {
    let folder = try TemporaryDirectory()
    defer { folder.remove() }
    let file = try FileSystem.open(folder.appending("old"), [.readWrite, .create])
    try file.writeAll([UInt8](repeating: 7, count: 100_000))
    lseek(file.rawValue, 0, SEEK_SET)
    let sink = MinidumpFileSink(descriptor: file.rawValue)
    try file.writeAll([UInt8](repeating: 1, count: 10))
    #expect(try sink.extend(to: 90_000))
    #expect(
      try file.read(upTo: 100_000, at: 0) == [UInt8](repeating: 1, count: 10) + [UInt8](repeating: 0, count: 89_990))
    let ends = try Pipe.open()
    defer { for end in [ends.reading, ends.writing] { close(end) } }
    #expect(try !MinidumpFileSink(descriptor: ends.writing).extend(to: 10))
  }

  @Test func `is skipped where untouched pages are zeros alone`() throws {
    func mapping(_ name: String, inode: UInt64 = 0, shared: Bool = false) -> Bool {
      MemoryMapping(
        range: AddressRange(start: 4096, size: 4096), isReadable: true, isWritable: true, isExecutable: false,
        isShared: shared, offset: 0, device: 0, inode: inode, name: FilePath(name)
      ).isZeroUntilTouched
    }
    #expect(mapping("") && mapping("[heap]") && mapping("[stack]") && mapping("[anon:arena]"))
    #expect(!mapping("[vdso]") && !mapping("[vvar]") && !mapping("[uprobes]") && !mapping("/dev/zero"))
    #expect(!mapping("", inode: 5) && !mapping("", shared: true) && !mapping("/SYSV00000000 (deleted)", shared: true))
  }
}
