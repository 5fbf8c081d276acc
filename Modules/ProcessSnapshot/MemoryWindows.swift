// Provides the choice of memory that is worth keeping beside the stacks.
internal import ProcessMemory

/// Collects windows of memory around pointers.
struct MemoryWindows {
  let map: MemoryMap
  private var ranges: [AddressRange] = []

  init(map: MemoryMap) { self.map = map }

  /// The readable parts of `size` bytes, `before` of them before `address`. Small numbers are no pointers.
  mutating func add(around address: UInt64, size: UInt64, before: UInt64) {
    guard size > 0, address >= 0x10000, address <= UInt64.max - 0x10000 else { return }
    ranges += map.readableParts(of: AddressRange(start: address - min(before, address), size: size))
  }

  /// Sorted, joined where they overlap or touch, and without what `excluded` holds already.
  func merged(without excluded: [AddressRange]) -> [AddressRange] {
    var result: [AddressRange] = []
    for range in ranges.sorted(by: { $0.start < $1.start }) {
      if let last = result.last, range.start <= last.end {
        let end = max(last.end, range.end)
        result[result.count - 1] = AddressRange(start: last.start, size: end - last.start)
      } else {
        result.append(range)
      }
    }
    for hole in excluded {
      guard result.contains(where: { $0.overlaps(hole) }) else { continue }
      result = result.flatMap { range -> [AddressRange] in
        guard range.overlaps(hole) else { return [range] }
        return [
          AddressRange(start: range.start, end: hole.start), AddressRange(start: hole.end, end: range.end),
        ].compactMap { $0 }.filter { !$0.isEmpty }
      }
    }
    return result
  }
}
