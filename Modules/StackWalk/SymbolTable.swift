// Provides names by address out of the symbol tables of an ELF file.
internal import ELFImage
import StableOrder

/// The functions of one file, ordered by address.
struct SymbolTable {
  struct Symbol {
    /// Of the link.
    let address: UInt64
    let size: UInt64
    /// Where the name starts, in the file.
    let name: UInt64
    /// 0 local, 1 global, 2 weak.
    let binding: UInt8
  }

  /// What was found for an address.
  struct Match {
    let name: String
    /// From the start of the symbol.
    let offset: UInt64
    /// Whether the symbol's size reaches the address.
    let covers: Bool
  }

  private let file: MappedELF
  private(set) var symbols: [Symbol] = []

  /// More symbols than this of one table are not read.
  static let limit: UInt64 = 4_000_000

  /// How far a symbol without a size goes. Assembly has such, and so have marks of the linker at the end of everything.
  private static let reach: UInt64 = 1 << 14

  /// Reads `.symtab` and `.dynsym`.
  init(_ file: MappedELF) {
    self.file = file
    let sections = file.elf.sections
    for section in sections {
      guard section.type == ELFSection.symbolTable || section.type == ELFSection.dynamicSymbols,
        Int(section.link) < sections.count, !section.isCompressed
      else { continue }
      append(section, strings: sections[Int(section.link)])
    }
    // Of two at the same address the one with a size, then the global one: aliases are rarely what people call it.
    symbols.sort { left, right in
      if left.address != right.address { return left.address < right.address }
      if (left.size != 0) != (right.size != 0) { return left.size != 0 }
      return Self.rank(left.binding) < Self.rank(right.binding)
    }
  }

  private static func rank(_ binding: UInt8) -> Int { binding == 1 ? 0 : binding == 2 ? 1 : 2 }

  private mutating func append(_ section: ELFSection, strings: ELFSection) {
    let is64Bit = file.elf.header.is64Bit
    let entrySize: UInt64 = is64Bit ? 24 : 16
    guard section.entrySize == entrySize, let table = file.content(of: section)?.bytes, let start = table.baseAddress
    else { return }
    let count = min(UInt64(table.count) / entrySize, Self.limit)
    symbols.reserveCapacity(symbols.count + Int(count))
    for index in 0..<Int(count) {
      // SAFETY: `count` whole entries lie in the table.
      let entry = start + index * Int(entrySize)
      func field<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T {
        T(littleEndian: entry.loadUnaligned(fromByteOffset: offset, as: type))
      }
      let info = field(is64Bit ? 4 : 12, UInt8.self)
      // STT_NOTYPE is what assembly without .type gives, STT_FUNC and STT_GNU_IFUNC are functions.
      let type = info & 15
      let name = field(0, UInt32.self)
      guard type == 2 || type == 10 || type == 0, field(is64Bit ? 6 : 14, UInt16.self) != 0, name != 0,
        name < strings.size
      else { continue }
      symbols.append(
        Symbol(
          address: is64Bit ? field(8, UInt64.self) : UInt64(field(4, UInt32.self)),
          size: is64Bit ? field(16, UInt64.self) : UInt64(field(8, UInt32.self)),
          name: strings.offset &+ UInt64(name), binding: info >> 4))
    }
  }

  /// The function that contains a link-time address, with its name as it stands in the file.
  func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    match(address).map { ($0.name, $0.offset) }
  }

  func match(_ address: UInt64) -> Match? {
    // Back over the candidates: nested symbols and those without a size hide the one that covers the address.
    var index = symbols.partitioningIndex { $0.address > address }
    var fallback: Symbol?
    var steps = 0
    while index > 0, steps < 64 {
      index -= 1
      steps += 1
      var symbol = symbols[index]
      let start = symbol.address
      // The best of those at one address is the first of them.
      while index > 0, symbols[index - 1].address == start {
        index -= 1
        symbol = symbols[index]
      }
      if symbol.size == 0 {
        if fallback == nil, steps == 1 { fallback = symbol }
      } else if address &- symbol.address < symbol.size {
        return match(symbol, address, covers: true)
      }
    }
    guard let fallback, address &- fallback.address < Self.reach else { return nil }
    return match(fallback, address, covers: false)
  }

  private func match(_ symbol: Symbol, _ address: UInt64, covers: Bool) -> Match? {
    guard let bytes = file.view.cString(at: symbol.name), !bytes.isEmpty else { return nil }
    return Match(name: String(decoding: bytes, as: UTF8.self), offset: address &- symbol.address, covers: covers)
  }
}
