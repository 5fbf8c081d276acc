// Provides the choice of memory that is worth keeping beside the stacks.
internal import ProcessMemory
import StableOrder

/// Collects windows of memory around pointers.
struct MemoryWindows {
  let map: MemoryMap
  private var ranges: [AddressRange] = []
  /// Bytes of all windows so far, overlaps counted twice.
  private(set) var size: UInt64 = 0

  init(map: MemoryMap) { self.map = map }

  /// The readable parts of `size` bytes, `before` of them before `address`. Small numbers are no pointers.
  mutating func add(around address: UInt64, size: UInt64, before: UInt64) {
    guard size > 0, address >= 0x10000, address <= UInt64.max - 0x10000 else { return }
    for part in map.readableParts(of: AddressRange(start: address - min(before, address), size: size)) {
      ranges.append(part)
      self.size += part.size
    }
  }

  /// The readable parts of `range`, `limit` bytes at most. Returns how many bytes that is.
  mutating func add(_ range: AddressRange, limit: UInt64) -> UInt64 {
    var left = limit
    for part in map.readableParts(of: AddressRange(start: range.start, size: min(range.size, limit))) {
      ranges.append(part)
      size += part.size
      left -= min(left, part.size)
    }
    return limit - left
  }

  /// Sorted, joined where they overlap or touch, and without what `excluded` holds already.
  func merged(without excluded: [AddressRange]) -> [AddressRange] {
    AddressRange.subtract(excluded.inOrder { $0.start < $1.start }, from: AddressRange.coalesced(ranges))
  }
}
