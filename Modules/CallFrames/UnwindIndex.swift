// Provides the sorted table of .eh_frame_hdr: from an address to its frame description.
package import ProcessMemory

/// Where the frame descriptions of one module are. All addresses are those of the process.
package struct UnwindIndex {
  /// Of `.eh_frame_hdr`; the table counts from it.
  package let header: UInt64
  /// Of the first entry: two signed 32-bit numbers, function and frame description, relative to `header`.
  package let table: UInt64
  package let count: UInt64

  /// More entries than this are not believed.
  static let limit: UInt64 = 16_000_000

  /// Reads the header: LSB specification, section 10.6.2.
  ///
  /// - Returns: `nil` when there is no table in the one form that linkers write.
  package init?(header: UInt64, size: UInt64, memory: some MemoryReader) {
    guard let bytes = try? memory.readBytes(at: header, count: 4), bytes[0] == 1, bytes[3] == 0x3b else { return nil }
    let tail = memory.readAvailable(at: header &+ 4, count: 32)
    var cursor = RecordCursor(bytes: tail, address: header &+ 4)
    guard cursor.pointer(bytes[1], dataBase: header, memory: memory) != nil,
      let count = cursor.pointer(bytes[2], dataBase: header, memory: memory)
    else { return nil }
    let start = UInt64(4 + cursor.position)
    guard size > start else { return nil }
    self.header = header
    self.table = header &+ start
    self.count = min(count, (size - start) / 8, Self.limit)
    if self.count == 0 { return nil }
  }

  /// The address of the frame description that should cover `address`; the description itself says whether it does.
  package func frameDescription(for address: UInt64, memory: some MemoryReader) -> UInt64? {
    guard let wanted = Int32(exactly: Int64(bitPattern: address &- header)) else { return nil }
    var low: UInt64 = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      guard let start = try? memory.readInteger(at: table &+ middle &* 8, as: Int32.self) else { return nil }
      if start <= wanted { low = middle + 1 } else { high = middle }
    }
    guard low > 0, let offset = try? memory.readInteger(at: table &+ (low - 1) &* 8 &+ 4, as: Int32.self) else {
      return nil
    }
    return header &+ UInt64(bitPattern: Int64(offset))
  }
}
