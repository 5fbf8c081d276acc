// Provides records in memory that outlives the process.
internal import CLinuxShims
internal import SentryEnvelope

/// Writes one segment of a file of segments (`MappedSegments`). Not thread safe.
internal struct MappedRecords {
  private let base: UnsafeMutableRawPointer
  /// Bytes for records.
  let capacity: Int
  /// Bytes of records.
  private(set) var count = 0

  /// Makes an empty segment of all of `memory`: at least a header long, and aligned to words.
  init?(_ memory: UnsafeMutableRawBufferPointer, order: UInt32 = 0) {
    guard let base = memory.baseAddress, memory.count >= MappedSegments.headerSize, memory.count < 1 << 31 else {
      return nil
    }
    self.base = base
    capacity = memory.count - MappedSegments.headerSize
    base.storeBytes(of: UInt32(memory.count).littleEndian, toByteOffset: 4, as: UInt32.self)
    base.storeBytes(of: order.littleEndian, toByteOffset: 8, as: UInt32.self)
    base.storeBytes(of: 0, toByteOffset: 12, as: UInt32.self)
    linux_store_release(base.assumingMemoryBound(to: UInt32.self), MappedSegments.magic.littleEndian)
  }

  /// Stores a record behind the others. A process that dies meanwhile leaves it whole or not at all.
  ///
  /// - Returns: `false` when there is no room; nothing changes then.
  @discardableResult
  mutating func append(_ record: [UInt8]) -> Bool {
    if record.count > capacity - count { return false }
    record.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      (base + MappedSegments.headerSize + count).copyMemory(from: start, byteCount: source.count)
    }
    setCount(count + record.count)
    return true
  }

  /// Empties the segment.
  ///
  /// - Parameter order: its place among the others from now on.
  mutating func removeAll(order: UInt32 = 0) {
    setCount(0)
    base.storeBytes(of: order.littleEndian, toByteOffset: 8, as: UInt32.self)
  }

  /// Changes a word of a record that is there, in one step.
  ///
  /// - Parameter offset: from the beginning of the records; a multiple of 4.
  func store(_ word: UInt32, at offset: Int) {
    if offset < 0 || offset > count - 4 || offset % 4 != 0 { return }
    linux_store_release(
      (base + MappedSegments.headerSize + offset).assumingMemoryBound(to: UInt32.self), word.littleEndian)
  }

  /// A copy of the records.
  var bytes: [UInt8] {
    Array(UnsafeRawBufferPointer(start: base + MappedSegments.headerSize, count: count))
  }

  private mutating func setCount(_ new: Int) {
    count = new
    linux_store_release((base + 12).assumingMemoryBound(to: UInt32.self), UInt32(new).littleEndian)
  }
}
