// Provides a map of a process where /proc tells none: what can be read is found by reading.
internal import LinuxSystem
internal import ProcessMemory
import StableOrder

enum MemoryProbe {
  private static let page: UInt64 = 4096
  /// Below a place: code and data lie on both sides of a pointer, a stack above its pointer.
  private static let below: UInt64 = 16 * page

  /// Readable memory around `places`, as mappings without names.
  ///
  /// - Parameter limit: bytes above a place.
  static func map(_ memory: any MemoryReader, around places: [UInt64], limit: UInt64) -> MemoryMap {
    var found: [AddressRange] = []
    for place in places where place >= page && place < 1 << 47 {
      if found.contains(where: { $0.contains(place) }) { continue }
      let middle = place & ~(page - 1)
      guard isReadable(memory, middle) else { continue }
      var start = middle
      while middle - start < below, start > page, isReadable(memory, start - page) { start -= page }
      var end = middle + page
      while end - middle < limit, end < 1 << 47, isReadable(memory, end) { end += page }
      found.append(AddressRange(start: start, size: end - start))
    }
    found = found.inOrder { $0.start < $1.start }
    var mappings: [MemoryMapping] = []
    var last: UInt64 = 0
    for range in found where range.end > last {
      let start = max(range.start, last)
      last = range.end
      mappings.append(
        MemoryMapping(
          range: AddressRange(start: start, size: range.end - start), isReadable: true, isWritable: true,
          isExecutable: false, isShared: false, offset: 0, device: 0, inode: 0, name: ""))
    }
    return MemoryMap(mappings)
  }

  private static func isReadable(_ memory: any MemoryReader, _ address: UInt64) -> Bool {
    !MemoryReading.available(memory, address, 1).isEmpty
  }
}
