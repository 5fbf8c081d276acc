// Provides dynamic symbols by name, through the hash tables the loader uses.
internal import ProcessMemory

/// A symbol of the dynamic symbol table.
public struct ELFSymbol: Hashable, Sendable {
  /// In the process: the load bias is added.
  public let address: UInt64
  /// Bytes; 0 when unknown.
  public let size: UInt64
  /// `STT_…`: 1 object, 2 function, 6 thread-local, 10 indirect function.
  public let type: UInt8
  /// `STB_…`: 1 global, 2 weak.
  public let binding: UInt8
}

extension ELFImage {
  /// Steps along one hash chain. Real chains have a handful; a hostile one may be a circle.
  private static let chainLimit = 65536

  /// A defined global or weak symbol of type object or function by name, whatever its version.
  ///
  /// - Returns: `nil` when there is none, or the tables that lead to it are damaged.
  public func symbol(named name: String) -> ELFSymbol? {
    guard let section = try? dynamicSection(), let strings = stringTable(section),
      let symbols = section[ELFDynamicSection.symbolTable].flatMap(resolve)
    else { return nil }
    let wanted = Array(name.utf8)
    if let table = section[ELFDynamicSection.gnuHash].flatMap(resolve) {
      return gnuLookup(wanted, table: table, symbols: symbols, strings: strings)
    }
    if let table = section[ELFDynamicSection.hash].flatMap(resolve) {
      return systemVLookup(wanted, table: table, symbols: symbols, strings: strings)
    }
    return nil
  }

  private func word(_ address: UInt64) -> UInt32? { try? memory.readInteger(at: address) }

  /// Header {buckets, first hashed symbol, bloom words, shift}, bloom words of the class's width, buckets, hashes.
  private func gnuLookup(
    _ name: [UInt8], table: UInt64, symbols: UInt64, strings: AddressRange
  ) -> ELFSymbol? {
    guard let buckets = word(table), buckets > 0, let offset = word(table &+ 4), let bloom = word(table &+ 8) else {
      return nil
    }
    var hash: UInt32 = 5381
    for byte in name { hash = hash &* 33 &+ UInt32(byte) }
    let bucketTable = table &+ 16 &+ UInt64(bloom) * (is64Bit ? 8 : 4)
    let chainTable = bucketTable &+ UInt64(buckets) * 4
    guard var index = word(bucketTable &+ UInt64(hash % buckets) * 4), index >= offset else { return nil }
    for _ in 0..<Self.chainLimit {
      guard let entry = word(chainTable &+ UInt64(index - offset) * 4) else { return nil }
      if entry | 1 == hash | 1, let found = symbol(index, named: name, symbols: symbols, strings: strings) {
        return found
      }
      if entry & 1 == 1 || index == UInt32.max { return nil }
      index += 1
    }
    return nil
  }

  /// Header {buckets, chains}, buckets, chains.
  private func systemVLookup(
    _ name: [UInt8], table: UInt64, symbols: UInt64, strings: AddressRange
  ) -> ELFSymbol? {
    guard let buckets = word(table), buckets > 0 else { return nil }
    var hash: UInt32 = 0
    for byte in name {
      hash = (hash << 4) &+ UInt32(byte)
      hash ^= (hash >> 24) & 0xf0
      hash &= 0x0fff_ffff
    }
    let chainTable = table &+ 8 &+ UInt64(buckets) * 4
    guard var index = word(table &+ 8 &+ UInt64(hash % buckets) * 4) else { return nil }
    for _ in 0..<Self.chainLimit {
      if index == 0 { return nil }
      if let found = symbol(index, named: name, symbols: symbols, strings: strings) { return found }
      guard let next = word(chainTable &+ UInt64(index) * 4) else { return nil }
      index = next
    }
    return nil
  }

  private func symbol(
    _ index: UInt32, named name: [UInt8], symbols: UInt64, strings: AddressRange
  ) -> ELFSymbol? {
    let entrySize: UInt64 = is64Bit ? 24 : 16
    let bytes = memory.readAvailable(at: symbols &+ UInt64(index) * entrySize, count: Int(entrySize))
    guard bytes.count == Int(entrySize), let nameOffset: UInt32 = bytes.littleEndian(at: 0),
      let section: UInt16 = bytes.littleEndian(at: is64Bit ? 6 : 14)
    else { return nil }
    let info = bytes[is64Bit ? 4 : 12]
    let type = info & 15
    let binding = info >> 4
    // Not undefined (0) and not common (0xfff2).
    guard section != 0, section != 0xfff2, binding == 1 || binding == 2, type == 1 || type == 2,
      string(at: UInt64(nameOffset), in: strings) == name
    else { return nil }
    let value: UInt64
    let size: UInt64
    if is64Bit {
      value = bytes.littleEndian(at: 8) ?? 0
      size = bytes.littleEndian(at: 16) ?? 0
    } else {
      value = UInt64(bytes.littleEndian(UInt32.self, at: 4) ?? 0)
      size = UInt64(bytes.littleEndian(UInt32.self, at: 8) ?? 0)
    }
    let absolute = section == 0xfff1
    return ELFSymbol(address: absolute ? value : value &+ loadBias, size: size, type: type, binding: binding)
  }
}
