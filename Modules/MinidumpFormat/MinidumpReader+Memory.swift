// Provides the reading of memory: lists of ranges, regions, and memory by address.

import StableOrder

/// A range of memory that the dump holds.
public struct MinidumpMemoryRange: Hashable, Sendable {
  public let start: UInt64
  /// Bytes that the list says.
  public let size: UInt64
  /// Offset in the file of the first byte.
  public let offset: UInt64

  public var addresses: MinidumpAddressRange { MinidumpAddressRange(start: start, size: size) }
}

/// Finds memory by address: ranges of the dump, sorted and without overlaps.
///
/// Where ranges overlap, the one that starts at the lower address has the bytes; of two that start alike, the one that
/// the dump lists first. Pointers are valid as long as the dump's `MinidumpBytes` live.
public struct MinidumpMemoryMap {
  private struct Segment {
    let start: UInt64
    let end: UInt64
    let offset: Int
  }
  private let bytes: MinidumpBytes
  private var segments: [Segment] = []

  internal init(_ bytes: MinidumpBytes, _ ranges: [MinidumpMemoryRange]) {
    self.bytes = bytes
    let sorted = ranges.inOrder { $0.start < $1.start }
    var covered: UInt64 = 0
    for range in sorted {
      guard let offset = Int(exactly: range.offset), offset < bytes.buffer.count else { continue }
      // Only what is in the file, and only up to the end of the address space.
      let available = min(range.size, UInt64(truncatingIfNeeded: bytes.buffer.count &- offset))
      let end = MinidumpAddressRange(start: range.start, size: available).end
      let start = segments.isEmpty ? range.start : max(range.start, covered)
      if start >= end { continue }
      segments.append(Segment(start: start, end: end, offset: offset &+ Int(truncatingIfNeeded: start &- range.start)))
      covered = end
    }
  }

  /// Ranges in the order of their addresses; neighbours may touch.
  public var ranges: [MinidumpAddressRange] {
    segments.map { MinidumpAddressRange(start: $0.start, size: $0.end &- $0.start) }
  }

  /// The memory from `address` on, up to the end of the range that holds it; nil when the dump has no such byte.
  public func bytes(at address: UInt64) -> UnsafeRawBufferPointer? {
    var (low, high) = (0, segments.count)
    while low < high {
      let middle = (low &+ high) >> 1
      if segments[middle].end <= address { low = middle &+ 1 } else { high = middle }
    }
    guard low < segments.count, segments[low].start <= address else { return nil }
    let segment = segments[low]
    // A segment lies inside the file, and the address inside the segment.
    let skip = Int(truncatingIfNeeded: address &- segment.start)
    let count = Int(truncatingIfNeeded: segment.end &- address)
    return MinidumpRecord(bytes: bytes.buffer, order: .little).part(segment.offset &+ skip, count: count).bytes
  }

  /// Copies memory from `address` on until `buffer` is full or a byte is missing.
  ///
  /// - Returns: bytes copied.
  public func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < buffer.count {
      let (position, overflow) = address.addingReportingOverflow(UInt64(truncatingIfNeeded: done))
      if overflow { break }
      guard let source = bytes(at: position) else { break }
      let count = min(source.count, buffer.count &- done)
      UnsafeMutableRawBufferPointer(start: buffer.baseAddress?.advanced(by: done), count: count)
        .copyMemory(from: UnsafeRawBufferPointer(start: source.baseAddress, count: count))
      done &+= count
    }
    return done
  }
}

extension MinidumpReader {
  internal func decodeMemoryList() -> [MinidumpMemoryRange]? {
    guard let record = stream(.memoryList, minimum: 4),
      let (start, count) = list(
        record, .memoryList, entry: 16, stride: MemoryLayout<MinidumpMemoryRange>.stride, "ranges")
    else { return nil }
    return (0..<max(count, 0)).map { index in
      let entry = record.entry(index, of: 16, from: start)
      let range = MinidumpMemoryRange(
        start: entry.u64(0), size: UInt64(entry.u32(8)), offset: UInt64(entry.u32(12)))
      check(range, .memoryList, index)
      return range
    }
  }

