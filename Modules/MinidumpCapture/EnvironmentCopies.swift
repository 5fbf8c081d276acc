// Provides the search for copies of the environment in memory that goes into a dump.

/// Finds what a program copied out of its environment: `getenv(3)` and a string of the program's own, which is where secrets
/// are when they are used. A copy is a value's bytes and the zero behind them, as C, C++ and Swift keep strings.
struct EnvironmentCopies {
  /// Bytes; shorter values are words like `production`, or numbers, which are everywhere and tell nothing.
  private static let shortest = 8
  /// Bytes of a value that are compared at most, and bytes of all values together.
  private static let longest = 4096
  private static let limit = 256 << 10
  private static let most = 4096

  /// Bytes that are compared at most, for a whole dump: an environment, and memory that is like it everywhere, are a crashed
  /// process's to arrange. What is left then is not looked at.
  private var budget = 200_000_000

  private struct Value {
    /// Its first byte in `texts`.
    let start: Int
    let count: Int
  }

  private let texts: [UInt8]
  private let values: [Value]
  /// By the first two bytes of a value: whether there is one.
  private let beginnings: [UInt64]
  /// By four bytes that follow each other in the first seven of a value, hashed: whether there are such. One of the four
  /// places where they can begin is a multiple of four in memory, so most memory is passed over with a look at this alone.
  private let words: [UInt64]

  /// - Parameter environment: `NAME=value` strings, each with a zero behind it.
  init(_ environment: [UInt8]) {
    let texts = environment.count > Self.limit ? Array(environment.prefix(Self.limit)) : environment
    var values: [Value] = []
    values.reserveCapacity(64)
    var beginnings = [UInt64](repeating: 0, count: 1024)
    var words = [UInt64](repeating: 0, count: 1024)
    var next = 0
    while next < texts.count, values.count < Self.most {
      let end = texts[next...].firstIndex(of: 0) ?? texts.count
      let sign = texts[next..<end].firstIndex(of: UInt8(ascii: "="))
      next = end + 1
      guard let sign else { continue }
      let value = Value(start: sign + 1, count: min(end - sign - 1, Self.longest))
      if value.count < Self.shortest { continue }
      let key = Int(texts[value.start]) | Int(texts[value.start + 1]) << 8
      beginnings[key >> 6] |= 1 << UInt64(key & 63)
      for place in value.start..<(value.start + 4) {
        let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(texts[place + $1]) << UInt32(8 * $1) }
        words[Self.hash(word) >> 6] |= 1 << UInt64(Self.hash(word) & 63)
      }
      values.append(value)
    }
    self.texts = texts
    self.values = values
    self.beginnings = beginnings
    self.words = words
  }

  /// 16 bits of all that a word has.
  private static func hash(_ word: UInt32) -> Int { Int((word &* 0x9e37_79b1) >> 16) }

  var isEmpty: Bool { values.isEmpty }

  /// Overwrites copies by zeros. A value that is cut by an end of the buffer counts if eight bytes of it are there: what is
  /// on the other side may be in the dump as well.
  mutating func erase(in bytes: UnsafeMutableRawBufferPointer) {
    eraseEnd(of: bytes)
    if values.isEmpty { return }
    let count = bytes.count
    var start = 0
    words.withUnsafeBufferPointer { words in
      func mayHold(_ word: UInt32) -> Bool {
        let key = Self.hash(word)
        return words[key >> 6] & (1 << UInt64(key & 63)) != 0
      }
      var position = 0
      while position + 8 <= count, budget > 0 {
        let pair = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        // Values have no zeros in them, but much of memory is nothing else.
        if pair != 0 {
          let first = mayHold(UInt32(truncatingIfNeeded: pair))
          let second = mayHold(UInt32(truncatingIfNeeded: pair >> 32))
          if first { start = erase(around: position, from: start, in: bytes) }
          if second { start = erase(around: position + 4, from: start, in: bytes) }
        }
        position += 8
      }
      // Four more bytes may be the only whole word of a value.
      if position + 4 <= count, budget > 0 { start = erase(around: position, from: start, in: bytes) }
    }
  }

  /// Overwrites values that begin in the three bytes before an offset or there, but not before `start`.
  ///
  /// - Returns: where the next value can begin.
  private mutating func erase(around offset: Int, from start: Int, in bytes: UnsafeMutableRawBufferPointer) -> Int {
    var start = start
    for place in max(0, offset - 3)...offset where place >= start && place + Self.shortest <= bytes.count {
      let key = Int(bytes[place]) | Int(bytes[place + 1]) << 8
      guard beginnings[key >> 6] & (1 << UInt64(key & 63)) != 0, let value = value(at: place, in: bytes) else {
        continue
      }
      start = min(place + value, bytes.count)
      for index in place..<start { bytes[index] = 0 }
    }
    return start
  }

  /// The length of the value that stands at an offset.
  private mutating func value(at offset: Int, in bytes: UnsafeMutableRawBufferPointer) -> Int? {
    let left = bytes.count - offset
    var longest: Int?
    budget -= values.count
    for value in values where value.count > longest ?? 0 {
      if left > value.count, value.count < Self.longest, bytes[offset + value.count] != 0 { continue }
      if matches(value, from: 0, count: min(value.count, left), bytes, offset) { longest = value.count }
    }
    return longest
  }

  /// The end of a value whose beginning lies before the buffer: values have no zeros, so it ends at the first one.
  private mutating func eraseEnd(of bytes: UnsafeMutableRawBufferPointer) {
    var count = 0
    while count < bytes.count, count < Self.longest, bytes[count] != 0 { count += 1 }
    if count < Self.shortest || count == bytes.count { return }
    for value in values where value.count > count && budget > 0 {
      if matches(value, from: value.count - count, count: count, bytes, 0) {
        for index in 0..<count { bytes[index] = 0 }
        return
      }
    }
  }

  private mutating func matches(
    _ value: Value, from start: Int, count: Int, _ bytes: UnsafeMutableRawBufferPointer, _ offset: Int
  ) -> Bool {
    // From the end: values have beginnings in common, as paths do.
    var index = count - 1
    while index >= 0 {
      if texts[value.start + start + index] != bytes[offset + index] {
        budget -= count - index
        return false
      }
      index -= 1
    }
    budget -= count
    return true
  }
}
