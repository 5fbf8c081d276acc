// Provides the unpacking of deflated data as far as somebody wants to read it.

/// One zlib stream, unpacked from its start to wherever a reader has come, and no further.
///
/// zlib itself takes twice as long, and libdw asks it for whole sections: that was half of the time of a walk. Whatever
/// the bytes are, nothing is read or written outside of both buffers, and each step makes output or ends. The checksum
/// behind the data is not looked at: who stops before the end cannot have it, and sections that are not packed have none.
///
/// Sources: RFC 1950, RFC 1951. Not thread safe.
final class Inflater {
  private let input: UnsafeRawBufferPointer
  private let output: UnsafeMutableRawBufferPointer
  /// Bytes of the output that are there.
  private(set) var produced = 0
  /// Whether the data is damaged; what was produced before stays.
  private(set) var failed = false

  private enum State: Equatable {
    case header
    case stored(rest: Int)
    case codes
    case end
  }
  private var state = State.header
  private var isLast = false
  private var bits = BitSource()
  private let literals = CodeTable(primaryBits: 11, capacity: 2400)
  private let distances = CodeTable(primaryBits: 9, capacity: 1100)

  /// - Parameter output: as large as what is unpacked; more is an error. It must live as long as the object.
  init?(zlib input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
    // Method 8, a window of at most 32 KiB, no dictionary, and a check of both bytes.
    guard input.count >= 2, !output.isEmpty, input[0] & 15 == 8, input[0] >> 4 <= 7, input[1] & 0x20 == 0,
      (UInt32(input[0]) << 8 | UInt32(input[1])) % 31 == 0
    else { return nil }
    self.input = input
    self.output = output
    bits.position = 2
  }

  /// Unpacks until `count` bytes are there or the data ends.
  ///
  /// - Returns: whether so many are there.
  func unpack(to count: Int) -> Bool {
    let target = min(count, output.count)
    while produced < target, !failed {
      let progressed =
        switch state {
        case .header: readHeader()
        case .stored(let rest): copyStored(rest)
        case .codes: decode(to: target)
        case .end: false
        }
      if !progressed { failed = true }
    }
    return produced >= count
  }

  private func readHeader() -> Bool {
    if isLast {
      state = .end
      return false
    }
    bits.fill(from: input)
    isLast = bits.take(1) == 1
    let kind = bits.take(2)
    switch kind {
    case 0:
      // Its length starts with a whole byte.
      bits.drop(bits.count & 7)
      bits.fill(from: input)
      let length = bits.take(16)
      guard bits.take(16) == ~length & 0xffff, bits.isWithin else { return false }
      state = .stored(rest: Int(length))
      return true
    case 1: return useFixedCodes()
    case 2: return readCodes()
    default: return false
    }
  }

