// Provides tables of functions that were made at run time: the FunctionTable stream.

/// A table of functions that were made at run time, such as by a just-in-time compiler: a descriptor of stream 13, which
/// Windows writes.
public struct MinidumpFunctionTable: Hashable, Sendable {
  public var minimumAddress: UInt64
  public var maximumAddress: UInt64
  public var base: UInt64
  /// The descriptor that the operating system itself keeps; its layout depends on version and CPU. The same size in all
  /// tables of a dump: shorter ones are written with zeros behind them.
  public var nativeDescriptor: [UInt8]
  /// Bytes of an entry, the same in all tables of a dump; 12 on AMD64.
  public var entrySize: UInt32
  /// The entries, one behind the other; on AMD64 `RUNTIME_FUNCTION`: start, end and unwind information relative to `base`.
  public var entries: [UInt8]

  public init(
    minimumAddress: UInt64, maximumAddress: UInt64, base: UInt64, nativeDescriptor: [UInt8] = [],
    entrySize: UInt32 = 12, entries: [UInt8] = []
  ) {
    self.minimumAddress = minimumAddress
    self.maximumAddress = maximumAddress
    self.base = base
    self.nativeDescriptor = nativeDescriptor
    self.entrySize = entrySize
    self.entries = entries
  }

  /// Whole entries.
  public var entryCount: Int { entrySize == 0 ? 0 : entries.count / Int(entrySize) }

  internal static let headerSize = 24
  internal static let descriptorSize = 32
}

extension MinidumpFunctionTable {
  internal static func encode(_ tables: [MinidumpFunctionTable], into output: MinidumpEncoder) {
    let native = tables.reduce(0) { max($0, $1.nativeDescriptor.count) }
    let entrySize = tables.first?.entrySize ?? 12
    // Descriptors start at a multiple of 8 within the stream.
    func padding(_ size: Int) -> Int { (8 - size % 8) % 8 }
    let size = tables.reduce(headerSize) {
      let table = descriptorSize + native + $1.entries.count
      return $0 + table + padding(table)
    }
    let stream = output.reserve(size)
    output.put(UInt32(headerSize), at: stream)
    output.put(UInt32(descriptorSize), at: stream + 4)
    output.put(UInt32(truncatingIfNeeded: native), at: stream + 8)
    output.put(entrySize, at: stream + 12)
    output.put(UInt32(truncatingIfNeeded: tables.count), at: stream + 16)
    var record = stream + headerSize
    for table in tables {
      let gap = padding(descriptorSize + native + table.entries.count)
      output.put(table.minimumAddress, at: record)
      output.put(table.maximumAddress, at: record + 8)
      output.put(table.base, at: record + 16)
      let count = entrySize == 0 ? 0 : table.entries.count / Int(entrySize)
      output.put(UInt32(truncatingIfNeeded: count), at: record + 24)
      output.put(UInt32(truncatingIfNeeded: gap), at: record + 28)
      output.put(table.nativeDescriptor, at: record + descriptorSize)
      output.put(table.entries, at: record + descriptorSize + native)
      record += descriptorSize + native + table.entries.count + gap
    }
  }
}

extension MinidumpReader {
  /// Descriptors, each with the native descriptor, the entries and a gap behind it.
  internal func decodeFunctionTables() -> [MinidumpFunctionTable]? {
    guard let record = stream(.functionTable, minimum: MinidumpFunctionTable.headerSize) else { return nil }
    let header = Int(record.u32(0))
    let (descriptor, native, entrySize) = (Int(record.u32(4)), Int(record.u32(8)), Int(record.u32(12)))
    guard header >= MinidumpFunctionTable.headerSize, header <= record.count,
      descriptor >= MinidumpFunctionTable.descriptorSize
    else {
      note(.unknownLayout, .functionTable, "descriptor", UInt64(descriptor))
      return nil
    }
    let says = Int(record.u32(16))
    var tables: [MinidumpFunctionTable] = []
    var position = header &+ Int(record.u32(20))
    while tables.count < says, position <= record.count &- descriptor {
      let part = record.part(position, count: descriptor)
      position &+= descriptor
      let (count, gap) = (Int(part.u32(24)), Int(part.u32(28)))
      let (wanted, overflow) = count.multipliedReportingOverflow(by: entrySize)
      let entries = record.part(position &+ native, count: overflow ? .max : wanted)
      // The bytes are of this stream and follow each other: they are never counted twice.
      let system = record.part(position, count: native)
      let size = MemoryLayout<MinidumpFunctionTable>.stride &* 2 &+ 64 &+ entries.count &+ system.count
      guard charge(size, .functionTable, "table", index: tables.count) else { break }
      tables.append(
        MinidumpFunctionTable(
          minimumAddress: part.u64(0), maximumAddress: part.u64(8), base: part.u64(16),
          nativeDescriptor: system.copied(), entrySize: record.u32(12), entries: entries.copied()))
      if overflow || entries.count < wanted {
        note(.countTooLarge, .functionTable, "entries", UInt64(count), index: tables.count &- 1)
        break
      }
      position &+= native &+ wanted &+ gap
    }
    if tables.count < says { note(.countTooLarge, .functionTable, "tables", UInt64(says)) }
    return tables
  }
}
