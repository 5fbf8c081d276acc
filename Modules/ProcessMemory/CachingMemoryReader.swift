// Provides a bounded page cache before a slower reader.

/// Keeps pages of memory that does not change: of a stopped process or of a dump.
///
/// Many small reads (link map, symbols, notes) then cost one system call a page. Reads of more than a few pages pass by
/// the cache. At most `capacity` pages are kept; the oldest one makes room.
public final class CachingMemoryReader: MemoryReader {
  private static let pageSize = 4096
  private let base: any MemoryReader
  private let capacity: Int
  /// Slot in `storage` and `pages` by page address.
  private var slots: [UInt64: Int] = [:]
  private var pages: [UInt64] = []
  /// Bytes of each slot's page that could be read, from its start on.
  private var valid: [Int] = []
  private let storage: UnsafeMutablePointer<UInt8>
  private var oldest = 0

  /// - Parameter capacity: pages of 4096 bytes that are kept at most; at least 1.
  public init(_ base: any MemoryReader, capacity: Int = 512) {
    self.base = base
    self.capacity = min(max(1, capacity), 1 << 16)
    storage = .allocate(capacity: self.capacity * Self.pageSize)
  }

  deinit { storage.deallocate() }

  /// Forgets everything, for memory that has changed.
  public func invalidate() {
    slots.removeAll()
    pages.removeAll()
    valid.removeAll()
    oldest = 0
  }

  public func readPieces(_ pieces: UnsafeBufferPointer<MemoryPiece>) -> Int { base.readPieces(pieces) }

  /// Reads pages that will be needed, in as few calls as possible. What cannot be read is tried again when it is needed;
  /// more than half of the capacity is not read ahead.
  ///
  /// - Parameter addresses: one in each page.
  public func prefetch(_ addresses: [UInt64]) {
    var wanted: [UInt64] = []
    var seen: Set<UInt64> = []
    for address in addresses where wanted.count < capacity / 2 {
      let page = address & ~UInt64(Self.pageSize - 1)
      if slots[page] == nil, seen.insert(page).inserted { wanted.append(page) }
    }
    // New slots only: what somebody reads at this moment stays.
    guard wanted.count > 1, wanted.count <= capacity - pages.count else { return }
    let first = pages.count
    let pieces = wanted.enumerated().map { index, page in
      MemoryPiece(address: page, buffer: place(of: first + index, pages: 1))
    }
    let count = pieces.withUnsafeBufferPointer { min(base.readPieces($0), wanted.count) }
    for page in wanted[..<count] { keep(page, valid: Self.pageSize) }
  }

  /// Takes the page that was read into the next free slot.
  private func keep(_ page: UInt64, valid count: Int) {
    slots[page] = pages.count
    pages.append(page)
    valid.append(count)
  }

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if buffer.count > 4 * Self.pageSize { return base.read(at: address, into: buffer) }
    guard let target = buffer.baseAddress else { return 0 }
    var done = 0
    while done < buffer.count {
      let (position, overflow) = address.addingReportingOverflow(UInt64(done))
      if overflow { break }
      let offset = Int(position % UInt64(Self.pageSize))
      let end = position.addingReportingOverflow(UInt64(buffer.count - done - 1))
      let slot = slot(for: position - UInt64(offset), to: end.overflow ? .max : end.partialValue)
      let count = min(valid[slot] - offset, buffer.count - done)
      if count <= 0 {
        // In a dump a page can be readable from its middle on: ask for exactly what is left.
        return done
          + base.read(
            at: position, into: UnsafeMutableRawBufferPointer(start: target + done, count: buffer.count - done))
      }
      (target + done).copyMemory(from: storage + slot * Self.pageSize + offset, byteCount: count)
      done += count
    }
    return done
  }

  /// - Parameter end: the last address that is wanted: pages up to there are read in one go.
  private func slot(for page: UInt64, to end: UInt64) -> Int {
    if let slot = slots[page] { return slot }
    let size = UInt64(Self.pageSize)
    let first = pages.count
    if first < capacity {
      var run = 1
      while UInt64(run) * size <= end - page, first + run < capacity, slots[page + UInt64(run) * size] == nil {
        run += 1
      }
      let count = base.read(at: page, into: place(of: first, pages: run))
      // The page with the first byte that cannot be read is asked for by itself, unless it is the first.
      keep(page, valid: min(count, Self.pageSize))
      for index in 1..<max(1, count / Self.pageSize) { keep(page + UInt64(index) * size, valid: Self.pageSize) }
      return first
    }
    let slot = oldest
    oldest = (oldest + 1) % capacity
    slots[pages[slot]] = nil
    pages[slot] = page
    slots[page] = slot
    valid[slot] = base.read(at: page, into: place(of: slot, pages: 1))
    return slot
  }

  private func place(of slot: Int, pages: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: storage + slot * Self.pageSize, count: pages * Self.pageSize)
  }
}
