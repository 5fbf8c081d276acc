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

  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if buffer.count > 4 * Self.pageSize { return base.read(at: address, into: buffer) }
    guard let target = buffer.baseAddress else { return 0 }
    var done = 0
    while done < buffer.count {
      let (position, overflow) = address.addingReportingOverflow(UInt64(done))
      if overflow { break }
      let offset = Int(position % UInt64(Self.pageSize))
      let slot = slot(for: position - UInt64(offset))
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

  private func slot(for page: UInt64) -> Int {
    if let slot = slots[page] { return slot }
    let slot: Int
    if pages.count < capacity {
      slot = pages.count
      pages.append(page)
      valid.append(0)
    } else {
      slot = oldest
      oldest = (oldest + 1) % capacity
      slots[pages[slot]] = nil
      pages[slot] = page
    }
    slots[page] = slot
    valid[slot] = base.read(
      at: page,
      into: UnsafeMutableRawBufferPointer(start: storage + slot * Self.pageSize, count: Self.pageSize))
    return slot
  }
}
