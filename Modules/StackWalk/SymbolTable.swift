// Provides names by address out of the symbol tables of an ELF file.

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

  private let view: ByteView
  private(set) var symbols: [Symbol]

  /// More symbols than this of one table are not read.
  static let limit: UInt64 = 4_000_000

  /// How far a symbol without a size goes. Assembly has such, and so have marks of the linker at the end of everything.
  private static let reach: UInt64 = 1 << 14

  /// Reads `.symtab` and `.dynsym`.
  init(_ view: ByteView) {
    self.view = view
    symbols = []
    let sections = SectionTable.read(view)
    for section in sections {
      guard section.type == FileSection.symbolTable || section.type == FileSection.dynamicSymbols,
        section.entrySize == 24, Int(section.link) < sections.count, !section.isCompressed
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

  private mutating func append(_ section: FileSection, strings: FileSection) {
    guard let table = view.slice(at: section.offset, count: section.size) else { return }
    let count = min(table.count / 24, Self.limit)
    symbols.reserveCapacity(symbols.count + Int(count / 2))
    for index in 0..<count {
      let at = index * 24
      guard let name: UInt32 = table.integer(at: at), let info: UInt8 = table.integer(at: at + 4),
        let section: UInt16 = table.integer(at: at + 6), let address: UInt64 = table.integer(at: at + 8),
        let size: UInt64 = table.integer(at: at + 16)
      else { return }
      // STT_NOTYPE is what assembly without .type gives, STT_FUNC and STT_GNU_IFUNC are functions.
      let type = info & 15
      guard type == 2 || type == 10 || type == 0, section != 0, name != 0, name < strings.size else { continue }
      symbols.append(
        Symbol(address: address, size: size, name: strings.offset &+ UInt64(name), binding: info >> 4))
    }
  }

  /// The function that contains a link-time address, with its name as it stands in the file.
  func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    var low = 0
    var high = symbols.count
    while low < high {
      let middle = low + (high - low) / 2
      if symbols[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    // Back over the candidates: nested symbols and those without a size hide the one that covers the address.
    var index = low
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
        return name(of: symbol).map { ($0, address &- symbol.address) }
      }
    }
    guard let fallback, address &- fallback.address < Self.reach else { return nil }
    return name(of: fallback).map { ($0, address &- fallback.address) }
  }

  private func name(of symbol: Symbol) -> String? {
    guard let bytes = view.cString(at: symbol.name), !bytes.isEmpty else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
