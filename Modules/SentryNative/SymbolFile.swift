// Provides the functions that an ELF file on disk names, for a few addresses at a time.
import CLinuxShims
import LinuxSystem
import SentryClient
import StableOrder

/// The file of a module that is loaded into this process, with its symbol table (`.symtab`), as far as it was not
/// stripped.
///
/// It is read in pieces and not mapped: a file that is cut meanwhile must not end the program. Whatever is wrong with
/// it, there are no names then. Layout: elf(5), the 64-bit form.
internal struct SymbolFile {
  /// Bytes of a symbol table that are looked at: 2.8 million symbols.
  private static let tableLimit: UInt64 = 64 << 20
  private static let headerSize = 64
  private static let segmentSize = 56
  private static let sectionSize = 64
  private static let symbolSize = 24

  private let bias: UInt64
  private let symbols: Section
  private let texts: Section

  private struct Section {
    var offset: UInt64
    var size: UInt64
  }

  /// The functions in which addresses of a module lie that was loaded from `path` to `base`; without those that no
  /// symbol names.
  static func names(of addresses: [UInt], in path: FilePath, loadedAt base: UInt) -> [UInt: FunctionName] {
    guard let file = try? FileSystem.open(path, [.nonBlocking]), (try? file.status())?.kind == .regular else {
      return [:]
    }
    return SymbolFile(file, loadedAt: base)?.names(of: addresses, in: file) ?? [:]
  }

  /// `nil` when the file has no symbol table, or is not the one that was loaded.
  private init?(_ file: borrowing OwnedFileDescriptor, loadedAt base: UInt) {
    let header = Self.read(file, 0, Self.headerSize)
    guard header.count == Self.headerSize, header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]),
      header.number(54, 2) == Self.segmentSize, header.number(58, 2) == Self.sectionSize
    else { return nil }
    let segments = Self.read(file, header.number(32, 8), Int(header.number(56, 2)) * Self.segmentSize)
    var lowest = UInt64.max
    var start: (address: UInt64, size: UInt64)?
    for segment in stride(from: 0, to: segments.count, by: Self.segmentSize) where segments.number(segment, 4) == 1 {
      let address = segments.number(segment + 16, 8)
      lowest = min(lowest, address & ~4095)
      if segments.number(segment + 8, 8) == 0 { start = (address, segments.number(segment + 32, 8)) }
    }
    guard lowest != .max, let start else { return nil }
    bias = UInt64(base) &- lowest
    // The file may have been replaced since: its beginning, which says where everything is, must be what was loaded.
    let count = Int(min(start.size, 4096))
    let beginning = Self.read(file, 0, count)
    guard count >= Self.headerSize, beginning.count == count, beginning == Self.memory(bias &+ start.address, count)
    else { return nil }

    let sections = Self.read(file, header.number(40, 8), Int(header.number(60, 2)) * Self.sectionSize)
    func section(_ index: Int) -> Section? {
      let place = index * Self.sectionSize
      guard index > 0, place + Self.sectionSize <= sections.count else { return nil }
      return Section(offset: sections.number(place + 24, 8), size: sections.number(place + 32, 8))
    }
    var found: (symbols: Section, texts: Section)?
    for place in stride(from: 0, to: sections.count, by: Self.sectionSize) where sections.number(place + 4, 4) == 2 {
      if let symbols = section(place / Self.sectionSize), let texts = section(Int(sections.number(place + 40, 4))) {
        found = (symbols, texts)
      }
    }
    guard let found, found.symbols.size <= Self.tableLimit else { return nil }
    (symbols, texts) = found
  }

  private func names(of addresses: [UInt], in file: borrowing OwnedFileDescriptor) -> [UInt: FunctionName] {
    let wanted = addresses.map { UInt64($0) &- bias }.sorted()
    var best = [(name: UInt64, start: UInt64, size: UInt64)?](repeating: nil, count: wanted.count)
    var position: UInt64 = 0
    while position < symbols.size {
      let count = Int(min(symbols.size - position, UInt64(Self.symbolSize << 14)))
      let (offset, overflow) = symbols.offset.addingReportingOverflow(position)
      let table = overflow ? [] : Self.read(file, offset, count)
      if table.isEmpty { break }
      position += UInt64(table.count)
      table.withUnsafeBytes { table in
        for symbol in stride(from: 0, through: table.count - Self.symbolSize, by: Self.symbolSize) {
          // STT_FUNC of a section.
          guard table[symbol + 4] & 15 == 2, table.loadUnaligned(fromByteOffset: symbol + 6, as: UInt16.self) != 0
          else { continue }
          let start = table.loadUnaligned(fromByteOffset: symbol + 8, as: UInt64.self)
          let size = table.loadUnaligned(fromByteOffset: symbol + 16, as: UInt64.self)
          var index = wanted.partitioningIndex { $0 >= start }
          while index < wanted.count, wanted[index] - start < size {
            // Of two the narrower one.
            if best[index].map({ $0.size > size }) ?? true {
              best[index] = (UInt64(table.loadUnaligned(fromByteOffset: symbol, as: UInt32.self)), start, size)
            }
            index += 1
          }
        }
      }
    }
    var result: [UInt: FunctionName] = [:]
    for (address, symbol) in zip(wanted, best) {
      guard let symbol, let name = text(symbol.name, in: file) else { continue }
      result[UInt(address &+ bias)] = FunctionName(name: name, start: UInt(symbol.start &+ bias))
    }
    return result
  }

  private func text(_ position: UInt64, in file: borrowing OwnedFileDescriptor) -> String? {
    guard position > 0, position < texts.size else { return nil }
    for limit: UInt64 in [512, 65_536] {
      let (offset, overflow) = texts.offset.addingReportingOverflow(position)
      let bytes = overflow ? [] : Self.read(file, offset, Int(min(texts.size - position, limit)))
      if let end = bytes.firstIndex(of: 0) { return end == 0 ? nil : String(decoding: bytes[..<end], as: UTF8.self) }
    }
    return nil
  }

  /// As many bytes as there are, up to `count`.
  private static func read(_ file: borrowing OwnedFileDescriptor, _ offset: UInt64, _ count: Int) -> [UInt8] {
    guard count > 0, let offset = Int64(exactly: offset) else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let target = UnsafeMutableRawBufferPointer(buffer)
      while filled < count {
        let (place, overflow) = offset.addingReportingOverflow(Int64(filled))
        let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
        guard !overflow, let got = try? file.read(into: rest, at: place), got > 0 else { return }
        filled += got
      }
    }
  }

  /// Memory of this process, without a fault when it is gone; empty then.
  private static func memory(_ address: UInt64, _ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      var target = iovec(iov_base: buffer.baseAddress, iov_len: count)
      var source = iovec(iov_base: UnsafeMutableRawPointer(bitPattern: UInt(address)), iov_len: count)
      let got = process_vm_readv(getpid(), &target, 1, &source, 1, 0)
      if got == count { filled = count }
    }
  }
}

extension [UInt8] {
  /// A little-endian number; zero beyond the end.
  fileprivate func number(_ offset: Int, _ width: Int) -> UInt64 {
    if offset + width > count { return 0 }
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(self[offset + index]) << UInt64(index * 8) }
    return value
  }
}
