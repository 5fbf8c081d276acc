// Provides the fast way of all memory of a process into a file.
internal import LinuxSystem
internal import MinidumpFormat
internal import ProcessMemory
internal import ProcessSnapshot

/// Copies memory of a process into a sink that takes bytes at any place. What the process never touched is not read, and
/// pages of zeros are not written: they are holes in the file.
///
/// A second thread does the same with other parts: while one writes, which a file lets one thread do at a time, the other one
/// reads. A third would find nothing to do. Numbers: docs/performance.md.
final class MemoryCopier: MinidumpMemoryCopier, @unchecked Sendable {
  // @unchecked: `memory` belongs to the thread that makes it; `pieces`, `unreadable` and `failure` are used under `lock`.

  /// Bytes that are read and written at once. Both halves of a copy stay in the processor's caches.
  private static let chunk = 1 << 20
  /// With less memory a thread takes longer to begin than it gains.
  private static let smallest: UInt64 = 16 << 20
  private static let page = 4096

  private let memory: any MemoryReader
  private let map: MemoryMap
  private let touched: TouchedPages?
  private let sink: any MinidumpSink
  private let usesSecondThread: Bool
  private let lock = Lock()
  private var pieces: MemoryPieces
  private var unreadable: UInt64 = 0
  private var failure: MinidumpSinkError?

  init(
    _ memory: any MemoryReader, _ map: MemoryMap, process: Int32, to sink: any MinidumpSink, usesSecondThread: Bool
  ) {
    self.memory = memory
    self.map = map
    self.sink = sink
    self.usesSecondThread = usesSecondThread
    // Without the right to know, everything is read.
    touched = try? TouchedPages(process: process)
    pieces = MemoryPieces([], at: 0, map, nil)
  }

  func copy(_ ranges: [MinidumpAddressRange], to offset: UInt64) throws(MinidumpSinkError) -> UInt64 {
    pieces = MemoryPieces(ranges, at: offset, map, touched)
    unreadable = 0
    failure = nil
    let helper = ranges.reduce(0) { $0 &+ $1.size } >= Self.smallest ? second() : nil
    work(memory)
    helper?.join()
    if let failure { throw failure }
    return unreadable
  }

  /// The second thread, where one is wanted and can be had.
  private func second() -> WorkerThread? {
    guard usesSecondThread, let other = memory.forAnotherThread() else { return nil }
    let box = Box(other)
    do throws(Errno) {
      try FaultPoint.reached("dump.second-thread")
      return try WorkerThread(name: "dump-memory") { self.work(box.memory) }
    } catch {
      return nil
    }
  }

  private final class Box: @unchecked Sendable {
    // @unchecked: whoever makes it does not use the reader.
    let memory: any MemoryReader
    init(_ memory: any MemoryReader) { self.memory = memory }
  }

  /// Copies piece after piece, until there is none or one could not be written.
  private func work(_ memory: any MemoryReader) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: Self.page)
    defer { buffer.deallocate() }
    while let piece = lock.withLock({ failure == nil ? pieces.next(limit: Self.chunk) : nil }) {
      let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
      let missing = MinidumpMemoryFill.read(at: piece.address, into: bytes) { memory.read(at: $0, into: $1) }
      if missing > 0 { lock.withLock { unreadable += missing } }
      do throws(MinidumpSinkError) {
        try write(UnsafeRawBufferPointer(bytes), at: piece.offset)
      } catch {
        lock.withLock { if failure == nil { failure = error } }
      }
    }
  }

  /// Writes everything but pages of zeros.
  private func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(MinidumpSinkError) {
    func store(_ start: Int, _ end: Int) throws(MinidumpSinkError) {
      if start == end { return }
      sink.reserve(at: offset + UInt64(start), count: end - start)
      guard try sink.overwrite(at: offset + UInt64(start), UnsafeRawBufferPointer(rebasing: bytes[start..<end])) else {
        throw MinidumpSinkError(code: Errno.inputOutput.rawValue)
      }
    }
    var start = 0
    var position = 0
    while position < bytes.count {
      let end = min(position + Self.page, bytes.count)
      if Self.isZero(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) {
        try store(start, position)
        start = end
      }
      position = end
    }
    try store(start, bytes.count)
  }

  private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var offset = 0
    while offset + 8 <= bytes.count {
      if bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
      offset += 8
    }
    while offset < bytes.count {
      if bytes[offset] != 0 { return false }
      offset += 1
    }
    return true
  }
}

/// Pieces of memory that have to be copied, one after the other.
struct MemoryPieces {
  /// A piece, and the place of its bytes in the file.
  struct Piece {
    let address: UInt64
    let count: Int
    let offset: UInt64
  }

  private let ranges: [MinidumpAddressRange]
  private let map: MemoryMap
  private let touched: TouchedPages?
  private var index = 0
  /// Where the first byte of the range lies in the file.
  private var offset: UInt64
  /// In the range: up to here it is known what has to be copied.
  private var known: UInt64
  private var parts: ArraySlice<AddressRange> = []

  init(_ ranges: [MinidumpAddressRange], at offset: UInt64, _ map: MemoryMap, _ touched: TouchedPages?) {
    self.ranges = ranges
    self.map = map
    self.touched = touched
    self.offset = offset
    known = ranges.first?.start ?? 0
  }

  /// The next piece, of at most so many bytes; `nil` behind the last one.
  mutating func next(limit: Int) -> Piece? {
    while index < ranges.count {
      let range = ranges[index]
      if let part = parts.popFirst() {
        let count = min(part.size, UInt64(max(1, limit)))
        if count < part.size {
          parts = [AddressRange(start: part.start + count, size: part.size - count)] + parts
        }
        return Piece(address: part.start, count: Int(count), offset: offset + (part.start - range.start))
      }
      if known < range.end {
        look(AddressRange(start: known, size: range.end - known))
      } else {
        offset += range.size
        index += 1
        if index < ranges.count { known = ranges[index].start }
      }
    }
    return nil
  }

  private mutating func look(_ rest: AddressRange) {
    let mapping = map.mapping(of: rest.start)
    let end = mapping.map { min($0.range.end, rest.end) } ?? rest.end
    let section = AddressRange(start: rest.start, size: end - rest.start)
    if let touched, let mapping, mapping.isZeroUntilTouched {
      let answer = touched.parts(of: section)
      parts = answer.parts[...]
      known = max(answer.end, rest.start + 1)
    } else {
      parts = [section]
      known = section.end
    }
  }
}

extension MemoryMapping {
  /// Whether a page that the process has not touched can only be zeros. The kernel's own mappings, such as the vdso, are
  /// anonymous as well, but have names that no program can give.
  var isZeroUntilTouched: Bool {
    guard isAnonymous, !isShared else { return false }
    let name = name.bytes
    return name.isEmpty || name.elementsEqual("[heap]".utf8) || name.starts(with: "[stack".utf8)
      || name.starts(with: "[anon:".utf8)
  }
}
