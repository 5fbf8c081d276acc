// Provides the frame descriptions of .debug_frame, which the debug information of code without .eh_frame has.
internal import CallFrames
internal import ELFImage
internal import ProcessMemory
import StableOrder

/// The section `.debug_frame` of one file, sorted by address: it has no table of its own. All addresses are of the link.
///
/// Source: DWARF 5, section 6.4.1.
struct DebugFrameTable {
  private struct Entry {
    let start: UInt64
    let offset: UInt64
  }

  private let memory: MappedMemoryReader
  private var entries: [Entry] = []

  private static let limit = 1_000_000

  init?(_ file: MappedELF) {
    guard let section = file.elf.section(named: ".debug_frame"), !section.isCompressed,
      let content = file.content(of: section)
    else { return nil }
    memory = MappedMemoryReader(content.bytes, keepingAlive: file)
    var offset: UInt64 = 0
    while entries.count < Self.limit, let record = FrameRecord.read(at: offset, memory: memory) {
      // Records of 64-bit DWARF have another length; nobody writes them.
      var cursor = record.cursor
      if let kind = cursor.integer(UInt32.self), kind != FrameRecord.Kind.debugFrame.commonMark,
        let start = cursor.integer(UInt64.self)
      {
        entries.append(Entry(start: start, offset: offset))
      }
      offset = record.next
    }
    if entries.isEmpty { return nil }
    entries.sort { $0.start < $1.start }
  }

  /// The description that covers an address.
  func description(at address: UInt64) -> FrameDescription? {
    let low = entries.partitioningIndex { $0.start > address }
    guard low > 0,
      let found = FrameDescription(at: entries[low - 1].offset, memory: memory, kind: .debugFrame),
      address >= found.start, address < found.end
    else { return nil }
    return found
  }
}
