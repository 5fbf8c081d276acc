// Provides the table by which a Huffman code is read.

/// Symbols by the next bits of a deflate stream, in two steps: codes that are longer than the first step go on in a table
/// behind it.
///
/// An entry is what the caller says of a symbol, a number from bit 16 on and below how many bits follow the code, to which
/// the table adds the length of the code: in bits 0 to 7 to those that follow, and by itself in bits 8 to 11.
/// Source: RFC 1951, section 3.2.2.
final class CodeTable {
  /// The entry stands for a byte.
  static let isLiteral: UInt32 = 1 << 31
  /// The entry stands for no number: the end of the block, a longer code, or nothing.
  static let isSpecial: UInt32 = 1 << 15
  static let isEnd: UInt32 = 1 << 14
  private static let isLonger: UInt32 = 1 << 13
  private static let longest = 15

  private let primaryBits: Int
  private let entries: UnsafeMutableBufferPointer<UInt32>

  /// - Parameter capacity: 2400 entries are enough for 288 symbols and 11 bits, 1100 for 32 symbols and 9 bits.
  init(primaryBits: Int, capacity: Int) {
    self.primaryBits = primaryBits
    entries = .allocate(capacity: max(capacity, 1 << primaryBits))
    entries.initialize(repeating: Self.isSpecial)
  }

  deinit { entries.deallocate() }

  /// What reads the entries; valid as long as the table lives and until it is built anew.
  struct Reader {
    fileprivate let entries: UnsafePointer<UInt32>
    fileprivate let mask: UInt64
    fileprivate let primaryBits: UInt64

    /// The entry of the code that the bits start with.
    @inline(__always) func look(_ bits: UInt64) -> UInt32 {
      let entry = entries[Int(truncatingIfNeeded: bits & mask)]
      guard entry & (CodeTable.isLonger | CodeTable.isLiteral) == CodeTable.isLonger else { return entry }
      let next = bits &>> primaryBits & ((1 &<< UInt64(entry & 15)) &- 1)
      return entries[Int(entry &>> 16) &+ Int(truncatingIfNeeded: next)]
    }
  }

  var reader: Reader? {
    entries.baseAddress.map {
      Reader(entries: UnsafePointer($0), mask: 1 << UInt64(primaryBits) - 1, primaryBits: UInt64(primaryBits))
    }
  }

  /// Makes the table of a code.
  ///
  /// - Parameters:
  ///   - lengths: of the codes of all symbols, 0 for those that do not occur, at most 15.
  ///   - meaning: the entry of a symbol without its code.
  /// - Returns: whether there is such a code: not more codes than fit, and not fewer, other than one of one bit or none.
  func build(_ lengths: ArraySlice<UInt8>, _ meaning: (Int) -> UInt32) -> Bool {
    var counts = [Int](repeating: 0, count: Self.longest + 1)
    for length in lengths { counts[Int(length & 15)] += 1 }
    let used = lengths.count - counts[0]
    counts[0] = 0
    var room = 1
    for length in 1...Self.longest {
      room = room * 2 - counts[length]
      if room < 0 { return false }
    }
    // A block without copies has no code for distances, one with a single distance has half a code.
    guard room == 0 || used == 0 || (used == 1 && counts[1] == 1) else { return false }
    var starts = [Int](repeating: 0, count: Self.longest + 2)
    for length in 1...Self.longest { starts[length + 1] = starts[length] + counts[length] }
    var symbols = [Int](repeating: 0, count: used)
    for (symbol, length) in lengths.enumerated() where length != 0 {
      symbols[starts[Int(length & 15)]] = symbol
      starts[Int(length & 15)] += 1
    }

    for index in 0..<(1 << primaryBits) { entries[index] = Self.isSpecial }
    var end = 1 << primaryBits
    var code = 0
    var next = 0
    var secondary = (prefix: -1, start: 0, bits: 0)
    for length in 1...Self.longest {
      var rest = counts[length]
      while rest > 0 {
        let reversed = Self.reversed(code, length)
        let entry = meaning(symbols[next])
        if length <= primaryBits {
          fill(0..<(1 << primaryBits), from: reversed, length, entry &+ UInt32(length) << 8 &+ UInt32(length))
        } else {
          let prefix = reversed & (1 << primaryBits - 1)
          if prefix != secondary.prefix {
            // As many bits as the codes that are left need that start with the same bits.
            var bits = length - primaryBits
            var free = 1 << bits - rest
            while free > 0, bits + primaryBits < Self.longest {
              bits += 1
              free = free * 2 - counts[bits + primaryBits]
            }
            guard end + 1 << bits <= entries.count else { return false }
            secondary = (prefix, end, bits)
            for index in end..<(end + 1 << bits) { entries[index] = Self.isSpecial }
            entries[prefix] = UInt32(end) << 16 | Self.isSpecial | Self.isLonger | UInt32(bits)
            end += 1 << bits
          }
          let range = secondary.start..<secondary.start + 1 << secondary.bits
          fill(
            range, from: reversed >> primaryBits, length - primaryBits, entry &+ UInt32(length) << 8 &+ UInt32(length))
        }
        code += 1
        next += 1
        rest -= 1
      }
      code <<= 1
    }
    return true
  }

  /// All places of a range whose index ends with the bits of a code.
  private func fill(_ range: Range<Int>, from first: Int, _ length: Int, _ entry: UInt32) {
    var index = range.lowerBound + first
    while index < range.upperBound {
      entries[index] = entry
      index += 1 << length
    }
  }

  /// Codes stand in the stream with their highest bit first.
  private static func reversed(_ code: Int, _ length: Int) -> Int {
    var result = 0
    for bit in 0..<length where code & 1 << bit != 0 { result |= 1 << (length - 1 - bit) }
    return result
  }
}
