// Provides the dynamic linker's list of loaded objects.

/// The dynamic linker's list of loaded objects: stream 0x4767000a.
///
/// Three layouts exist: 32-bit words; 64-bit words with the padding that C gives the structure (Breakpad); 64-bit words
/// without (Rust's writer, sentry-native). All are read; of the 64-bit ones the last is written.
public struct MinidumpDSODebug: Hashable, Sendable {
  /// An entry of the `link_map` list.
  public struct Entry: Hashable, Sendable {
    /// The difference between addresses in the file and in memory: `l_addr`.
    public var loadBias: UInt64
    /// Empty for the main executable.
    public var name: String
    /// Address of the dynamic section: `l_ld`.
    public var dynamicSection: UInt64

    public init(loadBias: UInt64, name: String, dynamicSection: UInt64) {
      self.loadBias = loadBias
      self.name = name
      self.dynamicSection = dynamicSection
    }
  }
  /// `r_version`.
  public var version: UInt32
  /// `r_brk`: where the dynamic linker tells a debugger of changes.
  public var breakpoint: UInt64
  /// `r_ldbase`: where the dynamic linker itself lies.
  public var linkerBase: UInt64
  /// Address of the executable's dynamic section.
  public var dynamicSection: UInt64
  /// The bytes of the executable's dynamic section.
  public var dynamicSectionBytes: [UInt8]
  public var entries: [Entry]

  public init(
    version: UInt32 = 1, breakpoint: UInt64, linkerBase: UInt64, dynamicSection: UInt64,
    dynamicSectionBytes: [UInt8] = [], entries: [Entry]
  ) {
    self.version = version
    self.breakpoint = breakpoint
    self.linkerBase = linkerBase
    self.dynamicSection = dynamicSection
    self.dynamicSectionBytes = dynamicSectionBytes
    self.entries = entries
  }

  /// Where things lie.
  fileprivate struct Layout {
    let isWide: Bool
    let isPadded: Bool
    var width: Int { isWide ? 8 : 4 }
    /// Offset of the first address of the header.
    var addresses: Int { isPadded ? 16 : 12 }
    var headerSize: Int { addresses + 3 * width }
    var entrySize: Int { isWide ? (isPadded ? 24 : 20) : 12 }
    var entryDynamicSection: Int { isPadded ? 16 : width + 4 }
  }

  /// Whether addresses of the process have 64 bits.
  internal static func hasWideWords(_ architecture: MinidumpProcessorArchitecture?) -> Bool {
    switch architecture?.instructionSet {
    case .x86, .arm, .mips, .ppc, .sparc, .riscv: false
    default: true
    }
  }
}

extension MinidumpDSODebug {
  /// - Returns: bytes of the stream itself.
  internal func encode(into output: MinidumpEncoder, _ architecture: MinidumpProcessorArchitecture?) -> Int {
    let layout = Layout(isWide: Self.hasWideWords(architecture), isPadded: false)
    func put(_ value: UInt64, at offset: Int) {
      if layout.isWide {
        output.put(value, at: offset)
      } else {
        output.put(UInt32(truncatingIfNeeded: value), at: offset)
      }
    }
    let size = layout.headerSize + dynamicSectionBytes.count
    let record = output.reserve(size)
    output.put(version, at: record)
    output.put(UInt32(truncatingIfNeeded: entries.count), at: record + 8)
    put(breakpoint, at: record + layout.addresses)
    put(linkerBase, at: record + layout.addresses + layout.width)
    put(dynamicSection, at: record + layout.addresses + 2 * layout.width)
    output.put(dynamicSectionBytes, at: record + layout.headerSize)
    if entries.isEmpty { return size }
    let list = output.reserve(entries.count * layout.entrySize)
    output.putRVA(list, at: record + 4)
    for (index, entry) in entries.enumerated() {
      let place = list + index * layout.entrySize
      put(entry.loadBias, at: place)
      put(entry.dynamicSection, at: place + layout.entryDynamicSection)
      output.putRVA(output.appendUTF16(entry.name), at: place + layout.width)
    }
    return size
  }
}

extension MinidumpReader {
  internal func decodeDSODebug() -> MinidumpDSODebug? {
    guard let record = stream(.linuxDSODebug, minimum: 24) else { return nil }
    // `r_version` is 1 or 2; a hand-made dump has other bytes here.
    guard record.u32(0) > 0, record.u32(0) < 256 else {
      note(.unknownLayout, .linuxDSODebug, "version", UInt64(record.u32(0)))
      return nil
    }
    let wide = MinidumpDSODebug.hasWideWords(systemInfo?.architecture)
    // Behind the count a padded header has zeros. An unpadded one has an address: its low half, which is never 0, or in a
    // big-endian dump its high half, with the low half behind it, where a padded header has a high half.
    let startsWithZeros = record.u32(12) == 0 && (byteOrder == .little || record.u32(16) <= 0xffff)
    let layout = MinidumpDSODebug.Layout(isWide: wide, isPadded: wide && startsWithZeros)
    func word(_ record: MinidumpRecord, _ offset: Int) -> UInt64 {
      wide ? record.u64(offset) : UInt64(record.u32(offset))
    }
    let says = Int(record.u32(8))
    let map = Int(record.u32(4))
    // The list lies outside the stream.
    let room = file.fitting(layout.entrySize, from: map)
    let count = min(says, room)
    if count < says { note(.countTooLarge, .linuxDSODebug, "objects", UInt64(says)) }
    var entries: [MinidumpDSODebug.Entry] = []
    if charge(count &* MemoryLayout<MinidumpDSODebug.Entry>.stride &+ 32, .linuxDSODebug, "objects") {
      entries.reserveCapacity(count)
      for index in 0..<max(count, 0) {
        let entry = file.entry(index, of: layout.entrySize, from: map)
        let name = Int(entry.u32(layout.width))
        entries.append(
          MinidumpDSODebug.Entry(
            loadBias: word(entry, 0),
            name: name == 0 ? "" : utf16(at: UInt64(name), .linuxDSODebug, "name", index: index) ?? "",
            dynamicSection: word(entry, layout.entryDynamicSection)))
        if isExhausted { break }
      }
    }
    return MinidumpDSODebug(
      version: record.u32(0), breakpoint: word(record, layout.addresses),
      linkerBase: word(record, layout.addresses &+ layout.width),
      dynamicSection: word(record, layout.addresses &+ layout.width &* 2),
      dynamicSectionBytes: copy(record.part(layout.headerSize), .linuxDSODebug, "dynamic section") ?? [],
      entries: entries)
  }
}
