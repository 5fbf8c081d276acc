// Provides which pages of a process have anything in them.
internal import CLinuxShims
public import LinuxSystem

/// Tells which parts of private anonymous memory a process has touched. All others are zeros, and need not be read: reading
/// them would even cost the process page tables.
///
/// Asks `/proc/PID/pagemap`: by `PAGEMAP_SCAN` from Linux 6.7 on, and before by its entries, which do not tell the page of
/// zeros that a reader left from others. Not thread safe.
public final class TouchedPages {
  private static let pageSize: UInt64 = 4096
  /// Parts and entries that are asked for at once.
  private static let limit = 512
  private static let entryLimit: UInt64 = 4096
  /// What lies between two parts and is not longer belongs to both: one call more costs more than to read it.
  private static let gap: UInt64 = 32 << 10

  private let file: OwnedFileDescriptor
  private let regions: UnsafeMutablePointer<page_scan_region>
  private var canScan = true

  /// - Throws: why the file cannot be opened: `EACCES` without the right to ptrace, `ENOENT` when there is no such process.
  public init(process: Int32) throws(Errno) {
    file = try FileSystem.open(FilePath("/proc/\(process)/pagemap"))
    regions = .allocate(capacity: Self.limit)
  }

  /// As on a kernel before `PAGEMAP_SCAN`, for tests.
  package convenience init(process: Int32, scans: Bool) throws(Errno) {
    try self.init(process: process)
    canScan = scans
  }

  deinit { regions.deallocate() }

  /// The touched parts from the start of a range on.
  ///
  /// - Parameter range: of private anonymous memory alone; about other memory the answer says nothing.
  /// - Returns: the parts in the order of their addresses, and how far they reach: at least a page, unless the range is empty.
  ///   What the kernel does not tell counts as touched.
  public func parts(of range: AddressRange) -> (parts: [AddressRange], end: UInt64) {
    if range.isEmpty { return ([], range.end) }
    let start = range.start & ~(Self.pageSize - 1)
    // Rounding up would leave the address space on its last page only, where no process has memory.
    guard range.end <= UInt64.max - Self.pageSize else { return ([range], range.end) }
    let end = (range.end + Self.pageSize - 1) & ~(Self.pageSize - 1)
    var parts: [AddressRange] = []
    func add(_ first: UInt64, _ last: UInt64) {
      guard let part = AddressRange(start: first, end: max(first, last))?.intersection(range) else { return }
      if let before = parts.last, part.start >= before.end, part.start - before.end <= Self.gap {
        parts[parts.count - 1] = AddressRange(start: before.start, size: part.end - before.start)
      } else {
        parts.append(part)
      }
    }
    if canScan {
      var walked: UInt64 = 0
      let found = page_scan(file.rawValue, start, end, regions, Self.limit, &walked)
      if found >= 0, walked > start {
        for index in 0..<min(Int(found), Self.limit) { add(regions[index].start, regions[index].end) }
        return (parts, min(walked, range.end))
      }
      canScan = false
    }
    let last = min(end, start + Self.entryLimit * Self.pageSize)
    let wanted = Int((last - start) / Self.pageSize) * 8
    guard let entries = try? file.read(upTo: wanted, at: Int64(truncatingIfNeeded: start / Self.pageSize * 8)),
      entries.count >= 8
    else { return ([range], range.end) }
    var position = start
    for index in 0..<entries.count / 8 {
      // Bit 63 is a page in memory, bit 62 one in swap, or a marker of the kernel's, which only reading explains.
      if entries[index * 8 + 7] & 0xc0 != 0 { add(position, position + Self.pageSize) }
      position += Self.pageSize
    }
    return (parts, min(position, range.end))
  }
}
