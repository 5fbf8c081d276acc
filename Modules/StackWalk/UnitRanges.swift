// Provides units of debug information by the addresses of their code.
internal import ELFImage
import StableOrder

/// Which unit has the code at an address. All addresses are of the link.
struct UnitRanges {
  private struct Entry {
    let low: UInt64
    let high: UInt64
    let unit: UInt64
  }
  private var entries: [Entry] = []

  /// More ranges than this are not looked at.
  private static let limit = 4_000_000

  var isFull: Bool { entries.count >= Self.limit }

  init() {}

  /// Adds a range, to be found after `sort`.
  mutating func add(low: UInt64, high: UInt64, unit: UInt64) {
    // Functions that the linker dropped start at 0.
    if low != 0, high > low, !isFull { entries.append(Entry(low: low, high: high, unit: unit)) }
  }

  mutating func sort() { entries.sort { $0.low < $1.low } }

  func unit(at address: UInt64) -> UInt64? {
    let low = entries.partitioningIndex { $0.low > address }
    guard low > 0, address < entries[low - 1].high else { return nil }
    return entries[low - 1].unit
  }

  /// Of a section `.debug_aranges`.
  init(_ section: ByteView) {
    read(section)
    sort()
  }

  /// What `.debug_aranges` of a file says: the offsets of the headers of units. Some compilers leave it out, and then it knows only
  /// the units of others. Source: DWARF 5, section 6.1.2.
  init(sectionOf file: MappedELF) {
    guard let section = file.elf.section(named: ".debug_aranges") else { return }
    if section.isCompressed {
      guard let bytes = PackedSection(section, of: file)?.unpacked(from: file) else { return }
      withExtendedLifetime(bytes) { read(ByteView(UnsafeRawBufferPointer(bytes.memory))) }
    } else if let content = file.content(of: section) {
      read(content)
    }
    sort()
  }

  private mutating func read(_ section: ByteView) {
    var offset: UInt64 = 0
    // 64-bit DWARF, and what is no table of 8-byte addresses, is passed over.
    while !isFull, let length: UInt32 = section.integer(at: offset), length < 0xffff_fff0,
      let table = section.slice(at: offset, count: UInt64(length) + 4)
    {
      offset += table.count
      guard table.integer(at: 4, as: UInt16.self) == 2, let unit: UInt32 = table.integer(at: 6),
        table.integer(at: 10, as: UInt8.self) == 8, table.integer(at: 11, as: UInt8.self) == 0
      else { continue }
      var position: UInt64 = 16
      while let low: UInt64 = table.integer(at: position), let size: UInt64 = table.integer(at: position + 8),
        low != 0 || size != 0
      {
        let (high, overflow) = low.addingReportingOverflow(size)
        if !overflow { add(low: low, high: high, unit: UInt64(unit)) }
        position += 16
      }
    }
  }
}
