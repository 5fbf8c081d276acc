// Provides the reading of Breakpad's streams: dump thread, assertion, texts of Linux, the dynamic linker's list.

/// Which threads matter: stream 0x47670001.
public struct MinidumpBreakpadInfo: Hashable, Sendable {
  /// The thread that wrote the dump, when that is valid. Breakpad's own processor leaves it out of the threads.
  public let dumpThreadID: UInt32?
  /// The thread for which the dump was written, when that is valid.
  public let requestingThreadID: UInt32?
}

/// A failed assertion: stream 0x47670002.
public struct MinidumpAssertionInfo: Hashable, Sendable {
  public let expression: String
  public let function: String
  public let file: String
  public let line: UInt32
  /// 1 invalid parameter, 2 pure virtual call.
  public let kind: UInt32
}

/// The dynamic linker's list of loaded objects: stream 0x4767000a.
public struct MinidumpDSODebug: Hashable, Sendable {
  /// An entry of the `link_map` list.
  public struct Entry: Hashable, Sendable {
    /// The difference between addresses in the file and in memory.
    public let loadBias: UInt64
    public let name: String
    /// Address of the dynamic section.
    public let dynamicSection: UInt64
  }
  /// `r_version`.
  public let version: UInt32
  public let breakpoint: UInt64
  /// Where the dynamic linker itself lies.
  public let linkerBase: UInt64
  /// Address of the executable's dynamic section.
  public let dynamicSection: UInt64
  public let entries: [Entry]
}

extension MinidumpReader {
  internal func decodeBreakpadInfo() -> MinidumpBreakpadInfo? {
    guard let record = stream(.breakpadInfo, minimum: 12) else { return nil }
    let validity = record.u32(0)
    // Firefox on Windows of 2021 left all three fields uninitialised.
    guard validity <= 3 else {
      note(.unknownLayout, .breakpadInfo, "validity", UInt64(validity))
      return nil
    }
    return MinidumpBreakpadInfo(
      dumpThreadID: validity & 1 != 0 ? record.u32(4) : nil,
      requestingThreadID: validity & 2 != 0 ? record.u32(8) : nil)
  }

  internal func decodeAssertionInfo() -> MinidumpAssertionInfo? {
    guard let record = stream(.assertionInfo, minimum: 776) else { return nil }
    func text(_ offset: Int, _ field: String) -> String {
      fixedUTF16(record.part(offset, count: 256), .assertionInfo, field) ?? ""
    }
    return MinidumpAssertionInfo(
      expression: text(0, "expression"), function: text(256, "function"), file: text(512, "file"),
      line: record.u32(768), kind: record.u32(772))
  }

  /// Three layouts: 32-bit words; 64-bit words with the padding of C (Breakpad); 64-bit words without (rust).
  internal func decodeDSODebug() -> MinidumpDSODebug? {
    guard let record = stream(.linuxDSODebug, minimum: 24) else { return nil }
    // `r_version` is 1 or 2; a hand-made dump has other bytes here.
    guard record.u32(0) > 0, record.u32(0) < 256 else {
      note(.unknownLayout, .linuxDSODebug, "version", UInt64(record.u32(0)))
      return nil
    }
    let wide = hasWideWords
    // Behind the count a padded header has zeros, an unpadded one the low half of an address that is never 0.
    let padded = wide && record.u32(12) == 0
    let first = wide ? (padded ? 16 : 12) : 12
    func word(_ record: MinidumpRecord, _ offset: Int) -> UInt64 {
      wide ? record.u64(offset) : UInt64(record.u32(offset))
    }
    let width = wide ? 8 : 4
    let size = wide ? (padded ? 24 : 20) : 12
    let says = Int(record.u32(8))
    let map = Int(record.u32(4))
    // The list lies outside the stream.
    let room = map <= file.count ? (file.count - map) / size : 0
    let count = min(says, room)
    if count < says { note(.countTooLarge, .linuxDSODebug, "objects", UInt64(says)) }
    var entries: [MinidumpDSODebug.Entry] = []
    if charge(count * MemoryLayout<MinidumpDSODebug.Entry>.stride + 32, .linuxDSODebug, "objects") {
      for index in 0..<count {
        let entry = file.part(map + index * size, count: size)
        let name = Int(entry.u32(width))
        entries.append(
          MinidumpDSODebug.Entry(
            loadBias: word(entry, 0),
            name: name == 0 ? "" : utf16(at: UInt64(name), .linuxDSODebug, "name", index: index) ?? "",
            dynamicSection: word(entry, padded ? 16 : width + 4)))
        if isExhausted { break }
      }
    }
    return MinidumpDSODebug(
      version: record.u32(0), breakpoint: word(record, first), linkerBase: word(record, first + width),
      dynamicSection: word(record, first + width * 2), entries: entries)
  }

  /// Whether addresses of the process have 64 bits.
  private var hasWideWords: Bool {
    switch systemInfo?.architecture {
    case .x86, .arm, .mips, .ppc, .sparc: false
    default: true
    }
  }

  /// A text stream of Linux; invalid UTF-8 is repaired. Nothing is kept.
  public func text(of type: MinidumpStreamType) -> String? {
    streamBytes(type).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The parts of a stream whose parts are separated by NUL, without the empty ones at its end.
  public func parts(of type: MinidumpStreamType) -> [String]? {
    guard let bytes = streamBytes(type) else { return nil }
    var end = bytes.count
    while end > 0, bytes[end - 1] == 0 { end -= 1 }
    if end == 0 { return [] }
    var result: [String] = []
    var start = 0
    for position in 0...end where position == end || bytes[position] == 0 {
      result.append(String(decoding: bytes[start..<position], as: UTF8.self))
      start = position + 1
    }
    return result
  }

  /// The pairs of the auxiliary vector, up to and without `AT_NULL`.
  public func auxiliaryVector() -> [(type: UInt64, value: UInt64)]? {
    guard let location = location(of: .linuxAuxv), let record = stream(location) else { return nil }
    let wide = hasWideWords
    let size = wide ? 16 : 8
    var result: [(type: UInt64, value: UInt64)] = []
    var position = 0
    while position + size <= record.count {
      let type = wide ? record.u64(position) : UInt64(record.u32(position))
      if type == 0 { break }
      result.append((type, wide ? record.u64(position + 8) : UInt64(record.u32(position + 4))))
      position += size
    }
    return result
  }
}