  internal func decodeMemory64List() -> [MinidumpMemoryRange]? {
    guard let record = stream(.memory64List, minimum: 16) else { return nil }
    let says = record.u64(0)
    let count = Int(truncatingIfNeeded: min(says, UInt64(truncatingIfNeeded: record.fitting(16, from: 16))))
    if UInt64(count) < says { note(.countTooLarge, .memory64List, "ranges", says) }
    guard charge(count &* MemoryLayout<MinidumpMemoryRange>.stride &+ 32, .memory64List, "ranges") else { return nil }
    var offset = record.u64(8)
    var ranges: [MinidumpMemoryRange] = []
    ranges.reserveCapacity(count)
    for index in 0..<max(count, 0) {
      let entry = record.entry(index, of: 16, from: 16)
      let range = MinidumpMemoryRange(start: entry.u64(0), size: entry.u64(8), offset: offset)
      check(range, .memory64List, index)
      ranges.append(range)
      let (next, overflow) = offset.addingReportingOverflow(range.size)
      if overflow { break }
      offset = next
    }
    return ranges
  }

  private func check(_ range: MinidumpMemoryRange, _ type: MinidumpStreamType, _ index: Int) {
    let (end, overflow) = range.offset.addingReportingOverflow(range.size)
    if overflow || end > UInt64(truncatingIfNeeded: file.count) {
      note(.outsideFile, type, "memory", range.offset, index: index)
    }
    let (last, wraps) = range.start.addingReportingOverflow(range.size)
    if wraps && last != 0 { note(.badReference, type, "the end of the range at", range.start, index: index) }
  }

  internal func makeMemoryMap() -> MinidumpMemoryMap {
    var ranges = (memoryList ?? []) + (memory64List ?? [])
    // Some producers list stacks in the threads alone. Without an offset, the bytes are in one of the lists.
    let type: MinidumpStreamType = contains(.threadList) ? .threadList : .threadExList
    let size = type == .threadList ? MinidumpThread.size : MinidumpThread.sizeWithBackingStore
    if let location = location(of: type), let record = stream(location), record.count >= 4 {
      let padded = record.count &- 8 == Int(record.u32(0)) &* size
      let start = padded ? 8 : 4
      for index in 0..<max(min(Int(record.u32(0)), record.fitting(size, from: start)), 0) {
        let entry = record.entry(index, of: size, from: start)
        // The stack and, in the longer entry, the backing store; zeros are beyond the end of the shorter one.
        for place in [24, 48] where entry.u32(place &+ 12) != 0 {
          ranges.append(
            MinidumpMemoryRange(
              start: entry.u64(place), size: UInt64(entry.u32(place &+ 8)), offset: UInt64(entry.u32(place &+ 12))))
        }
      }
    }
    guard charge(ranges.count &* 64, .memoryList, "ranges") else { return MinidumpMemoryMap(bytes, []) }
    return MinidumpMemoryMap(bytes, ranges)
  }

  internal func decodeMemoryInfo() -> [MinidumpMemoryInfo]? {
    guard let record = stream(.memoryInfoList, minimum: MinidumpMemoryInfo.headerSize),
      let (start, count, size) = sizedList(
        record, .memoryInfoList, header: Int(record.u32(0)), entry: Int(record.u32(4)), count: record.u64(8),
        minimumHeader: MinidumpMemoryInfo.headerSize, minimumEntry: MinidumpMemoryInfo.entrySize,
        stride: MemoryLayout<MinidumpMemoryInfo>.stride, "regions")
    else { return nil }
    return (0..<max(count, 0)).map { index in
      let entry = record.entry(index, of: size, from: start)
      return MinidumpMemoryInfo(
        base: entry.u64(0), size: entry.u64(24), state: .init(rawValue: entry.u32(32)),
        protection: .init(rawValue: entry.u32(36)), kind: .init(rawValue: entry.u32(40)),
        allocationBase: entry.u64(8), allocationProtection: .init(rawValue: entry.u32(16)))
    }
  }
}