  private func copyStored(_ rest: Int) -> Bool {
    let start = bits.giveBack()
    guard rest <= output.count - produced, rest <= input.count - start else { return false }
    UnsafeMutableRawBufferPointer(rebasing: output[produced..<produced + rest])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: input[start..<start + rest]))
    produced += rest
    bits.position = start + rest
    state = .header
    return true
  }

  private func useFixedCodes() -> Bool {
    let lengths = (0..<288).map { UInt8($0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8) }
    state = .codes
    return literals.build(lengths[...], Self.literal)
      && distances.build([UInt8](repeating: 5, count: 32)[...], Self.distance)
  }

  /// The order in which the lengths of the codes for lengths stand.
  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private func readCodes() -> Bool {
    bits.fill(from: input)
    let literalCount = Int(bits.take(5)) + 257
    let distanceCount = Int(bits.take(5)) + 1
    let lengthCount = Int(bits.take(4)) + 4
    guard literalCount <= 286, distanceCount <= 30 else { return false }
    var codeLengths = [UInt8](repeating: 0, count: 19)
    for index in Self.order.prefix(lengthCount) {
      bits.fill(from: input)
      codeLengths[index] = UInt8(truncatingIfNeeded: bits.take(3))
    }
    guard distances.build(codeLengths[...], { UInt32($0) << 16 }), let codes = distances.reader else { return false }
    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      bits.fill(from: input)
      let entry = codes.look(bits.buffer)
      guard bits.isWithin, entry & CodeTable.isSpecial == 0 else { return false }
      bits.drop(Int(entry & 0xff))
      switch entry >> 16 {
      case 16:
        guard let last = lengths.last else { return false }
        lengths += repeatElement(last, count: 3 + Int(bits.take(2)))
      case 17: lengths += repeatElement(0, count: 3 + Int(bits.take(3)))
      case 18: lengths += repeatElement(0, count: 11 + Int(bits.take(7)))
      case let length: lengths.append(UInt8(truncatingIfNeeded: length))
      }
    }
    // Every block has an end.
    guard lengths.count == literalCount + distanceCount, lengths[256] != 0 else { return false }
    state = .codes
    return literals.build(lengths[..<literalCount], Self.literal)
      && distances.build(lengths[literalCount...], Self.distance)
  }

  /// Bases and numbers of further bits of the lengths of copies, from symbol 257 on.
  private static let lengthBases: [UInt32] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let lengthBits: [UInt32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]

  private static func literal(_ symbol: Int) -> UInt32 {
    if symbol < 256 { return UInt32(symbol) << 16 | CodeTable.isLiteral }
    if symbol == 256 { return CodeTable.isSpecial | CodeTable.isEnd }
    let index = symbol - 257
    guard index < lengthBases.count else { return CodeTable.isSpecial }
    return lengthBases[index] << 16 | lengthBits[index]
  }

  private static func distance(_ symbol: Int) -> UInt32 {
    guard symbol < 30 else { return CodeTable.isSpecial }
    if symbol < 4 { return UInt32(symbol + 1) << 16 }
    let extra = UInt32(symbol) / 2 - 1
    return ((2 + UInt32(symbol) % 2) << extra + 1) << 16 | extra
  }

  /// The codes of one block, until `target` bytes are there or it ends.
  private func decode(to target: Int) -> Bool {
    guard let start = output.baseAddress, let literals = literals.reader, let distances = distances.reader else {
      return false
    }
    var bits = bits
    var produced = produced
    // Without what was made of bits behind the end of the input.
    var sound = produced
    defer {
      self.bits = bits
      self.produced = sound
    }
    let capacity = output.count
    while produced < target {
      bits.fill(from: input)
      guard bits.isWithin else { return false }
      sound = produced
      var entry = literals.look(bits.buffer)
      if entry & CodeTable.isLiteral != 0 {
        bits.drop(Int(entry & 0xff))
        start.storeBytes(of: UInt8(truncatingIfNeeded: entry >> 16), toByteOffset: produced, as: UInt8.self)
        produced &+= 1
        // 56 bits are enough for two codes; most are literals that come in runs.
        entry = literals.look(bits.buffer)
        guard entry & CodeTable.isLiteral != 0, produced < capacity else { continue }
        bits.drop(Int(entry & 0xff))
        start.storeBytes(of: UInt8(truncatingIfNeeded: entry >> 16), toByteOffset: produced, as: UInt8.self)
        produced &+= 1
        continue
      }
      if entry & CodeTable.isSpecial != 0 {
        guard entry & CodeTable.isEnd != 0 else { return false }
        bits.drop(Int(entry & 0xff))
        state = .header
        return bits.isWithin
      }
      let length = bits.value(of: entry)
      entry = distances.look(bits.buffer)
      guard entry & CodeTable.isSpecial == 0 else { return false }
      let distance = bits.value(of: entry)
      guard distance <= produced, length <= capacity &- produced else { return false }
      // Eight bytes at once where they do not overlap and leave room behind them.
      if distance >= 8, capacity &- produced >= 272 {
        var offset = produced
        let end = produced &+ length
        repeat {
          let word = start.loadUnaligned(fromByteOffset: offset &- distance, as: UInt64.self)
          start.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
          offset &+= 8
        } while offset < end
      } else {
        for offset in produced..<produced &+ length {
          let byte = start.load(fromByteOffset: offset &- distance, as: UInt8.self)
          start.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
      }
      produced &+= length
    }
    guard bits.isWithin else { return false }
    sound = produced
    return true
  }
}

/// The bits of the input, the lowest of each byte first.
private struct BitSource {
  var buffer: UInt64 = 0
  /// Bits of the buffer that count.
  var count = 0
  /// Of the next byte that is not in the buffer.
  var position = 0
  /// Bytes of zeros that stand for what is missing behind the end.
  private var missing = 0

  /// At least 56 bits.
  @inline(__always) mutating func fill(from input: UnsafeRawBufferPointer) {
    guard let start = input.baseAddress, input.count &- position >= 8 else { return fillSlowly(from: input) }
    buffer |= UInt64(littleEndian: start.loadUnaligned(fromByteOffset: position, as: UInt64.self)) &<< UInt64(count)
    position &+= (63 &- count) &>> 3
    count |= 56
  }

  @inline(never) private mutating func fillSlowly(from input: UnsafeRawBufferPointer) {
    while count < 56 {
      if position < input.count {
        buffer |= UInt64(input[position]) &<< UInt64(count)
        position &+= 1
      } else {
        missing &+= 1
      }
      count &+= 8
    }
  }

  /// Whether all bits that were taken were in the input.
  @inline(__always) var isWithin: Bool { missing == 0 || missing &* 8 <= count }

  @inline(__always) mutating func drop(_ number: Int) {
    buffer = buffer &>> UInt64(number)
    count &-= number
  }

  @inline(__always) mutating func take(_ number: Int) -> UInt32 {
    let value = UInt32(truncatingIfNeeded: buffer & ((1 &<< UInt64(number)) &- 1))
    drop(number)
    return value
  }

  /// Takes a code and its further bits.
  @inline(__always) mutating func value(of entry: UInt32) -> Int {
    let all = UInt64(entry & 0xff)
    let code = UInt64(entry &>> 8 & 15)
    let extra = (buffer & ((1 &<< all) &- 1)) &>> code
    drop(Int(all))
    return Int(entry &>> 16) &+ Int(extra)
  }

  /// Empties the buffer.
  ///
  /// - Returns: the position of the first whole byte that was not taken.
  mutating func giveBack() -> Int {
    let whole = max(count / 8 - missing, 0)
    buffer = 0
    count = 0
    missing = 0
    return max(position - whole, 0)
  }
}
