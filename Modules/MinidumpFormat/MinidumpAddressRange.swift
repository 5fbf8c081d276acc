// Provides ranges of addresses of the process that a dump describes.

import StableOrder

/// A range of addresses.
public struct MinidumpAddressRange: Hashable, Sendable {
  public var start: UInt64
  /// Bytes.
  public var size: UInt64

  public init(start: UInt64, size: UInt64) {
    self.start = start
    self.size = size
  }

  /// One past the last address; the end of the address space when the range would leave it.
  public var end: UInt64 {
    let (end, overflow) = start.addingReportingOverflow(size)
    return overflow ? .max : end
  }

  public func contains(_ address: UInt64) -> Bool { address >= start && address &- start < size }

  /// Whether the two have a byte in common.
  public func overlaps(_ other: MinidumpAddressRange) -> Bool {
    size > 0 && other.size > 0 && start < other.end && other.start < end
  }
}

extension MinidumpAddressRange {
  /// Sorted by address, without empty ranges, overlapping and touching ones merged.
  internal static func coalesced(_ ranges: [MinidumpAddressRange]) -> [MinidumpAddressRange] {
    var result: [MinidumpAddressRange] = []
    result.reserveCapacity(ranges.count)
    for range in ranges.inOrder(by: { ($0.start, $0.size) < ($1.start, $1.size) }) where range.size > 0 {
      let clamped = MinidumpAddressRange(start: range.start, size: range.end - range.start)
      if let last = result.last, clamped.start <= last.end {
        result[result.count - 1].size = max(last.end, clamped.end) - last.start
      } else {
        result.append(clamped)
      }
    }
    return result
  }

  /// What is left of `ranges` without every byte of `taken`. Both are sorted and do not overlap within themselves.
  internal static func subtract(
    _ taken: [MinidumpAddressRange], from ranges: [MinidumpAddressRange]
  ) -> [MinidumpAddressRange] {
    var result: [MinidumpAddressRange] = []
    var first = 0
    for range in ranges {
      var position = range.start
      while first < taken.count, taken[first].end <= range.start { first += 1 }
      var next = first
      while next < taken.count, taken[next].start < range.end {
        let hole = taken[next]
        if hole.start > position {
          result.append(MinidumpAddressRange(start: position, size: hole.start - position))
        }
        position = max(position, hole.end)
        next += 1
      }
      if position < range.end { result.append(MinidumpAddressRange(start: position, size: range.end - position)) }
    }
    return result
  }
}
